"""What is computed of payments by the kernel, as in the job."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from struct import pack

from fraudctl.compare.backtest_rows import Payment
from fraudctl.compare.computed import COPY, Computed, refused
from fraudctl.compare.kernel_process import Kernel, number, started
from pipeline.rules.plan import Plan
from pipeline.scoring.scorer import Row

_BATCH = 1_024


def by_kernel(command: list[str], plan: Plan, payments: Iterator[Payment]) -> Generator[Computed, None, None]:
    """What a kernel of its own makes of payments, which come in the order of their times.

    Raises Failed when it ends before its time, and when it refuses a payment.
    """
    with started(command, plan, {}) as kernel:
        kernel.say(number(0))
        yield from computed(kernel, payments)


def computed(kernel: Kernel, payments: Iterator[Payment]) -> Iterator[Computed]:
    """The same by one that has read all rows it shall read."""
    before = 0
    with closing(kernel.fed(_batches(payments), _form, last=number(0))) as sent:
        for batch in sent:
            marks, rows = _answer(kernel, batch, before)
            before += len(batch)
            values = iter(rows)
            for payment, mark in zip(batch, marks, strict=True):
                yield payment, mark, () if mark & COPY else next(values)


def _batches(payments: Iterator[Payment]) -> Iterator[list[Payment]]:
    while batch := list(islice(payments, _BATCH)):
        yield batch


def _form(batch: list[Payment]) -> bytes:
    values = [payment.value for payment in batch]
    return pack(f">{len(values) + 1}i", len(values), *map(len, values)) + b"".join(values)


def _answer(kernel: Kernel, batch: list[Payment], sent_before: int) -> tuple[bytes, list[Row]]:
    """The marks of a batch, and the values of those that are no copies."""
    count = kernel.number()
    if count < 0:
        raise refused(batch[-1 - count - sent_before], kernel.framed().decode())
    marks = kernel.read(count)
    return marks, json.loads(kernel.framed())
