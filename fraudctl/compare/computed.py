"""What is computed of a payment before it is judged, and one way to compute it: its readable definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fraudctl.compare.backtest_rows import Payment
from fraudctl.errors import Failed
from pipeline.records.events import decode
from pipeline.records.quantities import Refusal
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import RuleSet
from pipeline.scoring.order import PartitionClock, Stamped
from pipeline.scoring.reference import Reference, Scored
from pipeline.scoring.scorer import Row, values_of

COPY: Final = 1
REUSED: Final = 2
SATURATED: Final = 4
LATE: Final = 8

Computed = tuple[Payment, int, Row]
"""A payment, its marks (bits), and the values that rules look at; a copy has none."""


def by_reference(ruleset: RuleSet, settings: PlanSettings, payments: Iterator[Payment]) -> Iterator[Computed]:
    """What the reference makes of payments, which come in the order of their times; it holds all of them."""
    held, clock = list(payments), PartitionClock(settings.out_of_orderness_ms)
    stamped = [_stamped(one, number, clock, settings) for number, one in enumerate(held)]
    for scored in Reference(ruleset.plan(settings)).process(stamped):
        values = () if scored.duplicate else values_of(scored, ruleset)
        yield held[scored.stamped.offset], _marks(scored), values


def refused(payment: Payment, reason: str) -> Failed:
    """A payment that was read and that the job would refuse."""
    hint = "leave that row out, or give it other values"
    return Failed(f"event {payment.event_id} of {payment.user_id} cannot be scored: {reason}", hint=hint)


def _marks(scored: Scored) -> int:
    if scored.duplicate:
        return COPY
    return (
        REUSED * (scored.content_hash is not None) + SATURATED * scored.saturated + LATE * scored.stamped.late
    )


def _stamped(payment: Payment, number: int, clock: PartitionClock, settings: PlanSettings) -> Stamped:
    try:
        transaction = decode(payment.value, settings.max_event_bytes, settings.ids)
    except Refusal as refusal:
        raise refused(payment, str(refusal)) from refusal
    due = clock.due(payment.at_ms)
    return Stamped(transaction, 0, number, payment.at_ms, due, due > payment.at_ms)
