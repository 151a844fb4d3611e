"""The projector against a log and a store held in memory; trouble is part of the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline.metrics import MEASURED_ONLY, SinkStatus
from pipeline.process.backoff import Backoff
from pipeline.process.forgotten import Unknown
from pipeline.projector import Config, Pace, Projector, hindrance
from pipeline.records.decision_record import Delivery
from pipeline.sinks import Held, Outcome, Refused, Unavailable


@dataclass
class MemoryLog:
    """Partitions as lists; partitions in `lost` leave while the store is away."""

    batches: list[list[Delivery]]
    lost: set[int] = field(default_factory=set)
    dead_letter_trouble: int = 0
    committed: dict[int, int] = field(default_factory=dict)
    dead: list[Refused] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    nobody_knows: int = 0
    is_paused: bool = False
    idled: int = 0
    reads: int = 0

    def read(self, limit: int, wait_s: float) -> list[Delivery]:
        assert not self.is_paused
        self.reads += 1
        return self.batches.pop(0) if self.batches else []

    def owns(self, partition: int) -> bool:
        return partition not in self.lost

    def commit(self, offsets: Mapping[int, int]) -> None:
        self.committed.update({p: offset for p, offset in offsets.items() if self.owns(p)})

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def idle(self, wait_s: float) -> None:
        assert self.is_paused
        self.idled += 1

    def remembered(self, batch: Sequence[Delivery]) -> list[Delivery]:
        if self.nobody_knows:
            self.nobody_knows -= 1
            raise Unknown("the broker does not answer")
        return [one for one in batch if one.offset not in self.gone]

    def dead_letter(self, refused: Sequence[Refused]) -> None:
        if self.dead_letter_trouble:
            self.dead_letter_trouble -= 1
            raise Unavailable("no answer")
        self.dead.extend(refused)

    def lag(self) -> int:
        return sum(len(batch) for batch in self.batches)


@dataclass
class MemorySink:
    """Takes every value but b"never", and nothing for the first `away` writes."""

    away: int = 0
    log: MemoryLog | None = None
    rows: list[Delivery] = field(default_factory=list)
    committed_before: list[dict[int, int]] = field(default_factory=list)
    flagged_only = False

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        if self.log is not None:
            self.committed_before.append(dict(self.log.committed))
        if self.away:
            self.away -= 1
            raise Unavailable("store is away")
        refused = [Refused(one, "not wanted") for one in batch if one.value == b"never"]
        new = [one for one in batch if one.value != b"never" and one not in self.rows]
        self.rows.extend(new)
        return Outcome(len(new), len(batch) - len(new) - len(refused), refused)

    def held(self, user_id: str, event_id: str) -> Held | None:
        raise NotImplementedError

    def close(self) -> None: ...


def deliveries(*offsets: int, partition: int = 0, value: bytes = b"fine") -> list[Delivery]:
    return [Delivery(value, partition, offset, 1, 1_000) for offset in offsets]


def project(log: MemoryLog, sink: MemorySink, steps: int = 1) -> dict[str, Any]:
    """Run some steps; the last status."""
    reports: list[dict[str, Any]] = []
    projector = Projector(
        log,
        sink,
        SinkStatus("memory"),
        lambda status: reports.append(status.document()),
        Pace(backoff=Backoff(0.001, 0.002, draw=lambda: 1.0)),
    )
    for _ in range(steps):
        projector.step()
    return reports[-1]


def test_offsets_are_committed_after_the_store_has_acknowledged() -> None:
    log = MemoryLog([deliveries(4, 5) + deliveries(9, partition=1), deliveries(6)])
    sink = MemorySink(log=log)
    status = project(log, sink, steps=3)
    assert sink.committed_before == [{}, {0: 6, 1: 10}]
    assert log.committed == {0: 7, 1: 10}
    assert status == {
        "sink": "memory",
        "written": 4,
        "superseded": 0,
        "retried": 0,
        "dead_lettered": 0,
        "last_error": None,
        "mend": None,
        "paused": False,
        "suspended": False,
        "lag": 0,
        "updated_ms": 0,
        "failed_writes": 0,
    }


def test_what_is_forgotten_is_not_written_and_left_behind() -> None:
    log, sink = MemoryLog([deliveries(4, 5), deliveries(6)], gone={5, 6}), MemorySink()
    project(log, sink, steps=3)
    assert [one.offset for one in sink.rows] == [4]
    assert log.committed == {0: 7}


def test_who_is_forgotten_while_a_batch_waits_for_its_store_is_not_in_it_any_more() -> None:
    log = MemoryLog([deliveries(4, 5)])

    class Waiting(MemorySink):
        def write(self, batch: Sequence[Delivery]) -> Outcome:
            if self.away:
                log.gone = {5}
            return super().write(batch)

    sink = Waiting(away=1)
    project(log, sink)
    assert [one.offset for one in sink.rows] == [4]
    assert log.committed == {0: 6}


def test_nothing_is_written_while_nobody_says_who_is_forgotten() -> None:
    log, sink = MemoryLog([deliveries(4)], nobody_knows=2), MemorySink()
    status = project(log, sink)
    assert (status["written"], status["retried"], log.committed) == (1, 2, {0: 5})


def test_a_pause_asked_for_keeps_polling_and_reads_nothing_until_it_ends() -> None:
    log, sink = MemoryLog([deliveries(0)]), MemorySink()
    seen: list[dict[str, Any]] = []
    projector = Projector(
        log,
        sink,
        SinkStatus("memory"),
        lambda status: seen.append(status.document()),
        Pace(is_paused=lambda: log.idled < 3),
    )
    projector.step()
    assert [status["suspended"] for status in seen] == [True, True, True, False]
    assert (log.idled, log.reads, log.is_paused, log.committed) == (3, 1, False, {0: 1})


def test_a_paused_writer_can_be_stopped_and_commits_nothing() -> None:
    log, sink = MemoryLog([deliveries(0)]), MemorySink()
    pace = Pace(is_paused=lambda: True)
    projector = Projector(log, sink, SinkStatus("memory"), lambda _: projector.stop(), pace)
    projector.run()
    assert (log.reads, log.committed) == (0, {})


def test_a_writer_takes_its_pace_from_its_settings_then_its_sink_then_the_default(tmp_path: Path) -> None:
    def config(sink: str, **settings: Any) -> Config:
        return Config(sink, "", "", "", "", settings, "", None, tmp_path)

    paces = [config("redis"), config("parquet"), config("parquet", batch=7, gather="20ms")]
    assert [(one.batch, one.gather_s) for one in paces] == [(2_000, 0.1), (40_000, 0.5), (7, 0.02)]
    with pytest.raises(ValueError, match="not a duration"):
        _ = config("redis", gather="soon").gather_s


def test_while_the_store_is_away_it_is_paused_polls_commits_nothing_and_then_writes_the_same_batch() -> None:
    batch = deliveries(0, 1, 2)
    log = MemoryLog([list(batch)])
    sink = MemorySink(away=3, log=log)
    status = project(log, sink)
    assert sink.committed_before == [{}, {}, {}, {}]
    assert sink.rows == batch
    assert log.committed == {0: 3}
    assert log.idled >= 3
    assert not log.is_paused
    assert (status["retried"], status["last_error"], status["written"]) == (3, "store is away", 3)


def test_what_the_store_never_takes_goes_to_the_dead_letters_and_the_rest_is_stored() -> None:
    bad = deliveries(1, value=b"never")
    log = MemoryLog([deliveries(0) + bad + deliveries(2)])
    sink = MemorySink()
    status = project(log, sink)
    assert log.dead == [Refused(bad[0], "not wanted")]
    assert [one.offset for one in sink.rows] == [0, 2]
    assert log.committed == {0: 3}
    assert (status["dead_lettered"], status["written"], status["last_error"]) == (1, 2, "not wanted")


def test_nothing_is_committed_before_the_dead_letter_topic_has_acknowledged() -> None:
    log = MemoryLog([deliveries(0) + deliveries(1, value=b"never")], dead_letter_trouble=1)
    sink = MemorySink(log=log)
    status = project(log, sink)
    assert sink.committed_before == [{}, {}]
    assert log.committed == {0: 2}
    counted = [status[name] for name in ("written", "superseded", "dead_lettered", "retried")]
    assert counted == [0, 1, 1, 1]


def test_partitions_lost_while_the_store_is_away_are_left_to_their_new_owner() -> None:
    log = MemoryLog([deliveries(0) + deliveries(5, partition=1)], lost={1})
    sink = MemorySink(away=1)
    project(log, sink)
    assert [one.partition for one in sink.rows] == [0]
    assert log.committed == {0: 1}


def test_a_stop_while_the_store_is_away_ends_without_a_commit() -> None:
    log, sink = MemoryLog([deliveries(0)]), MemorySink(away=10**9)
    projector = Projector(log, sink, SinkStatus("memory"), lambda status: stop_once_retried(status))

    def stop_once_retried(status: SinkStatus) -> None:
        if status.retried:
            projector.stop()

    projector.run()
    assert log.committed == {}
    assert sink.rows == []


def test_a_stop_finishes_the_batch_in_hand() -> None:
    log, sink = MemoryLog([deliveries(0, 1), deliveries(2)]), MemorySink()
    projector = Projector(log, sink, SinkStatus("memory"), lambda status: projector.stop())
    projector.run()
    assert log.committed == {0: 2}
    assert log.reads == 1


def test_a_configuration_without_a_needed_field_says_which(tmp_path: Path) -> None:
    path = tmp_path / "sink.json"
    path.write_text('{"sink":"redis","kafka":{"bootstrap":"127.0.0.1:1"}}')
    with pytest.raises(ValueError, match="decisions_topic is missing"):
        Config.read(path)


def test_what_was_stored_is_measured_and_the_status_file_leaves_it_out() -> None:
    status = SinkStatus("memory")
    batch = [
        one._replace(append_ms=append_ms)
        for one, append_ms in zip(deliveries(0, 1), (1_500, 2_000), strict=True)
    ]
    log, sink = MemoryLog([batch]), MemorySink()
    reports: list[dict[str, Any]] = []
    projector = Projector(log, sink, status, lambda status: reports.append(status.document()), Pace())
    projector.step()
    assert (status.batches, status.newest_append_s) == (1, 2.0)
    assert sum(status.delay.counts) == 2
    assert status.write_s >= 0
    assert not MEASURED_ONLY & reports[-1].keys()


def test_a_batch_is_measured_once_the_store_has_taken_it_and_not_at_each_attempt() -> None:
    status = SinkStatus("memory")
    log, sink = MemoryLog([deliveries(0)]), MemorySink(away=2)
    Projector(log, sink, status, lambda _: None, Pace(backoff=Backoff(0.001, 0.002))).step()
    assert (status.retried, status.batches, sum(status.delay.counts)) == (2, 1, 1)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (SinkStatus("postgres", lag=0), ""),
        (SinkStatus("postgres", lag=7, suspended=True), ""),
        (SinkStatus("postgres"), "it has no place in its group, or the broker does not answer"),
        (
            SinkStatus("postgres", lag=7, paused=True, last_error="no connection"),
            "the store takes nothing: no connection",
        ),
    ],
)
def test_a_writer_is_ready_with_a_place_in_its_group_and_a_store_that_takes(
    status: SinkStatus, said: str
) -> None:
    assert hindrance(status) == said
