"""Parquet files for those who train models: few large ones made of many small, and decisions with labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from fraudctl.decisions import training
from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from fraudctl.settings import reading
from pipeline.records.clock import DAY_MS
from pipeline.records.decisions import Hit
from pipeline.records.label import Label
from pipeline.records.masking import Masks
from pipeline.records.quantities import Number
from pipeline.sinks import Outcome
from pipeline.sinks.parquet.blobs import Folder
from pipeline.sinks.parquet.compaction import Compaction
from pipeline.sinks.parquet.files import CELL
from pipeline.sinks.parquet.reader import Selection
from tests.contract.parquet_folder import HIT, NOON, decided, files, open_sink, rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


class TestCompaction:
    def test_closed_cells_become_one_file_and_open_ones_stay(self, folder: Path) -> None:
        sink = open_sink(folder)
        log = [decided(cell * CELL + n) for cell in range(4) for n in range(3)]
        sink.write(log)
        before = rows(folder)
        done = training.compact(Folder(folder), {0: 3 * CELL})
        assert done == Compaction(removed=3, written=1, rows=9, superseded=0)
        assert rows(folder) == before
        names = [name.split("/")[1].split("-")[0] for name in sorted(files(folder))]
        assert names == ["cell", "compacted"]
        assert training.compact(Folder(folder), {0: 3 * CELL}) == Compaction()
        assert sink.write([decided(3 * CELL + 3)]) == Outcome(written=1)

    def test_the_greatest_position_of_an_event_is_kept(self, folder: Path) -> None:
        older, newer = decided(1, "e"), decided(CELL + 1, "e", [HIT])
        open_sink(folder).write([newer, older, decided(2 * CELL, "f")])
        done = training.compact(Folder(folder), {0: 3 * CELL})
        assert (done.rows, done.superseded) == (2, 1)
        held = open_sink(folder).held("ada", "e")
        assert held is not None
        assert (held.position, held.decision) == (newer.position, "review")

    def test_a_rewound_sink_writes_compacted_rows_again_and_the_next_compaction_takes_them_out(
        self, folder: Path
    ) -> None:
        log = [decided(cell * CELL + n) for cell in range(3) for n in range(3)]
        open_sink(folder).write(log)
        training.compact(Folder(folder), {0: 3 * CELL})
        compacted = files(folder)
        open_sink(folder).write(log)
        assert len(rows(folder)) == 18
        training.compact(Folder(folder), {0: 3 * CELL})
        assert files(folder) == compacted

    def test_stopped_before_the_sources_are_removed_it_ends_the_same(self, folder: Path) -> None:
        class Stopped(Folder):
            def remove(self, name: str, tag: str) -> None:
                raise KeyboardInterrupt

        open_sink(folder).write([decided(cell * CELL) for cell in range(3)])
        with pytest.raises(KeyboardInterrupt):
            training.compact(Stopped(folder), {0: 3 * CELL})
        assert len(rows(folder)) == 6
        training.compact(Folder(folder), {0: 3 * CELL})
        assert len(rows(folder)) == 3
        assert len(files(folder)) == 1

    def test_a_source_written_to_meanwhile_is_not_removed(self, folder: Path) -> None:
        class Busy(Folder):
            def write(self, name: str, data: Any, replaces: str | None) -> str:
                tag = super().write(name, data, replaces)
                if "compacted" in name:
                    open_sink(folder).write([decided(1, "mended")])
                return tag

        open_sink(folder).write([decided(0), decided(CELL)])
        done = training.compact(Busy(folder), {0: 2 * CELL})
        assert done.removed == 1
        assert ("mended", 1 << 40 | 1) in rows(folder)

    def test_files_are_cut_at_the_wanted_number_of_rows(self, folder: Path) -> None:
        open_sink(folder).write([decided(cell * CELL + n) for cell in range(6) for n in range(2)])
        done = training.compact(Folder(folder), {0: 6 * CELL}, target_rows=4)
        assert (done.written, len(files(folder))) == (3, 3)

    def test_what_is_no_file_of_ours_stops_it_with_its_name(self, folder: Path) -> None:
        open_sink(folder).write([decided(0), decided(CELL)])
        path = next(folder.rglob("*.parquet"))
        path.write_text("gone")
        with pytest.raises(Failed, match=path.name):
            training.compact(Folder(folder), {0: 2 * CELL})


class TestTrainingSet:
    def test_each_event_once_with_its_newest_label(self, folder: Path, tmp_path: Path) -> None:
        log = [
            decided(0, "a"),
            decided(1, "b", features={"other": 1}),
            decided(2, "c", time_ms=NOON + DAY_MS),
            decided(CELL + 5, "a", [HIT]),  # decided again, in another cell
            decided(5, "z", partition=1),
            decided(2, "d", partition=1),
        ]
        open_sink(folder).write(log)
        labelled = {
            ("ada", "a"): Label("a", "ada", "fraud", "2025-11-26T00:00:00.000Z", by="analyst"),
            ("ada", "c"): Label("c", "ada", "legit", by="simulate", scenario="quiet"),
            ("ada", "nobody"): Label("nobody", "ada", "legit"),
        }
        made = training.training_set(Folder(folder), labelled, tmp_path / "t.parquet")
        assert (made.rows, made.labels, made.unmatched) == (2, {"fraud": 1, "legit": 1}, 1)
        table = pq.read_table(tmp_path / "t.parquet").to_pylist()
        found = {
            row["event_id"]: (row["position"], row["score"], row["label"], row["label_by"]) for row in table
        }
        assert found == {
            "a": (log[3].position, 60, "fraud", "analyst"),
            "c": (log[2].position, 0, "legit", "simulate"),
        }
        everything = training.training_set(
            Folder(folder), labelled, tmp_path / "t.parquet", Selection(unlabelled=True)
        )
        assert everything.labels == {"fraud": 1, "legit": 1, "none": 3}
        columns = pq.read_schema(tmp_path / "t.parquet").names
        assert {"number_other", "number_tx_5m", "label_scenario"} <= set(columns)
        late = training.training_set(
            Folder(folder), labelled, tmp_path / "t.parquet", Selection("2025-11-26")
        )
        assert late.labels == {"legit": 1}

    def test_what_is_masked_is_masked_in_it_and_a_masked_number_is_left_out(
        self, folder: Path, tmp_path: Path
    ) -> None:
        hit = Hit("burst", 60, "5 users from 203.0.113.9, ada@example.org among them")
        fields = {
            "ip": "203.0.113.9",
            "email": "ada@example.org",
            "lat": Number("52.5"),
            "lon": Number("13.4"),
        }
        open_sink(folder).write([decided(0, "a", [hit], **fields), decided(1, "b")])
        masks = Masks(frozenset({"ip", "email", "lat"}))
        training.training_set(
            Folder(folder), {}, tmp_path / "t.parquet", Selection(unlabelled=True, masks=masks)
        )
        rows = {row["event_id"]: row for row in pq.read_table(tmp_path / "t.parquet").to_pylist()}
        one = rows["a"]
        assert (one["ip"], one["lat"], one["lon"]) == ("***.9", None, 13.4)
        assert json.loads(one["extra"]) == {"email": "***rg"}
        assert one["reasons"][0]["text"] == "5 users from ***.9, ***rg among them"
        assert rows["b"]["ip"] is None
        whole = pq.read_table(next(folder.rglob("*.parquet"))).to_pylist()
        assert whole[0]["ip"] == "203.0.113.9"

    def test_of_rows_that_lie_twice_one_is_taken(self, folder: Path, tmp_path: Path) -> None:
        log = [decided(cell * CELL) for cell in range(3)]
        open_sink(folder).write(log)
        training.compact(Folder(folder), {0: 3 * CELL})
        open_sink(folder).write(log)
        made = training.training_set(Folder(folder), {}, tmp_path / "t.parquet", Selection(unlabelled=True))
        assert made.rows == 3

    def test_an_empty_store_gives_an_empty_set(self, folder: Path, tmp_path: Path) -> None:
        assert training.training_set(Folder(folder), {}, tmp_path / "t.parquet").rows == 0
        assert "label" in pq.read_schema(tmp_path / "t.parquet").names


def test_a_stack_without_the_sink_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no parquet sink"):
        training.store_of(Stack(tmp_path, reading.load("default"), {}))
