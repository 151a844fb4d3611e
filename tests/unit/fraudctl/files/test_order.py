"""Sorted runs on disk give the order of one sort."""

from __future__ import annotations

import random

import pytest

from fraudctl.files.order import Order, in_order


@pytest.mark.parametrize("run_rows", [1, 7, 1_000])
def test_rows_come_by_time_and_as_they_stood_within_one(run_rows: int) -> None:
    chance = random.Random(run_rows)
    rows = [(chance.randrange(50), number, b"x", None) for number in range(500)]
    assert list(in_order(iter(rows), run_rows)) == sorted(rows, key=lambda row: row[0])


def test_rows_that_come_after_a_newer_one_are_counted() -> None:
    order = Order()
    for time_ms in (5, 5, 3, 9, 8, 9):
        order.note(time_ms)
    assert (order.moved, order.newest_ms) == (2, 9)
