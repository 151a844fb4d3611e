"""What the whole job says over Kafka, Flink and Python is what the reference says, byte for byte."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from fraudctl.home.stack import Stack
from pipeline.records.clock import now_ms
from pipeline.rules.ruleset import PlanSettings
from tests.random_streams import LogShape, random_features, random_log
from tests.stack.own_jobs import (
    Setup,
    assert_same,
    by_place,
    by_reference,
    decided,
    recorded,
    refused,
    run,
    write,
)
from tests.streams import DAY_MS, START_MS, Feature, Row, content, write_value

LIVE_CASES = [
    (1, 1, PlanSettings(out_of_orderness_ms=50)),
    (2, 2, PlanSettings(out_of_orderness_ms=0, dedup_window_ms=100, max_entries=3)),
    (3, 1, PlanSettings(out_of_orderness_ms=500, dedup_window_ms=2_000, max_entries=7)),
]
"""Seed, parallelism, settings."""


def assert_job_agrees_with_reference(setup: Setup, parallelism: int) -> None:
    run(setup, parallelism=parallelism)
    expected, refusals = by_reference(setup, recorded(setup))
    assert len(expected) > 100
    assert_same(by_place(decided(setup)), {place: [value] for place, value in expected.items()})
    assert refused(setup) == refusals


def around_now(rows: tuple[Row, ...], seed: int) -> list[Row]:
    """The log at another time, so that half of its events are ahead of the broker's clock."""
    rng = random.Random(seed)
    times = sorted(int(row.fields["event_time"]) for row in rows if row.fields)
    shift_ms = now_ms() - times[len(times) // 2]
    moved = []
    for row in rows:
        if row.fields is None:
            moved.append(row)
            continue
        fields = {**row.fields, "event_time": int(row.fields["event_time"]) + shift_ms}
        moved.append(replace(row, fields=fields, value=write_value(fields, rng)))
    return moved


@pytest.mark.parametrize(("seed", "parallelism", "settings"), LIVE_CASES)
def test_random_live_streams_are_decided_as_the_reference_says(
    stack: Stack, seed: int, parallelism: int, settings: PlanSettings
) -> None:
    rng = random.Random(seed)
    shape = LogShape(partitions=4, jumps=0.01, on_grid=seed == 2, absent=(0.0, 0.2, 0.9)[seed - 1])
    setup = Setup(stack, content(random_features(rng, 20)), "append", settings)
    setup.create("transactions", "decisions", "refusals")
    write(setup, around_now(random_log(rng, 800, shape), seed))
    assert_job_agrees_with_reference(setup, parallelism)


def uneven_backlog(sizes: tuple[int, ...]) -> list[Row]:
    """A partition for each size, all over the same hours; each is ended by a close record."""
    rows: list[Row] = []
    for partition, size in enumerate(sizes):
        shape = LogShape(partitions=1, ids=20_000, users=400, jumps=0.0, absent=0.1, control=0.0)
        log = random_log(random.Random(partition), size, shape)
        rows += [_stretched(row, partition, max(sizes) / size) for row in log]
    newest_ms = max(int(row.fields["event_time"]) for row in rows if row.fields)
    close = {"close": str(newest_ms).encode()}
    return rows + [Row(partition, 0, 0, None, headers=close) for partition in range(len(sizes) + 1)]


def _stretched(row: Row, partition: int, factor: float) -> Row:
    if row.fields is None:
        return replace(row, partition=partition)
    at = START_MS + int((int(row.fields["event_time"]) - START_MS) * factor)
    fields = {**row.fields, "event_time": at}
    value = write_value(fields, random.Random(at))
    return replace(row, partition=partition, fields=fields, value=value)


def test_a_backlog_read_unevenly_from_four_partitions_is_decided_as_the_reference_says(stack: Stack) -> None:
    assert_backlog_agrees_with_reference(stack, (12_000, 6_000, 100))


def assert_backlog_agrees_with_reference(stack: Stack, sizes: tuple[int, ...]) -> None:
    """Of so many events in each partition, and none in the last; tests/soak tries three times as many."""
    features = (
        *random_features(random.Random(7), 6),
        Feature("addresses", "user_id", "distinct", "ip", window_ms=DAY_MS),
        Feature("spent", "card_id", "sum", "amount", window_ms=60_000),
    )
    setup = Setup(stack, content(features), "event", PlanSettings(max_entries=200))
    setup.create("transactions", "decisions", "refusals")
    write(setup, uneven_backlog(sizes))
    assert_job_agrees_with_reference(setup, 2)
