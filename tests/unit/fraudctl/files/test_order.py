"""Sorted runs on disk give the order of one sort."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest

from fraudctl.files import order as sorting
from fraudctl.files.order import Order, in_order
from tests.unit.fraudctl.files.as_read import DAY, PLAIN, file, fired, judged


@pytest.mark.parametrize("run_rows", [1, 7, 1_000])
def test_rows_come_by_time_and_as_they_stood_within_one(run_rows: int) -> None:
    chance = random.Random(run_rows)
    rows = [(chance.randrange(50), number, b"x", None) for number in range(500)]
    assert list(in_order(iter(rows), run_rows)) == sorted(rows, key=lambda row: row[0])


@pytest.mark.parametrize("times", [1, 2, 3, 1_000])
def test_a_time_of_which_there_are_more_rows_than_are_read_at_once_keeps_their_order(times: int) -> None:
    chance = random.Random(times)
    rows = [(chance.randrange(times), number) for number in range(20_000)]
    assert list(in_order(iter(rows), 2_000)) == sorted(rows, key=lambda row: row[0])


def test_of_large_rows_fewer_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "RUN_BYTES", 2_000_000)
    count = 20_000
    tracemalloc.start()
    try:
        ordered = in_order((count - number, bytes(1_000)) for number in range(count))
        assert [row[0] for row in ordered] == list(range(1, count + 1))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_rows_of_any_size_come_whole() -> None:
    rows = [(number % 7, bytes(number % 50 * 10_000)) for number in range(300)]
    assert list(in_order(iter(rows), 100)) == sorted(rows, key=lambda row: row[0])


def test_rows_that_come_after_a_newer_one_are_counted() -> None:
    order = Order()
    for time_ms in (5, 5, 3, 9, 8, 9):
        order.note(time_ms)
    assert (order.moved, order.newest_ms) == (2, 9)


def test_the_order_of_the_rows_changes_no_figure(tmp_path: Path) -> None:
    lines = [f"e{n},u{n // 4},{DAY}{n // 4:02d}:0{n % 4}:00Z,10,{int(n > 19)}" for n in range(24)]
    for moved, ordered in ((0, lines), (20, lines[20:] + lines[:20]), (23, lines[::-1])):
        found = judged(file(tmp_path, "\n".join([PLAIN + ",label", *ordered])))
        total = found.as_document()["total"]
        assert (found.moved, found.late, fired(found)) == (moved, 0, {"busy": 12})
        assert (total["precision"]["part"], total["precision"]["whole"]) == (2, 12)
