"""When a store is asked to drop what is old, and when a month or a day is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.metrics import SinkStatus
from pipeline.records.clock import DAY_MS
from pipeline.records.decision_bytes import Undecodable
from pipeline.sinks import Sink, Unavailable, settings_of
from pipeline.sinks.ageing import AGAIN_MS, EVERY_MS, Dropped, Sweep, time_ms
from pipeline.sinks.elasticsearch.months import month_end_ms
from pipeline.sinks.parquet.ageing import day_end_ms, drop_days
from pipeline.sinks.parquet.blobs import Folder
from pipeline.sinks.parquet.files import Cell, cell_name
from tests.unit.pipeline.test_projector import MemorySink


@dataclass
class OldSink(MemorySink):
    """Drops so many at each look, and cannot at first."""

    drops: list[Dropped] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    def expire(self, now_ms: int) -> Dropped:
        self.asked.append(now_ms)
        if self.away:
            self.away -= 1
            raise Unavailable("store is away")
        return self.drops.pop(0) if self.drops else Dropped()


def looked(sink: Sink, status: SinkStatus, until_ms: int, step_ms: int = 1_000) -> SinkStatus:
    """A sweep that is let look every second."""
    times = range(5, until_ms, step_ms)
    clock = iter(times)
    sweep = Sweep(sink, status, lambda: next(clock))
    for _ in times:
        sweep.look()
    return status


def test_a_store_is_asked_every_ten_minutes_and_sooner_while_there_is_more() -> None:
    sink = OldSink(drops=[Dropped(5_000, is_more=True), Dropped(17)])
    status = looked(sink, SinkStatus("memory"), 2 * EVERY_MS)
    assert sink.asked == [5, 5 + AGAIN_MS, 5 + AGAIN_MS + EVERY_MS]
    assert status.expired == 5_017


def test_a_store_that_is_away_is_asked_again_and_the_writer_goes_on() -> None:
    sink = OldSink(away=1, drops=[Dropped(3)])
    status = looked(sink, SinkStatus("memory"), EVERY_MS + 1_000)
    assert (sink.asked, status.expired, status.last_error) == ([5, 5 + EVERY_MS], 3, "store is away")


def test_a_sink_that_keeps_everything_is_not_asked() -> None:
    assert looked(MemorySink(), SinkStatus("memory"), EVERY_MS).expired == 0


@pytest.mark.parametrize(
    ("month", "end"), [("2026.01", "2026-02-01"), ("2025.12", "2026-01-01"), ("2024.02", "2024-03-01")]
)
def test_a_month_is_over_when_the_next_begins(month: str, end: str) -> None:
    assert month_end_ms(month) == time_ms(f"{end}T00:00:00Z")


@pytest.mark.parametrize("name", ["2026.13", "copy", "2026.01-copy", "9999.12", ""])
def test_what_is_named_after_no_month_is_none(name: str) -> None:
    with pytest.raises(Undecodable):
        month_end_ms(name)


def test_a_day_is_over_at_its_midnight() -> None:
    midnight = time_ms("2026-03-01T00:00:00Z")
    assert [day_end_ms(f"2026-02-28T{at}Z") for at in ("00:00:00.000", "23:59:59.999")] == [midnight] * 2
    assert day_end_ms("2026-03-01T00:00:00Z") == midnight + DAY_MS


@pytest.mark.parametrize("given", ["2026-13-01T00:00:00Z", "soon", ""])
def test_a_time_that_no_calendar_has_is_no_decisions(given: str) -> None:
    with pytest.raises(Undecodable):
        time_ms(given)


@pytest.mark.parametrize("sink", ["postgres", "elasticsearch", "parquet"])
def test_a_retention_is_a_day_at_least_and_nobody_chose_one_at_first(sink: str) -> None:
    assert settings_of(sink, {}).retention_ms is None
    assert settings_of(sink, {"retention": "400d"}).retention_ms == 400 * DAY_MS
    for wrong in ("23h", "-1", 5, "for ever"):
        with pytest.raises(ValueError, match="retention"):
            settings_of(sink, {"retention": wrong})


def test_the_files_of_a_day_are_dropped_when_it_is_over_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    names = [cell_name(Cell(0, 0), f"2026-02-{day}") for day in (27, 28)]
    for name in (*names, "event_date=2020-01-01/theirs.parquet"):
        store.write(name, b"", None)
    midnight = time_ms("2026-02-28T00:00:00Z")
    assert drop_days(store, midnight - 1) == []
    assert drop_days(store, midnight + 1) == names[:1]
    assert drop_days(store, midnight + DAY_MS) == names[1:]
    assert list(store.names()) == ["event_date=2020-01-01/theirs.parquet"]
