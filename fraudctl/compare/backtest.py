"""A rule set against a recorded file: what it would have flagged, and how much of that was fraud.

No stack is touched. Features are computed by the kernel, as in the job, or by the reference
(`pipeline/scoring/reference.py`, their readable definition); rules are judged by the same code either way,
and the answer is the same. A file of few rows goes to the reference, which is done before a JVM has started.
The file is one partition in the order of its event times, which are its clock, as with `ingest --history`;
rows of equal time stay in the order of the file.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from fraudctl.compare.backtest_result import Backtest as Backtest
from fraudctl.compare.backtest_result import Engine as Engine
from fraudctl.compare.backtest_result import Order as Order
from fraudctl.compare.backtest_result import budget_per_month as budget_per_month
from fraudctl.compare.backtest_rows import SHOWN_EACH, Payment, payments
from fraudctl.compare.computed import Computed, by_reference
from fraudctl.compare.judging import Judge
from fraudctl.compare.kernel_process import by_kernel, kernel_command
from fraudctl.console.progress import Progress
from fraudctl.console.streams import say
from fraudctl.errors import FraudctlError
from fraudctl.files.labels import read_labels
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import Refusals
from fraudctl.files.rows import RefusedRow

FEW_ROWS = 10_000
"""What the reference computes in the time that a JVM takes to start and to compile."""


def run(order: Order, progress: Progress) -> Backtest:
    """Read, score and judge the file. UsageError when it or the labels cannot be read."""
    began = time.perf_counter()
    result = Backtest(order.ruleset, budget_per_month=order.budget_per_month, refused=Refusals(order.refused))
    progress.update(0, "reading")
    rows = payments(order, result, progress)
    count = result.rows - len(result.refused)
    _read_labels(order, result)
    judge = Judge(order, result)
    for done, computed in enumerate(_computed(order, rows, count)):
        judge.take(*computed)
        if done % SHOWN_EACH == 0:
            progress.update(done, f"{done} of {count} events scored")
    judge.finish()
    result.seconds = time.perf_counter() - began
    return result


def _computed(order: Order, rows: Iterator[Payment], count: int) -> Iterator[Computed]:
    is_few = order.engine is None and count < FEW_ROWS
    command = None if is_few or order.engine is Engine.REFERENCE else _kernel(order.engine)
    if command is None:
        return by_reference(order.ruleset, order.settings, rows)
    return by_kernel(command, order.ruleset.plan(order.settings), rows)


def _kernel(asked: Engine | None) -> list[str] | None:
    """How to start it; None where it cannot be had and was not asked for."""
    try:
        return kernel_command()
    except FraudctlError as error:
        if asked is not None:
            raise
        say(f"the kernel cannot be had, so the slower reference computes the features: {error.message}")
        return None


def _read_labels(order: Order, result: Backtest) -> None:
    truths = result.truths
    truths.as_of_ms = order.as_of_ms
    if order.labels is not None:
        options = ReadOptions(label=order.options.label, zone=order.options.zone, absent=order.options.absent)
        for row in read_labels(order.labels, options):
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
