"""A bucket of Google Cloud Storage, or of a server that speaks like it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from fraudctl.errors import Failed
from fraudctl.states.bucket import Object
from fraudctl.states.place import PlaceDown

if TYPE_CHECKING:
    from fraudctl.settings.checkpoints import Checkpoints

RIGHTS: Final = (
    "storage.objects.list",
    "storage.objects.get",
    "storage.objects.create",
    "storage.objects.delete",
)
"""what Flink, the keeper and commands need at the bucket"""
ROLE: Final = "roles/storage.objectUser"
"""the least of Google's own roles that has them all"""
_LOOK: Final = "try it with: fraudctl doctor --profile PROFILE"
_TIMEOUT_S: Final = 30.0


class Gcs:
    """The objects below the prefix of a place `gs://bucket/prefix`."""

    def __init__(self, place: Checkpoints) -> None:
        self.url, self._place = place.root, place
        self._prefix = f"{place.prefix}/" if place.prefix else ""
        self._made: Any = None

    def listed(self, below: str = "") -> Iterator[Object]:
        with self._told():
            asked = {"prefix": self._prefix + below, "timeout": _TIMEOUT_S}
            found = [self._object(blob) for blob in self._bucket.list_blobs(**asked)]
        return iter(found)

    def read(self, name: str) -> bytes | None:
        from google.api_core.exceptions import NotFound  # as in `_client`

        with self._told():
            try:
                blob = self._bucket.blob(self._prefix + name)
                return bytes(blob.download_as_bytes(timeout=_TIMEOUT_S))
            except NotFound:
                return None

    def remove(self, names: Sequence[str]) -> None:
        with self._told():
            blobs = [self._bucket.blob(self._prefix + name) for name in names]
            self._bucket.delete_blobs(blobs, on_error=lambda _: None, timeout=_TIMEOUT_S)

    def lacking(self) -> list[str]:
        """Those of `RIGHTS` that the bucket does not give us, by its own word."""
        with self._told():
            given = self._bucket.test_iam_permissions(list(RIGHTS), timeout=_TIMEOUT_S)
        return [right for right in RIGHTS if right not in given]

    @property
    def endpoint(self) -> str:
        """The URL that is asked."""
        return self._place.endpoint or "https://storage.googleapis.com"

    @property
    def _bucket(self) -> Any:
        if self._made is None:
            self._made = _client(self._place).bucket(self._place.bucket)
        return self._made

    def _object(self, blob: Any) -> Object:
        modified_ms = int(blob.updated.timestamp() * 1_000)
        return Object(str(blob.name)[len(self._prefix) :], int(blob.size), modified_ms)

    @contextmanager
    def _told(self) -> Iterator[None]:
        with _quiet():
            _storage()
            from google.api_core.exceptions import GoogleAPIError  # as in `_client`
            from google.auth.exceptions import GoogleAuthError
        try:
            yield
        except (GoogleAPIError, GoogleAuthError, OSError, ValueError) as error:
            raise PlaceDown(f"{self.url}: {error}", hint=_LOOK) from error


def _client(place: Checkpoints) -> Any:
    """As the service account of the file, else in the role of the machine; nobody at a server that is not
    Google's own, for it knows no accounts."""
    storage = _storage()
    options = {"api_endpoint": place.endpoint} if place.endpoint else None
    if place.credentials_file:
        return storage.Client.from_service_account_json(place.credentials_file, client_options=options)
    if place.endpoint:
        from google.auth.credentials import AnonymousCredentials  # as in `_storage`

        return storage.Client("fraudctl", AnonymousCredentials(), client_options=options)
    return storage.Client(client_options=options)


def _storage() -> Any:
    """Google's client, which is an extra. Failed where it is not installed."""
    try:
        with _quiet():
            from google.cloud import storage  # half a second, and not there for most
    except ImportError as error:
        hint = "install it: pip install 'fraudctl[gcs]'"
        raise Failed("gs:// needs Google's client of Cloud Storage", hint=hint, code="no_gcs") from error
    return storage


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the client says to developers of Pythons and gRPCs to come."""
    with warnings.catch_warnings():
        for kind in (FutureWarning, ImportWarning):
            warnings.simplefilter("ignore", kind)
        yield
