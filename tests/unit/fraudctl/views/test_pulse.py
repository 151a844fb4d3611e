"""Rates, shares and percentiles of looks that follow each other."""

from __future__ import annotations

import math

import pytest

from fraudctl.views.looker import Figures
from fraudctl.views.pulse import Course, Partition, quantile
from pipeline.metrics.asking import Reading

INF = math.inf


def look(events: int, ticks: int, approve: int, block: int, lag: int = 0) -> Figures:
    records, delay = "fraudctl_topic_records_total", "fraudctl_decision_delay_seconds_bucket"
    return Figures(
        [
            Reading(records, (("partition", "0"), ("role", "transactions")), events),
            Reading(records, (("partition", "10"), ("role", "transactions")), ticks),
            Reading(records, (("partition", "0"), ("role", "decisions")), approve + block),
            Reading("fraudctl_ticker_ticks_total", (("kind", "idle"),), ticks),
            Reading("fraudctl_decisions_total", (("decision", "approve"),), approve),
            Reading("fraudctl_decisions_total", (("decision", "block"),), block),
            Reading(delay, (("le", "0.1"),), approve),
            Reading(delay, (("le", "+Inf"),), approve),
            Reading("fraudctl_consumer_lag_records", (("consumer", "job"), ("partition", "0")), lag),
            Reading("fraudctl_program_running", (("program", "keeper"),), 0),
        ]
    )


def test_a_pulse_is_what_grew_between_two_looks_without_the_ticks() -> None:
    course = Course()
    course.take(100.0, look(1_000, 50, 500, 0))
    pulse = course.take(102.0, look(1_200, 54, 590, 10, lag=7))
    assert (pulse.events_s, pulse.decisions_s, pulse.flagged) == (100.0, 50.0, pytest.approx(0.1))
    assert (pulse.p50_s, pulse.p99_s) == (pytest.approx(0.05), pytest.approx(0.099))
    assert pulse.partitions == (Partition(0, 100.0, 7), Partition(10, 2.0, None))
    assert (dict(pulse.lag), pulse.stopped) == ({"job": 7}, ("keeper",))


def test_of_a_first_look_and_of_counters_that_began_anew_no_rate_is_known() -> None:
    course = Course()
    first = course.take(100.0, look(1_000, 50, 500, 10))
    after = course.take(102.0, look(3, 1, 2, 0))
    for pulse in (first, after):
        assert (pulse.events_s, pulse.decisions_s, pulse.flagged, pulse.p50_s) == (None, None, None, None)


def test_rates_are_of_ten_seconds_and_shares_of_a_minute() -> None:
    course = Course()
    for second in range(100, 200, 2):
        is_late = second > 190
        pulse = course.take(float(second), look(second * 10 if is_late else 0, 0, second, 0))
    assert pulse.decisions_s == 1.0
    assert pulse.flagged == 0.0


@pytest.mark.parametrize(
    ("share", "buckets", "found"),
    [
        (0.5, {}, None),
        (0.5, {0.1: 0, INF: 0}, None),
        (0.5, {0.1: 10, INF: 10}, 0.05),
        (0.99, {0.1: 50, 0.2: 100, INF: 100}, 0.198),
        (0.99, {0.1: 50, 60.0: 50, INF: 100}, 60.0),
    ],
)
def test_a_quantile_is_prometheus_own(share: float, buckets: dict[float, float], found: float | None) -> None:
    assert quantile(share, buckets) == (None if found is None else pytest.approx(found))


def test_rates_count_the_time_between_the_looks_and_not_between_the_answers() -> None:
    def aged(events: int, age_s: float) -> Figures:
        records = (("partition", "0"), ("role", "transactions"))
        told = Reading("fraudctl_look_age_seconds", (("part", "log"),), age_s)
        return Figures([Reading("fraudctl_topic_records_total", records, events), told])

    course = Course()
    course.take(100.0, aged(1_000, 0.5))
    assert course.take(102.0, aged(1_100, 1.5)).events_s == 100.0
