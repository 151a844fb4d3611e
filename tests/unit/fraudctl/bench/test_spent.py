"""Processor time by process, from two readings."""

from __future__ import annotations

from fraudctl.bench.spent import Reading, per_event


def test_each_program_is_told_with_what_it_took_of_an_event_the_dearest_first() -> None:
    before = Reading({"kafka": 10.0, "sink-redis": 1.0, "idle": 3.0}, {"Source": 5.0})
    after = Reading({"kafka": 10.5, "sink-redis": 2.0, "idle": 3.0}, {"Source": 5.25, "C2 Compiler": 0.125})
    assert per_event(before, after, 50_000) == {
        "programs": {"sink-redis": 20.0, "kafka": 10.0},
        "stages": {"Source": 5.0, "C2 Compiler": 2.5},
    }


def test_without_events_nothing_is_divided_by_none() -> None:
    found = per_event(Reading({}, {}), Reading({"kafka": 1.0}, {}), 0)
    assert found["programs"] == {"kafka": 1_000_000.0}
