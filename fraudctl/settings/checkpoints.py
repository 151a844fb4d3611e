"""Where checkpoints and savepoints live, if not in the home: a bucket, and how it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pipeline.settings.kinds import File, Text, Truth
from pipeline.settings.reading import settings

PLUG_INS: Final[Mapping[str, str]] = {"s3": "s3", "gs": "gcs"}
"""which locked jars Flink needs for the schemes of buckets"""
_BUCKET: Final = r"(s3|gs)://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*"
_ENDPOINT: Final = r"https?://[^/\s@]+"


@settings()
class Checkpoints:
    """A bucket. One stack has a prefix of it to itself."""

    url: Annotated[str, Text("s3://BUCKET/PREFIX or gs://BUCKET/PREFIX", _BUCKET)]
    """a bucket that is there, and a prefix that is this stack's alone"""
    endpoint: Annotated[str, Text("http[s]://HOST[:PORT]", _ENDPOINT)] | None = None
    """of a server that is not the cloud's own"""
    path_style: Annotated[bool, Truth()] = False
    """S3: whether the bucket stands in the path, as most other servers want it, not in the host"""
    region: Annotated[str, Text("a region", "[a-z0-9-]{2,40}")] = "us-east-1"
    """S3"""
    credentials_file: Annotated[Path, File()] | None = None
    """S3: ACCESS_KEY_ID:SECRET_ACCESS_KEY or as AWS tools have it; GCS: the key of a service account.
    Without one, the role of the machine."""

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def bucket(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def prefix(self) -> str:
        """Without slashes at its ends; empty for a whole bucket."""
        return urlsplit(self.url).path.strip("/")

    @property
    def root(self) -> str:
        """The URL without a slash at its end."""
        return self.url.rstrip("/")

    @property
    def plug_in(self) -> str:
        """The use of the locked jars that let Flink reach it."""
        return PLUG_INS[self.scheme]

    def as_document(self) -> dict[str, object]:
        """As a profile has it."""
        document = {name: value for name, value in vars(self).items() if value is not None}
        if self.credentials_file is not None:
            document["credentials_file"] = str(self.credentials_file)
        return document
