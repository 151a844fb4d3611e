"""Rules that change at 5,000 events a second: none lost or twice, each decided by the version of its due."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fraudctl.bench.load import NANO, Worker, Workload, send
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations
from fraudctl.kafka import admin, tail
from pipeline.records.decisions import decode_decision
from pipeline.records.quantities import parse_time
from pipeline.scoring import activation, order
from tests.soak.conftest import Figures
from tests.stack.cli import data_of
from tests.stack.flow import await_that

pytestmark = pytest.mark.timeout(1_800)

RATE, SECONDS, START_S = 5_000, 40, 5
EVENTS = RATE * SECONDS
EVERY_S = 8.0
ALWAYS_FIRES = {"when": "amount > 0", "points": 1}


def test_each_decision_is_by_the_version_of_its_due_and_none_is_lost_or_twice(
    stack: Stack, figures: Figures, tmp_path: Path
) -> None:
    log, decisions = stack.profile.topics.transactions, stack.profile.topics.decisions
    began, file = activations.of(stack).read()[-1], tmp_path / "more.yaml"
    more = {"version": "soak", "rules": {**began.content["rules"], "always": ALWAYS_FIRES}}
    file.write_text(json.dumps({**began.content, **more}))
    first, decided_from = admin.end_offsets(stack.kafka, log), admin.end_offsets(stack.kafka, decisions)
    start_ns = time.time_ns() + START_S * NANO
    load = Workload(f"r{time.time_ns():x}", 7, start_ns // 1_000_000, float(RATE), hot_addresses=False)
    worker = Worker(send, stack.kafka, log, load, EVENTS, start_ns)
    threading.Event().wait(START_S + EVERY_S)
    for change in (("apply", str(file)), ("pause", "always"), ("rollback",)):
        changed = data_of(stack, "rules", *change)
        figures.note(
            f"rules {change[0]} at {RATE}/s: in force after, s",
            seconds_to_force(changed),
            "2",
            changed["first_decision"] is not None and seconds_to_force(changed) <= 2,
        )
        threading.Event().wait(EVERY_S)
    sent = worker.result()
    assert (sent.acknowledged, sent.failed) == (EVENTS, 0)

    def decided() -> int:
        return sum(admin.end_offsets(stack.kafka, decisions).values()) - sum(decided_from.values())

    await_that(lambda: decided() >= EVENTS, 300, lambda: f"{decided()} of {EVENTS} are decided")
    found, wanted = version_by_event(stack, decisions, decided_from), expected(stack, log, first)
    assert sorted({version for _, _, version in wanted}) == sorted(
        {began.version, "soak", "soak+paused.always"}
    )
    assert (sorted((found - wanted).items())[:5], sorted((wanted - found).items())[:5]) == ([], [])
    data_of(stack, "rules", "rollback")


def seconds_to_force(changed: Mapping[str, Any]) -> float:
    """From the activation's append to the append of the first decision by it."""
    first = changed["first_decision"]
    until = parse_time(first["decided_at"] if first else changed["in_force_from"])
    return (until - parse_time(changed["activated_at"])) / 1000


def version_by_event(stack: Stack, topic: str, start: Mapping[int, int]) -> Counter[tuple[int, int, str]]:
    """How often each place in the log was decided by each version."""
    found: Counter[tuple[int, int, str]] = Counter()
    for record in tail.records(stack.kafka, topic, start):
        one = decode_decision(record.value or b"")
        found[one.source.partition, one.source.offset, one.ruleset_version] += 1
    return found


def expected(stack: Stack, topic: str, start: Mapping[int, int]) -> Counter[tuple[int, int, str]]:
    """Once each, by the version in force at its due."""
    chain = activations.of(stack).read()
    records = [
        order.Record(one.partition, one.offset, one.append_ms, one.value, one.headers)
        for one in tail.records(stack.kafka, topic, start)
    ]
    stamped = order.stamp(records, stack.profile.pipeline.out_of_orderness_ms, "append")
    return Counter(
        (one.partition, one.offset, activation.in_force(chain, one.due).version) for one in stamped
    )
