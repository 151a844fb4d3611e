"""A bucket of S3, or of a server that speaks like it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from fraudctl.states.bucket import Object
from fraudctl.states.place import PlaceDown
from pipeline.connections import aws
from pipeline.connections.aws import Access
from pipeline.connections.trouble import Trouble
from pipeline.records.clock import now_ms

if TYPE_CHECKING:
    from fraudctl.settings.checkpoints import Checkpoints

RIGHTS: Final = (
    "s3:ListBucket",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
)
"""what Flink, the keeper and commands need, the first of them at the bucket itself"""
_NOT_THERE: Final = "doctor-looks-whether-it-may"
_UNMET: Final = frozenset({"NoSuchKey", "NoSuchUpload", "PreconditionFailed", "404", "412", "NotFound"})
_AT_ONCE: Final = 1_000
"""the most that one request deletes"""
_GONE: Final = ("NoSuchKey", "404", "NotFound")
_MENDS: Final[Mapping[Trouble, str]] = {
    Trouble.PASSWORD: "see that checkpoints.credentials_file has the right keys",
    Trouble.PERMISSION: "give the rights that are printed by: fraudctl grants s3",
}


class S3:
    """The objects below the prefix of a place `s3://bucket/prefix`."""

    def __init__(self, place: Checkpoints) -> None:
        self.url, self._place = place.root, place
        self._prefix = f"{place.prefix}/" if place.prefix else ""
        self._made: Any = None

    def listed(self, below: str = "") -> Iterator[Object]:
        found: list[Object] = []
        with self._told():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._place.bucket, Prefix=self._prefix + below):
                ahead_ms = _ahead_ms(page["ResponseMetadata"]["HTTPHeaders"].get("date"))
                found += [self._object(one, ahead_ms) for one in page.get("Contents", ())]
        return iter(found)

    def read(self, name: str) -> bytes | None:
        with self._told(_GONE):
            answer = self._client.get_object(Bucket=self._place.bucket, Key=self._prefix + name)
            return bytes(answer["Body"].read())
        return None

    def remove(self, names: Sequence[str]) -> None:
        for first in range(0, len(names), _AT_ONCE):
            keys = [{"Key": self._prefix + name} for name in names[first : first + _AT_ONCE]]
            with self._told():
                wish = {"Objects": keys, "Quiet": True}
                answer = self._client.delete_objects(Bucket=self._place.bucket, Delete=wish)
            for failed in answer.get("Errors", ())[:1]:
                said = f"{failed.get('Key')}: {failed.get('Code')} {failed.get('Message', '')}".strip()
                raise PlaceDown(f"{self.url}: {said}", hint=_MENDS[Trouble.PERMISSION])

    def lacking(self) -> list[str]:
        """Those of `RIGHTS` that we have not; what is tried concerns a version that is not there."""
        client = self._client
        at = {"Bucket": self._place.bucket, "Key": self._prefix + _NOT_THERE}
        tries: dict[str, Callable[[], object]] = dict(
            zip(
                RIGHTS,
                (
                    lambda: client.list_objects_v2(Bucket=at["Bucket"], Prefix=at["Key"], MaxKeys=1),
                    lambda: client.get_object(**at),
                    lambda: client.put_object(**at, Body=b"", IfMatch='"0"'),
                    lambda: client.delete_object(**at, IfMatch='"0"'),
                    lambda: client.abort_multipart_upload(**at, UploadId="0"),
                ),
                strict=True,
            )
        )
        return [right for right, act in tries.items() if not self._may(act)]

    def _may(self, act: Callable[[], object]) -> bool:
        try:
            with self._told(_UNMET):
                act()
        except PlaceDown as down:
            if down.trouble is Trouble.PERMISSION:
                return False
            raise
        return True

    @property
    def endpoint(self) -> str:
        """The URL that is asked."""
        with self._told():
            return str(self._client.meta.endpoint_url)
        raise AssertionError("unreachable")

    @property
    def _client(self) -> Any:
        if self._made is None:
            from botocore.config import Config  # for a bucket alone; a folder does without

            config = Config(
                connect_timeout=5,
                read_timeout=30,
                signature_version="s3v4",
                retries={"max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path" if self._place.path_style else "auto"},
            )
            options = {"endpoint_url": self._place.endpoint, "region_name": self._place.region}
            self._made = aws.client("s3", config, Access(self._place.credentials_file), **options)
        return self._made

    def _object(self, one: Mapping[str, Any], ahead_ms: int) -> Object:
        written: datetime = one["LastModified"]
        modified_ms = int(written.timestamp() * 1_000) - ahead_ms
        return Object(one["Key"][len(self._prefix) :], one["Size"], modified_ms)

    @contextmanager
    def _told(self, fine: Collection[str] = ()) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError  # as in `_client`

        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in fine:
                return
            raise self._down(error) from error
        except (BotoCoreError, OSError, ValueError) as error:
            raise self._down(error) from error

    def _down(self, error: Exception) -> PlaceDown:
        trouble = aws.trouble_of(error)
        hint = _MENDS.get(trouble, "") if trouble else ""
        down = PlaceDown(
            f"{self.url}: {error}", hint=hint or "try it with: fraudctl doctor --profile PROFILE"
        )
        down.trouble = trouble
        return down


def _ahead_ms(date: str | None) -> int:
    """How far the bucket's clock is ahead of ours, at least: it tells the time by the second, so the true
    value lies within two seconds below. A time corrected by it is never later than it was."""
    if date is None:
        return 0
    return int(parsedate_to_datetime(date).timestamp() * 1_000) + 1_000 - now_ms()
