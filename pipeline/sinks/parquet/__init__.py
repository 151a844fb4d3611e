"""Writes every decision with its point-in-time features to Parquet files for model training, by event date.
Effectively once: a repeat finds its event's position in its file and changes nothing; a greater one wins.

Files lie on a fixed grid (`pipeline.sinks.parquet.files`). An open cell's file is written anew, under the
same name, with every batch that adds to it. After a restart its earlier rows come from the file itself, not
from the log: the file holds at least every row whose offset was committed, because offsets are committed only
after it was published, whereas the log may no longer reach back to the cell's first offset. Each write names
the version of the file that it was made from, so a writer that was thought dead cannot put an older file over
a newer one: it is told that the file has changed, reads it and adds to that.

Within a file each event has one row, that of its greatest position. The same event may have rows in
several files (another cell, a compacted file); readers take the greatest position.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from pipeline.connections.aws import ROLE
from pipeline.connections.secrets import Secret
from pipeline.settings.kinds import Duration, File, Text, Whole
from pipeline.settings.reading import settings
from pipeline.sinks import Pace, Site
from pipeline.sinks.ageing import RetentionMs

if TYPE_CHECKING:
    from pipeline.sinks.parquet.writer import ParquetSink

NEEDS_SERVER: Final = False
_PLACE = "file:///folder or s3://bucket/prefix"


def address(site: Site) -> str:
    """Where the files lie: at the setting `url`, else in the stack's own folder."""
    return str(site.settings.get("url") or site.data.as_uri())


@settings({"retention_ms": "retention"})
class Settings(Pace):
    """What the Parquet sink can be told.

    A file is written whole, so few large batches are far cheaper than many small ones.
    """

    batch: Annotated[int, Whole(1, 1_000_000)] = 40_000
    """the most decisions in one write"""
    gather_ms: Annotated[int, Duration(1, 5_000)] = 500
    """how long a batch may gather"""
    retention_ms: RetentionMs | None = None
    """the files of a day are removed when all its events are older; without it none are"""
    url: Annotated[str, Text(_PLACE, r"file://(localhost)?/.*|s3://[^/@]+(/.*)?")] | None = None
    """where the files lie, if not in the home"""
    region: Annotated[str, Text()] | None = None
    """of an S3 bucket"""
    endpoint: Annotated[str, Text("a URL", r"https?://[^@\s]+")] | None = None
    """of an S3 service that is not AWS"""
    credentials_file: Annotated[Path, File()] | None = None
    """ACCESS_KEY_ID:SECRET_ACCESS_KEY, or a file as AWS tools have it"""

    role: Annotated[str, Text(*ROLE)] | None = None
    """a role that is assumed, by its ARN"""
    ca_file: Annotated[Path, File()] | None = None
    """PEM: the authorities of the endpoint's certificate, if not those of this machine"""

    @property
    def bucket(self) -> Mapping[str, object]:
        """How the bucket is reached, for `pipeline.sinks.parquet.blobs.connect`."""
        given: dict[str, object] = {"region": self.region, "endpoint": self.endpoint}
        given |= {"role": self.role, "ca_file": self.ca_file}
        return {name: value for name, value in given.items() if value is not None}


def connect(address: str, secret: Secret, settings: Settings) -> ParquetSink:
    """A sink for the folder or bucket at `address` (see `pipeline.sinks.parquet.blobs.connect`).

    Raises ValueError for an address or a credentials file of another form.
    """
    from pipeline.sinks.parquet import blobs
    from pipeline.sinks.parquet.writer import ParquetSink  # Arrow is more than most commands need

    return ParquetSink(blobs.connect(address, secret, settings.bucket), settings.retention_ms)
