"""Decisions in Parquet files of a folder, for the tests of who writes and who reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit
from pipeline.records.quantities import Number
from pipeline.sinks.parquet.blobs import Folder
from pipeline.sinks.parquet.writer import ParquetSink
from tests import decisions

NOON = 1_764_072_000_000  # 2025-11-25T12:00Z
HIT = Hit("ip_burst", 60, "many")


def decided(
    offset: int,
    event_id: str | None = None,
    hits: Sequence[Hit] = (),
    features: Mapping[str, Any] | None = None,
    partition: int = 0,
    **said: Any,
) -> Delivery:
    """The transaction is of noon, where nothing else is said."""
    features = {"tx_5m": offset % 7, "mean": Number("12.25")} if features is None else features
    place = {"partition": partition, "offset": offset, "append_ms": NOON + offset, "features": features}
    return decisions.decided(event_id or f"e{partition}-{offset}", *hits, **{"time_ms": NOON} | place | said)


def open_sink(folder: Path) -> ParquetSink:
    return ParquetSink(Folder(folder))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.parquet")}


def rows(folder: Path) -> list[tuple[str, int]]:
    found = [
        pq.read_table(path).select(["event_id", "position"]).to_pylist() for path in folder.rglob("*.parquet")
    ]
    return sorted((row["event_id"], row["position"]) for table in found for row in table)
