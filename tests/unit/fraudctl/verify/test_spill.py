"""What is spilled to disk while the log and the stores are read."""

from __future__ import annotations

from pathlib import Path

from fraudctl.verify import spill


def test_what_several_writers_spill_is_read_by_bucket(tmp_path: Path) -> None:
    count = 25_000  # more than one flush
    for writer in ("a", "b"):
        with spill.Spill(tmp_path, writer) as out:
            for n in range(count):
                out.add(spill.bucket_of(("ü\ud800", f"e{n}"), 7), ("ü\ud800", n, None, b"x"))
    found = [row for bucket in spill.buckets(tmp_path) for row in spill.rows(tmp_path, bucket)]
    assert len(spill.buckets(tmp_path)) == 7
    assert sorted(row[1] for row in found) == sorted([*range(count)] * 2)
    assert list(spill.rows(tmp_path, "nothing")) == []
