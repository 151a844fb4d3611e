"""Small files of closed cells made few, in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.records.clock import DAY_MS
from pipeline.sinks.parquet.blobs import Folder
from pipeline.sinks.parquet.compaction import Compaction, compact
from pipeline.sinks.parquet.files import CELL, Cell, cell_name, cell_of
from pipeline.sinks.parquet.writer import ParquetSink
from tests.decisions import decided

TIME_MS = 1_764_000_000_123
CLOSED = 2 * CELL


@pytest.fixture
def store(tmp_path: Path) -> Folder:
    """Two closed cells and an open one, each with decisions of two days; one event is decided twice."""
    store = Folder(tmp_path)
    sink = ParquetSink(store)
    for cell in (0, CELL, CLOSED):
        days = [TIME_MS, TIME_MS + DAY_MS]
        sink.write([decided(f"e{cell}-{day}", offset=cell + n, time_ms=day) for n, day in enumerate(days)])
        sink.write([decided("again", offset=cell + 2, time_ms=TIME_MS)])
    sink.close()
    return store


def told(store: Folder, target_rows: int = 1_000) -> tuple[Compaction, list[tuple[int, int]]]:
    said: list[tuple[int, int]] = []
    done = compact(store, {0: CLOSED}, target_rows, lambda seen, count: said.append((seen, count)))
    return done, said


def test_the_closed_cells_of_each_day_become_one_file_and_the_open_one_stays(store: Folder) -> None:
    done, said = told(store)
    assert done == Compaction(removed=4, written=2, rows=5, superseded=1)
    assert said == [(2, 4), (4, 4)]
    names = sorted(store.names())
    assert [name.partition("/")[0] for name in names] == ["event_date=2025-11-24"] * 2 + [
        "event_date=2025-11-25"
    ] * 2
    kept = [name for name in names if "/cell-" in name]
    assert kept == [cell_name(Cell(0, CLOSED), f"2025-11-{day}") for day in (24, 25)]
    held = {entry.event_id: entry.position for entry in ParquetSink(store).entries()}
    assert held.keys() == {"again", *(f"e{c}-{TIME_MS + d}" for c in (0, CELL, CLOSED) for d in (0, DAY_MS))}


def test_compacting_again_changes_nothing(store: Folder) -> None:
    told(store)
    before = sorted(store.names())
    assert told(store) == (Compaction(), [])
    assert sorted(store.names()) == before


def test_results_are_added_up() -> None:
    assert Compaction(3, 1, 10, 2) + Compaction(2, 1, 7, 2) == Compaction(5, 2, 17, 4)


def test_a_cell_is_twenty_thousand_offsets() -> None:
    assert [cell_of(3, offset).first for offset in (0, 19_999, 20_000, 45_000)] == [0, 0, 20_000, 40_000]
    assert cell_of(3, 45_000) == Cell(3, 40_000)
    assert cell_of(3, 45_000).end == 60_000
