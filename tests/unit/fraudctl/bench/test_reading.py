"""The benchmark of reading files measures every row of every format."""

from __future__ import annotations

from fraudctl.bench import reading


def test_every_format_is_read_whole_and_measured() -> None:
    found = reading.run(500)
    assert [(one.format, one.rows) for one in found] == [("jsonl", 500), ("csv", 500), ("parquet", 500)]
    assert all(one.us_per_row > 0 and one.rows_per_s > 0 for one in found)


def test_past_data_is_brought_in_whole_and_every_step_is_measured() -> None:
    brought = reading.bring_in(3_000)
    assert (brought.rows, 1_000 < brought.moved < 2_000) == (3_000, True)
    assert list(brought.steps) == ["read and check", "write with label", "order", "hand over", "client"]
    assert all(us > 0 for name, us in brought.steps.items() if name != "client")
    assert brought.floor > 0
    answer = reading.answer((), brought)
    assert isinstance(answer.data, dict)
    assert sorted(answer.data) == ["brought_in", "formats", "machine", "peak_mb", "versions"]
    assert [row[0] for row in answer.tables[1].rows] == [*brought.steps, "all", "floor", "all in floors"]
