"""A rule set against a recorded file: what it would have flagged, and how much of that was fraud.

No stack is touched. Features are computed by the kernel, as in the job, or by the reference
(`pipeline/scoring/reference.py`, their readable definition); rules are judged by the same code either way,
and the answer is the same. A file of few rows goes to the reference, which is done before a JVM has started.
The file is one partition in the order of its event times, which are its clock, as with `ingest --history`;
rows of equal time stay in the order of the file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

from fraudctl.compare import kernel_features, kernel_rows
from fraudctl.compare.backtest_result import Backtest as Backtest
from fraudctl.compare.backtest_result import Engine as Engine
from fraudctl.compare.backtest_result import Order as Order
from fraudctl.compare.backtest_result import budget_per_month as budget_per_month
from fraudctl.compare.backtest_rows import SHOWN_EACH, Payment, payments, reading_of
from fraudctl.compare.computed import Computed, by_reference
from fraudctl.compare.judging import Judge
from fraudctl.compare.kernel_process import Kernel, for_rows, kernel_command, started
from fraudctl.console.progress import Progress
from fraudctl.console.streams import say
from fraudctl.errors import FraudctlError
from fraudctl.files.labels import beside, read_labels
from fraudctl.files.refusals import Refusals
from fraudctl.files.rows import Reading, RefusedRow
from fraudctl.files.sources import PACKED
from fraudctl.files.to_mend import ToMend

FEW_ROWS = 10_000
"""What the reference computes in the time that a JVM takes to start and to compile."""
_ROW_BYTES, _PACKED_TO = 200, 8
"""What a row of JSON lines usually takes, and to what part of it packing brings it."""

_Command = Callable[[], list[str] | None]
"""Gives the kernel's command line, None where it cannot be had."""


def run(order: Order, progress: Progress) -> Backtest:
    """Read, score and judge the file. UsageError when it or the labels cannot be read."""
    began = time.perf_counter()
    result = Backtest(order.ruleset, budget_per_month=order.budget_per_month, refused=Refusals(order.refused))
    progress.update(0, "reading")
    reading = reading_of(order)
    if order.to_mend is not None:
        result.refused.to_mend = ToMend(order.to_mend, reading.surveys)
    command = cache(lambda: _command(order))
    with _reader(order, reading, command) as kernel:
        rows = reading if kernel is None else kernel_rows.by_kernel(reading, kernel)
        in_order = payments(reading, rows, result, progress)
        count = result.rows - len(result.refused)
        _read_labels(order, reading, result)
        judge = Judge(order, result)
        for done, computed in enumerate(_computed(order, kernel or command, in_order, count)):
            judge.take(*computed)
            if done % SHOWN_EACH == 0:
                progress.update(done, f"{done} of {count} events scored")
    judge.finish()
    result.seconds = time.perf_counter() - began
    return result


def _reader(order: Order, reading: Reading, command: _Command) -> AbstractContextManager[Kernel | None]:
    """The kernel where it reads the rows too: where there are many that it can read."""
    plain = [one.path for one in reading.surveys if kernel_rows.is_plain(one)]
    rows = sum(map(_rows_about, plain))
    is_small = order.engine is None and rows < FEW_ROWS
    found = None if is_small or not plain else command()
    if found is None:
        return nullcontext()
    return started(for_rows(found, rows), order.ruleset.plan(order.settings), reading.options.kinds)


def _rows_about(path: Path) -> int:
    """So many rows it may hold, which is not known before they are read."""
    size = path.stat().st_size // _ROW_BYTES
    return size * _PACKED_TO if path.suffix.lower() in PACKED else size


def _computed(
    order: Order, kernel: Kernel | _Command, rows: Iterator[Payment], count: int
) -> Iterator[Computed]:
    if isinstance(kernel, Kernel):
        return kernel_features.computed(kernel, rows)
    found = None if order.engine is None and count < FEW_ROWS else kernel()
    if found is None:
        return by_reference(order.ruleset, order.settings, rows)
    return kernel_features.by_kernel(for_rows(found, count), order.ruleset.plan(order.settings), rows)


def _command(order: Order) -> list[str] | None:
    """How to start the kernel; None where it shall not compute, or cannot be had and was not asked for."""
    if order.engine is Engine.REFERENCE:
        return None
    try:
        return kernel_command()
    except FraudctlError as error:
        if order.engine is not None:
            raise
        say(f"the kernel cannot be had, so the slower reference computes the features: {error.message}")
        return None


def _read_labels(order: Order, reading: Reading, result: Backtest) -> None:
    """Columns that are said are in their file or, those that the payments have, in that of these."""
    truths = result.truths
    truths.as_of_ms = order.as_of_ms
    if order.labels is not None:
        known = frozenset(name for one in reading.surveys for name in one.columns.sources)
        for row in read_labels(order.labels, beside(order.options), known):
            if isinstance(row, RefusedRow):
                truths.refused.add(row)
                result.refused.write(row)
            else:
                truths.give(row)
    result.refused.close()
    refused, rows = len(truths.refused), len(truths.refused) + truths.given
    result.too_many_refused = order.max_refused.is_exceeded(len(result.refused), result.rows) or (
        order.max_refused.is_exceeded(refused, rows)
    )
