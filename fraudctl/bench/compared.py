"""Decisions of a benchmark beside what the reference says of the same events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fraudctl.bench.load import STRAGGLE_MS, Workload, number_of
from fraudctl.console.progress import Progress
from fraudctl.jobs.submission import plan_settings
from fraudctl.kafka import tail
from pipeline.records import decisions as wire
from pipeline.rules import ruleset
from pipeline.scoring import order, reference, scorer
from pipeline.scoring.order import Record

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

SAMPLE = 50_000
MARGIN_MS = STRAGGLE_MS + 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many decisions were compared with the reference, and the first that differs."""

    compared: int
    first_difference: Mapping[str, object] | None


def compare(
    stack: Stack,
    topic: str,
    workload: Workload,
    events: int,
    decided: Mapping[int, bytes],
    progress: Progress,
) -> Comparison:
    """Scores the first events with the reference."""
    progress.update(0, "comparing with the reference")
    rules = ruleset.load(stack.profile.rules)
    settings = plan_settings(stack.profile)
    stamped = order.stamp(_sampled(stack, topic, workload, events), settings.out_of_orderness_ms, "event")
    until_ms = workload.time_ms(SAMPLE) - MARGIN_MS if events > SAMPLE else 2**62
    scored = reference.Reference(rules.plan(settings)).process(stamped)
    expected = {}
    for one in scored:
        if one.stamped.due >= until_ms:
            break
        value = wire.encode_decision(scorer.decide(one, rules, topic))
        expected[number_of(value, workload.token.encode()) or 0] = value
    return Comparison(len(expected), first_difference(expected, decided))


def _sampled(stack: Stack, topic: str, workload: Workload, events: int) -> Iterable[Any]:
    """The records of the first events, those of one partition in the order of their offsets."""
    wanted = left = min(events, SAMPLE)
    for record in tail.records(stack.kafka, topic):
        number = number_of(record.value or b"", workload.token.encode())
        if number is not None and number < wanted:
            yield Record(record.partition, record.offset, record.append_ms, record.value, record.headers)
            left -= 1
            if not left:
                return


def first_difference(
    expected: Mapping[int, bytes], values: Mapping[int, bytes]
) -> Mapping[str, object] | None:
    """The first event, by number, whose decision is not what the reference says; None when all agree."""
    for number, value in sorted(expected.items()):
        if values.get(number) != value:
            got = values.get(number)
            return {
                "event": number,
                "expected": value.decode(),
                "got": None if got is None else got.decode(errors="replace"),
            }
    return None
