"""Named blobs in a folder (`file://`) or a bucket (`s3://`), each replaced whole or not at all.

Every blob has a tag that changes with its content. A write or a removal names the tag it believes to
replace and fails with `Changed` when the blob is another by now, so that two writers can never undo
each other's work. This module knows nothing of decisions.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from pipeline.connections import aws
from pipeline.connections.aws import Access
from pipeline.connections.secrets import Secret, text_of
from pipeline.connections.trouble import Trouble
from pipeline.disk import files

_MODE = 0o666  # less the umask: those who train models may be other users


class StoreDown(Exception):
    """The store cannot be reached or does not take anything at present; `trouble` where it is known why."""

    def __init__(self, message: str, trouble: Trouble | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble


class Changed(Exception):
    """The blob is not the version that was named."""


class Blob(NamedTuple):
    """What is stored under a name, and the tag of this version."""

    data: bytes
    tag: str


class Store(Protocol):
    """Every method may raise StoreDown. Safe for use by several threads and processes."""

    def names(self, prefix: str = "") -> Iterator[str]:
        """The names that begin so, in any order."""

    def read(self, name: str) -> Blob | None: ...

    def tag(self, name: str) -> str | None:
        """The tag of what is stored there now."""

    def write(self, name: str, data: Any, replaces: str | None) -> str:
        """Store bytes in place of the version of that tag (None: of nothing); the new tag. Raises Changed."""

    def remove(self, name: str, tag: str) -> None:
        """Raises Changed when another version is there; a name that is gone is no error."""


def connect(url: str, secret: Secret, settings: Mapping[str, Any]) -> Store:
    """The store at a `file:///folder` or `s3://bucket/prefix`; raises ValueError for anything else.

    For S3, `secret` is `ACCESS_KEY_ID:SECRET_ACCESS_KEY` or the text of a credentials file as AWS tools
    have it (without one, the usual chain of the environment applies), or the file that has it; settings:
    `endpoint`, `region`, `role`, `ca_file`.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return Bucket(parts.netloc, parts.path.strip("/"), secret, settings)
    raise ValueError(f"not a file:///folder or s3://bucket/prefix: {url!r}")


