"""The accounts of rows that were refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from fraudctl.cli import main
from fraudctl.errors import UsageError
from fraudctl.files.making import RefusedRow
from fraudctl.files.refusals import KEPT, Limit, Refusals, limit


def test_all_refusals_are_written_and_the_first_of_each_reason_shown(tmp_path: Path) -> None:
    refusals = Refusals(tmp_path / "out" / "refused.jsonl")
    for number in range(KEPT + 5):
        refusals.add(RefusedRow(number, "often", f"often: {number}"))
    refusals.add(RefusedRow(7, "once", "once: ü", "a/b.csv"))
    refusals.close()
    assert refusals.written is not None
    lines = refusals.written.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(refusals) == KEPT + 6
    assert json.loads(lines[-1]) == {"file": "a/b.csv", "line": 7, "code": "once", "reason": "once: ü"}
    assert refusals.written.stat().st_mode & 0o077 == 0
    document = refusals.as_document()
    assert (len(document["refused"]), document["refused_rows"]) == (KEPT, KEPT + 6)
    assert document["refused_by_reason"] == {"often": KEPT + 5, "once": 1}
    (table,) = refusals.tables()
    assert table.rows == [
        (KEPT + 5, 0, "often: 0"),
        (None, 1, "often: 1"),
        (None, 2, "often: 2"),
        (1, "b.csv 7", "once: ü"),
    ]


def test_nothing_is_written_and_shown_of_nothing(tmp_path: Path) -> None:
    refusals = Refusals(tmp_path / "refused.jsonl")
    refusals.close()
    assert (refusals.written, refusals.tables(), list(tmp_path.iterdir())) == (None, (), [])


def test_a_limit_is_a_share_or_a_number() -> None:
    assert limit("1%") == Limit(share=Fraction(1, 100))
    assert not limit("29%").is_exceeded(29, 100)
    assert limit("28.9%").is_exceeded(29, 100)
    assert limit("12") == Limit(rows=12)
    assert not limit(None).is_exceeded(5, 5)
    assert [limit("1%").is_exceeded(count, 200) for count in (2, 3)] == [False, True]
    for text in ("x", "-1", "101%", ""):
        with pytest.raises(UsageError, match="--max-refused"):
            limit(text)


def test_a_backtest_writes_what_it_refused_and_fails_beyond_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "x.csv", tmp_path / "refused.jsonl"
    rows = [f"e{n},u,2026-03-01T10:00:0{n}Z,{'x' if n == 3 else 1}" for n in range(10)]
    file.write_text("\n".join(["event_id,user_id,event_time,amount", *rows]), encoding="utf-8")
    command = ["backtest", str(file), "--refused", str(out), "--json"]
    assert main([*command, "--max-refused", "10%"]) == 0
    assert main([*command, "--max-refused", "9%"]) == 1
    assert (
        "more rows refused than --max-refused"
        in json.loads(capsys.readouterr().out.splitlines()[-1])["summary"]
    )
    assert json.loads(out.read_text(encoding="utf-8")) == {
        "line": 5,
        "code": "bad_amount",
        "reason": "bad_amount: 'x' is not a decimal number",
        "row": rows[3],
    }
