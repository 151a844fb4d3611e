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
from typing import TYPE_CHECKING, Any, Final

from pipeline.sinks import Site

if TYPE_CHECKING:
    from pipeline.sinks.parquet.writer import ParquetSink

NEEDS_SERVER: Final = False
DEFAULTS: Final = {"batch": 40_000, "gather": "500ms"}
"""A file is written whole, so few large batches are far cheaper than many small ones."""


def address(site: Site) -> str:
    """Where the files lie: at the setting `url`, else in the stack's own folder."""
    return str(site.settings.get("url") or site.data.as_uri())


def connect(address: str, secret: str | None, settings: Mapping[str, Any]) -> ParquetSink:
    """A sink for the folder or bucket at `address` (see `pipeline.sinks.parquet.blobs.connect`).

    Raises ValueError for an address or a credentials file of another form.
    """
    from pipeline.sinks.parquet import blobs
    from pipeline.sinks.parquet.writer import ParquetSink  # Arrow is more than most commands need

    return ParquetSink(blobs.connect(address, secret, settings))