class Folder:
    """Blobs as files. A lock file makes comparing and replacing one step among processes.

    What is written is no more open to others than the root folder is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, prefix: str = "") -> Iterator[str]:
        if self._root.exists() and not self._root.is_dir():
            raise StoreDown(f"{self._root} is no folder")
        with _translated():
            found = [path for path in self._root.rglob("*.parquet") if not path.name.startswith(".")]
        names = (path.relative_to(self._root).as_posix() for path in found)
        return (name for name in names if name.startswith(prefix))

    def read(self, name: str) -> Blob | None:
        with _translated(), suppress(FileNotFoundError), (self._root / name).open("rb") as file:
            return Blob(file.read(), _file_tag(os.fstat(file.fileno())))
        return None

    def tag(self, name: str) -> str | None:
        with _translated(), suppress(FileNotFoundError):
            return _file_tag((self._root / name).stat())
        return None

    def write(self, name: str, data: Any, replaces: str | None) -> str:
        path = self._root / name
        with _translated():
            self._make(path.parent)
            with files.unfinished(path) as fresh:
                tag = _file_tag(files.fill(fresh, data, self._mode()))
                with self._locked(name, replaces):
                    fresh.replace(path)
            files.sync_folder(path.parent)
        return tag

    def remove(self, name: str, tag: str) -> None:
        if self.tag(name) is None:
            return
        with _translated(), self._locked(name, tag):
            (self._root / name).unlink()

    @contextmanager
    def _locked(self, name: str, tag: str | None) -> Iterator[None]:
        with (self._root / ".lock").open("w") as file:
            files.own(file.fileno(), self._root / ".lock")
            self._close(self._root / ".lock")
            fcntl.flock(file, fcntl.LOCK_EX)
            if self.tag(name) != tag:
                raise Changed(name)
            yield

    def _make(self, folder: Path) -> None:
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        for one in reversed(missing):
            files.make_folders(one, 0o777)
            if one != self._root and one.is_relative_to(self._root):
                self._close(one)

    def _mode(self) -> int:
        """What a new file may be open to: no more than the root folder is."""
        return _MODE & self._root.stat().st_mode

    def _close(self, path: Path) -> None:
        found = path.stat()
        mode, allowed = stat.S_IMODE(found.st_mode), self._root.stat().st_mode | 0o700
        if mode & ~allowed and found.st_uid == os.geteuid():
            path.chmod(mode & allowed)


class Bucket:
    """Blobs as S3 objects under a prefix; conditional requests do the comparing."""

    def __init__(self, bucket: str, prefix: str, secret: Secret, settings: Mapping[str, Any]) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        if (text := text_of(secret)) is not None:
            aws.keys_of(text)  # what is of another form is told at once
        ca_file = settings.get("ca_file")
        self._access = Access(secret, settings.get("role"), Path(ca_file) if ca_file else None)
        self._options: dict[str, Any] = {
            "endpoint_url": settings.get("endpoint"),
            "region_name": settings.get("region", "us-east-1"),
        }
        self._client: Any = None

    def names(self, prefix: str = "") -> Iterator[str]:
        found: list[str] = []
        with _s3_translated():
            pages = self._s3().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                found += [one["Key"][len(self._prefix) :] for one in page.get("Contents", ())]
        return (name for name in found if name.endswith(".parquet"))

    def read(self, name: str) -> Blob | None:
        with _s3_translated(absent_is_fine=True):
            answer = self._s3().get_object(**self._at(name))
            return Blob(answer["Body"].read(), answer["ETag"])
        return None

    def tag(self, name: str) -> str | None:
        with _s3_translated(absent_is_fine=True):
            return str(self._s3().head_object(**self._at(name))["ETag"])
        return None

    def write(self, name: str, data: Any, replaces: str | None) -> str:
        condition = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": replaces}
        with _s3_translated(name):
            # One PUT, never in parts: the object is replaced whole or stays.
            return str(self._s3().put_object(**self._at(name), Body=bytes(data), **condition)["ETag"])
        raise AssertionError("unreachable")

    def remove(self, name: str, tag: str) -> None:
        there = self.tag(name)
        if there is None:
            return
        if there != tag:
            raise Changed(name)
        self.drop(name, tag)

    @property
    def endpoint(self) -> str:
        """The URL that is asked."""
        with _s3_translated():
            return str(self._s3().meta.endpoint_url)
        raise AssertionError("unreachable")

    def drop(self, name: str, tag: str) -> None:
        """Remove it without a look before. Raises Changed when another version is there, or none."""
        with _s3_translated(name):
            self._s3().delete_object(**self._at(name), IfMatch=tag)

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    def _s3(self) -> Any:
        if self._client is None:
            from botocore.config import Config  # for a bucket alone; a folder does without

            config = Config(
                connect_timeout=5,
                read_timeout=30,
                signature_version="s3v4",
                retries={"max_attempts": 2, "mode": "standard"},
                max_pool_connections=16,
            )
            self._client = aws.client("s3", config, self._access, **self._options)
        return self._client


def _file_tag(found: os.stat_result) -> str:
    return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"


@contextmanager
def _translated() -> Iterator[None]:
    """FileNotFoundError is left to those who expect it; all others mean that the folder is not in order."""
    try:
        yield
    except OSError as error:
        raise StoreDown(str(error)) from error


@contextmanager
def _s3_translated(name: str = "", absent_is_fine: bool = False) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # as in `_s3`

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if absent_is_fine and code in ("NoSuchKey", "404", "NotFound"):
            return
        if name and code in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409"):
            raise Changed(name) from error
        raise StoreDown(str(error), aws.trouble_of(error)) from error
    except (BotoCoreError, OSError, ValueError) as error:
        raise StoreDown(str(error), aws.trouble_of(error)) from error
