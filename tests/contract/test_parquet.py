"""The Parquet store: its grid of files, what a retry, a restart and a second writer do, and compaction."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudctl.decisions import training
from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from pipeline import sinks
from pipeline.connections import aws
from pipeline.records.decision_bytes import take_apart
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit
from pipeline.records.label import Label
from pipeline.records.masking import Masks
from pipeline.records.quantities import Number
from pipeline.sinks import Outcome, Unavailable
from pipeline.sinks.parquet import blobs
from pipeline.sinks.parquet.blobs import Bucket, Changed, Folder
from pipeline.sinks.parquet.compaction import Compaction
from pipeline.sinks.parquet.files import CELL
from pipeline.sinks.parquet.reader import Selection
from pipeline.sinks.parquet.writer import ParquetSink
from tests import decisions

DAY = 86_400_000
NOON = 1_764_072_000_000  # 2025-11-25T12:00Z
HIT = Hit("ip_burst", 60, "many")
CREDENTIALS = "[default]\naws_access_key_id = reader\naws_secret_access_key = s3cr/et+\n"
_buckets = count()


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def open_sink(folder: Path) -> ParquetSink:
    return ParquetSink(Folder(folder))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.parquet")}


def rows(folder: Path) -> list[tuple[str, int]]:
    found = [
        pq.read_table(path).select(["event_id", "position"]).to_pylist() for path in folder.rglob("*.parquet")
    ]
    return sorted((row["event_id"], row["position"]) for table in found for row in table)


class TestFiles:
    def test_a_file_holds_one_cell_of_one_event_date(self, folder: Path) -> None:
        batch = [
            decided(CELL - 1),
            decided(CELL),
            decided(CELL + 1, time_ms=NOON + DAY),
            decided(7, partition=3),
        ]
        assert open_sink(folder).write(batch) == Outcome(written=4)
        assert sorted(files(folder)) == [
            "event_date=2025-11-25/cell-p0000-o0000000000000000.parquet",
            f"event_date=2025-11-25/cell-p0000-o{CELL:016d}.parquet",
            "event_date=2025-11-25/cell-p0003-o0000000000000000.parquet",
            f"event_date=2025-11-26/cell-p0000-o{CELL:016d}.parquet",
        ]
        assert not list(folder.rglob("*.unfinished"))

    def test_a_row_holds_the_decision_in_typed_columns(self, folder: Path) -> None:
        features = {
            "n": 3,
            "age": 1 << 60,
            "mean": Number("12.300000000000001"),
            "city": "Türkiye",
            "seq": True,
        }
        one = decided(
            5, "e", [HIT], features, units=-(10**17) - 1, ip="1.2.3.4", lat=Number("52.5"), vip=True
        )
        open_sink(folder).write([one])
        [row] = pq.read_table(next(folder.rglob("*.parquet")), partitioning=None).to_pylist()
        wanted = {
            "schema_version": 1,
            "user_id": "ada",
            "event_id": "e",
            "ip": "1.2.3.4",
            "lat": 52.5,
            "lon": None,
            "currency": None,
            "extra": '{"vip":true}',
            "score": 60,
            "decision": "review",
            "reasons": [{"rule": "ip_burst", "points": 60, "text": "many"}],
            "late": False,
            "source_partition": 0,
            "source_offset": 5,
            "position": one.position,
            "number_n": 3.0,
            "number_age": float(1 << 60),
            "number_mean": 12.300000000000001,
            "text_city": "Türkiye",
            "flag_seq": True,
        }
        assert {name: row[name] for name in wanted} == wanted
        assert str(row["amount"]) == "-10000000000000.0001"
        assert (row["event_time"].isoformat(), row["decided_at"].timestamp() * 1000) == (
            "2025-11-25T12:00:00+00:00",
            one.append_ms,
        )

    def test_a_place_beyond_what_a_double_holds_exactly_is_kept_as_near_as_it_gets(
        self, folder: Path
    ) -> None:
        outcome = open_sink(folder).write([decided(1), decided(2, lat=Number(str(2**53 + 1)))])
        assert (outcome.written, outcome.refused) == (2, [])
        table = pq.read_table(next(folder.rglob("*.parquet")), partitioning=None)
        assert table["lat"].to_pylist() == [None, float(2**53 + 1)]

    def test_a_decision_without_its_place_in_the_log_is_refused_alone(self, folder: Path) -> None:
        sound, other = decided(1), decided(2)
        bad = other._replace(value=other.value.replace(b',"offset":2}', b"}"))
        outcome = open_sink(folder).write([sound, bad])
        assert (outcome.written, [one.delivery for one in outcome.refused]) == (1, [bad])

    def test_a_feature_of_two_kinds_is_two_columns(self, folder: Path) -> None:
        open_sink(folder).write([decided(n, features={"x": value}) for n, value in enumerate((1, "a", True))])
        table = pq.read_table(next(folder.rglob("*.parquet")), partitioning=None)
        found = {name: table[name].to_pylist() for name in ("number_x", "text_x", "flag_x")}
        expected = {"number_x": [1.0, None, None], "text_x": [None, "a", None], "flag_x": [None, None, True]}
        assert found == expected

    @settings(max_examples=40, deadline=None)
    @given(st.data())
    def test_however_batches_are_cut_and_repeated_the_bytes_are_the_same(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        kinds = st.sampled_from([{"a": 1}, {"b": "x"}, {"a": 2, "c": True}, {}])
        log = [
            decided(
                CELL - 6 + n,
                f"e{data.draw(st.integers(0, 6))}",
                features=data.draw(kinds),
                run=data.draw(st.integers(1, 2)),
                time_ms=NOON + DAY * data.draw(st.integers(0, 1)),
            )
            for n in range(12)
        ]
        at_once, in_pieces = (tmp_path_factory.mktemp(name) for name in ("whole", "pieces"))
        open_sink(at_once).write(log)
        sink, done = open_sink(in_pieces), 0
        while done < len(log):
            start, end = data.draw(st.integers(0, done)), data.draw(st.integers(done + 1, len(log)))
            outcome = sink.write(log[start:end])
            assert outcome.written + outcome.superseded == end - start
            done = end
            if data.draw(st.booleans()):  # killed and started again
                sink = open_sink(in_pieces)
        assert files(in_pieces) == files(at_once)

    def test_a_repeat_leaves_the_file_alone(self, folder: Path) -> None:
        open_sink(folder).write([decided(n) for n in range(9)])
        [path] = folder.rglob("*.parquet")
        before = path.stat()
        assert open_sink(folder).write([decided(n) for n in range(9)]) == Outcome(superseded=9)
        assert path.stat().st_ino == before.st_ino

    def test_a_writer_thought_dead_cannot_undo_what_its_successor_wrote(self, folder: Path) -> None:
        first, second = open_sink(folder), open_sink(folder)
        first.write([decided(0)])
        second.write([decided(1), decided(2)])
        assert first.write([decided(1), decided(3)]) == Outcome(written=1, superseded=1)
        assert [event for event, _ in rows(folder)] == ["e0-0", "e0-1", "e0-2", "e0-3"]

    def test_a_killed_write_leaves_the_older_file_whole(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sink = open_sink(folder)
        sink.write([decided(0)])
        before = files(folder)

        def full(self: Path, target: Path) -> Path:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as broken:
            broken.setattr(Path, "replace", full)
            with pytest.raises(Unavailable, match="No space left"):
                sink.write([decided(1)])
        assert files(folder) == before
        assert sink.write([decided(1)]) == Outcome(written=1)
        assert len(rows(folder)) == 2

    def test_a_damaged_file_is_not_now_and_names_the_file(self, folder: Path) -> None:
        sink = open_sink(folder)
        sink.write([decided(0)])
        [path] = folder.rglob("*.parquet")
        path.write_bytes(path.read_bytes()[:-9])
        again = open_sink(folder)
        with pytest.raises(Unavailable, match=r"cell-p0000-o0000000000000000\.parquet cannot be read"):
            again.write([decided(1)])
        with pytest.raises(Unavailable, match="cannot be read"):
            list(again.entries())

    def test_what_is_read_back_equals_what_is_expected(self, folder: Path) -> None:
        draw = random.Random(4)
        log = [
            decided(
                n,
                hits=[HIT] * (n % 2),
                time_ms=NOON + n,
                units=draw.randrange(-(10**18) + 1, 10**18) >> draw.randrange(60),
                features=draw.choice([{"a": 1, "t": "ü"}, {"a": Number("0.1"), "s": False}, {}]),
                lat=Number(repr(draw.uniform(-90, 90))),
                x=Number("1e3"),
                note="\N{SNOWMAN}",
            )
            for n in range(200)
        ]
        sink = open_sink(folder)
        sink.write(log)
        found = {entry.identity: entry for entry in sink.entries()}
        for one in log:
            expected = sink.expected(one, take_apart(one.value))
            assert found[expected.identity] == expected
        assert sink.look_up(list(found)[:50]) == {one: found[one] for one in list(found)[:50]}

    def test_a_file_of_a_version_without_marks_is_read_as_one_that_has_none(self, folder: Path) -> None:
        sink, one = open_sink(folder), decided(0)
        sink.write([one])
        (path,) = folder.rglob("*.parquet")
        pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["marks"]), path)
        assert list(sink.entries()) == [sink.expected(one, take_apart(one.value))]

    def test_only_what_is_not_newer_is_forgotten(self, folder: Path) -> None:
        sink = open_sink(folder)
        log = [decided(n, f"e{n}") for n in range(4)]
        sink.write(log)
        sink.forget([(("ada", "e0"), log[0].position), (("ada", "e1"), log[1].position - 1)])
        assert [event for event, _ in rows(folder)] == ["e1", "e2", "e3"]
        sink.forget([(("ada", f"e{n}"), 1 << 60) for n in range(4)])
        assert files(folder) == {}
        assert sink.write(log) == Outcome(written=4)


class TestS3:
    @pytest.fixture
    def settings(self, s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
        monkeypatch.delenv("AWS_PROFILE", raising=False)  # a user's own settings may not take part
        return {"endpoint": s3_server.address, "region": "eu-central-1"}

    def bucket(self, settings: Mapping[str, str]) -> str:
        name = f"training-{next(_buckets)}"
        client = aws.client(
            "s3",
            Config(),
            endpoint_url=settings["endpoint"],
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        client.create_bucket(Bucket=name)
        return f"s3://{name}/some/where"

    def test_the_same_files_lie_in_a_bucket(self, settings: dict[str, str], folder: Path) -> None:
        url = self.bucket(settings)
        log = [decided(CELL - 3 + n, time_ms=NOON + DAY * (n % 2)) for n in range(9)]
        open_sink(folder).write(log)
        for start in (0, 4):
            sink = sinks.connect("parquet", url, CREDENTIALS if start else "reader:s3cr/et+\n", settings)
            assert sink.write(log[start : start + 5]).refused == []
            sink.close()
        store = blobs.connect(url, CREDENTIALS, settings)
        found = {name: blob.data for name in store.names() if (blob := store.read(name))}
        assert found == files(folder)
        held = sink.held("ada", f"e0-{CELL}")
        assert held is not None
        assert held.position == log[3].position

    def test_a_write_names_the_version_it_replaces(self, settings: dict[str, str]) -> None:
        store = blobs.connect(self.bucket(settings), CREDENTIALS, settings)
        tag = store.write("a.parquet", b"1", None)
        newer = store.write("a.parquet", b"2", tag)
        for replaces in (None, tag):
            with pytest.raises(Changed):
                store.write("a.parquet", b"3", replaces)
        with pytest.raises(Changed):
            store.remove("a.parquet", tag)
        assert store.read("a.parquet") == (b"2", newer)
        store.remove("a.parquet", newer)
        store.remove("a.parquet", newer)
        assert (store.read("a.parquet"), store.tag("a.parquet")) == (None, None)
        with pytest.raises(Changed):
            store.write("a.parquet", b"4", newer)

    def test_two_writers_of_a_bucket_lose_nothing(self, settings: dict[str, str]) -> None:
        url = self.bucket(settings)
        first, second = (sinks.connect("parquet", url, CREDENTIALS, settings) for _ in range(2))
        first.write([decided(0)])
        second.write([decided(1)])
        assert first.write([decided(2)]) == Outcome(written=1)
        for n in range(3):
            assert second.held("ada", f"e0-{n}") is not None

    def test_a_server_that_is_away_or_has_no_such_bucket_is_not_now(
        self, settings: dict[str, str], s3_server: Any
    ) -> None:
        nowhere = sinks.connect("parquet", "s3://no-such-bucket/x", CREDENTIALS, settings)
        with pytest.raises(Unavailable, match="NoSuchBucket"):
            nowhere.write([decided(0)])
        sink = sinks.connect("parquet", self.bucket(settings), CREDENTIALS, settings)
        sink.write([decided(0)])
        s3_server.stop(signal.SIGKILL)
        try:
            for act in (lambda: sink.write([decided(1)]), lambda: sink.held("ada", "e0-0")):
                with pytest.raises(Unavailable):
                    act()
        finally:
            s3_server.start()


@pytest.mark.parametrize("url", ["http://x/y", "s3:///nothing", "file://elsewhere/x", "/tmp/x"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a file"):
        blobs.connect(url, None, {})


@pytest.mark.parametrize("text", ["", "s3cr/et+", "[default]\naws_access_key_id = a\n"])
def test_a_credentials_file_of_another_form_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="the credentials file needs") as caught:
        Bucket("b", "", text, {})
    assert not text or text not in str(caught.value)


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
            decided(2, "c", time_ms=NOON + DAY),
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
    from fraudctl.settings import reading

    with pytest.raises(UsageError, match="no parquet sink"):
        training.store_of(Stack(tmp_path, reading.load("default"), {}))
