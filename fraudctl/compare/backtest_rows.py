"""The rows of a backtest in the order of their times, in bounded memory: each as the job would be sent it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from fraudctl.compare.backtest_result import Backtest, Order
from fraudctl.console.progress import Progress
from fraudctl.console.streams import say
from fraudctl.files import order as sorting
from fraudctl.files.labels import TAKEN
from fraudctl.files.order import Timed
from fraudctl.files.rows import Reading, RefusedRow, Row
from fraudctl.files.truths import Label
from pipeline.records.decision_record import Identity
from pipeline.records.events import encode
from pipeline.rules.currencies import CURRENCY
from pipeline.rules.words import said_kinds

SHOWN_EACH = 5_000
"""Rows between two words of progress."""

Given = tuple[bool, int | None, str | None, str | None]
"""A label as its values, for what is on disk is no object."""


class Payment(NamedTuple):
    """One row: `value` is its JSON, the rest is what a backtest looks at itself."""

    at_ms: int
    value: bytes
    user_id: str
    event_id: str
    amount_units: int
    currency: str | None
    given: Given | None

    @property
    def identity(self) -> Identity:
        return self.user_id, self.event_id

    @property
    def labels(self) -> list[Label]:
        """Its own label, if it has one."""
        return [] if self.given is None else [Label(*self.given)]


def reading_of(order: Order) -> Reading:
    """The files, each looked at. UsageError when one cannot be read."""
    return Reading(
        order.paths,
        order.options.with_kinds(said_kinds(order.fields)),
        order.settings.max_event_bytes,
        frozenset(order.fields),
        order.until_ms,
        order.settings.ids,
        frozenset(() if order.labels is None else TAKEN),
    )


def payments(
    reading: Reading, rows: Iterable[Timed | Row | RefusedRow], result: Backtest, progress: Progress
) -> Iterator[Payment]:
    """The good rows of a reading in the order of their times, some of them the values of a `Payment` already.

    All are read and counted before this returns.
    """
    say(reading.said())
    times = sorting.Order()
    in_order = sorting.in_order(_good(rows, times, result, progress))
    first = next(in_order, None)
    result.moved, result.notes = times.moved, reading.notes()
    return map(Payment._make, () if first is None else chain((first,), in_order))


def _good(
    rows: Iterable[Timed | Row | RefusedRow], times: sorting.Order, result: Backtest, progress: Progress
) -> Iterator[Timed]:
    for row in rows:
        result.rows += 1
        if isinstance(row, RefusedRow):
            result.refused.add(row)
        else:
            values = row if isinstance(row, tuple) else values_of(row)
            times.note(values[0])
            yield values
        if not result.rows % SHOWN_EACH:
            progress.update(0, f"{result.rows} rows read")


def values_of(row: Row) -> Timed:
    """The values of the `Payment` that a row is."""
    tx, label = row.transaction, row.label
    currency = tx.fields.get(CURRENCY)
    given = None if label is None else (label.fraud, label.time_ms, label.scenario, label.by)
    said = None if currency is None else str(currency)
    return tx.event_time_ms, encode(tx), tx.user_id, tx.event_id, tx.amount_units, said, given
