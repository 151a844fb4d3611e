"""Lines in any encoding and of any length."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.files.rows import RefusedRow
from tests.unit.fraudctl.files.as_read import DAY, PLAIN, file, refused, rows_of, sent


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_other_encodings_are_recognised_or_given(tmp_path: Path, encoding: str) -> None:
    path = file(tmp_path, f"{PLAIN},merchant_id\r\ne1,u,{DAY}10:00Z,1,Café Zürich\r\n".encode(encoding))
    options = {"encoding": "cp1252"} if encoding == "cp1252" else {}
    assert sent(rows_of(path, **options))[0]["merchant_id"] == "Café Zürich"
    if encoding.startswith("utf-16"):
        assert sent(rows_of(path, encoding="utf-16"))[0]["merchant_id"] == "Café Zürich"
    if encoding == "cp1252":
        assert "see --encoding" in refused(rows_of(path))[0][1]


def test_a_line_of_any_length_is_refused_by_its_length(tmp_path: Path) -> None:
    good = f"e1,u,{DAY}10:00Z,1\n"
    rows = rows_of(file(tmp_path, f"{PLAIN}\n{good}{'x' * 3_000_000}\n{good}"))
    assert [(row.number, row.code) for row in rows if isinstance(row, RefusedRow)] == [(3, "too_large")]
    assert "3000000 bytes" in refused(rows)[0][1]
    one = f'{{"event_id":"e","user_id":"u","event_time":"{DAY}10:00Z","amount":1%s}}'
    lines = [one % "", one % f',"x":"{"y" * 3_000_000}"', one % "", (one % "") * 20_000, one % ""]
    rows = rows_of(file(tmp_path, "\n".join(lines), "x.jsonl"))
    assert (len(rows), [(row.number, row.code) for row in rows if isinstance(row, RefusedRow)]) == (
        20_004,
        [(2, "too_large")],
    )
