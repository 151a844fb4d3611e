"""The benchmark of reading files measures every row of every format."""

from __future__ import annotations

from fraudctl.bench import reading


def test_every_format_is_read_whole_and_measured() -> None:
    found = reading.run(500)
    assert [(one.format, one.rows) for one in found] == [("jsonl", 500), ("csv", 500), ("parquet", 500)]
    assert all(one.us_per_row > 0 and one.rows_per_s > 0 for one in found)
    data = reading.answer(found).data
    assert isinstance(data, dict)
    assert sorted(data) == ["formats", "machine", "peak_mb"]
