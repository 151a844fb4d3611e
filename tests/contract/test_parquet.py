"""The Parquet store: its grid of files, and what a retry, a restart and a second writer do."""

from __future__ import annotations

import random
import signal
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import sinks
from pipeline.connections import aws
from pipeline.records.clock import DAY_MS
from pipeline.records.decision_bytes import take_apart
from pipeline.records.quantities import Number
from pipeline.sinks import Outcome, Unavailable
from pipeline.sinks.parquet import blobs
from pipeline.sinks.parquet.blobs import Bucket, Changed
from pipeline.sinks.parquet.files import CELL
from tests.contract.parquet_folder import HIT, NOON, decided, files, open_sink, rows

CREDENTIALS = "[default]\naws_access_key_id = reader\naws_secret_access_key = s3cr/et+\n"
_buckets = count()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


class TestFiles:
    def test_a_file_holds_one_cell_of_one_event_date(self, folder: Path) -> None:
        batch = [
            decided(CELL - 1),
            decided(CELL),
            decided(CELL + 1, time_ms=NOON + DAY_MS),
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

    @settings(max_examples=40)
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
                time_ms=NOON + DAY_MS * data.draw(st.integers(0, 1)),
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
        log = [decided(CELL - 3 + n, time_ms=NOON + DAY_MS * (n % 2)) for n in range(9)]
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
