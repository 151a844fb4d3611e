"""Columns that share a name: one is said by its place among them, and none is taken in silence."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from fraudctl.cli import main
from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, RefusedRow, Row

HEADING = ["event_id", "user_id", "event_time", "Amount", "Amount", "Amount"]
ROW = ["e1", "u", "2026-01-31T10:00:00Z", "1", "2", "3"]


def written(folder: Path, kind: str) -> Path:
    path = folder / f"x.{kind}"
    if kind == "csv":
        path.write_text("\n".join(map(",".join, (HEADING, ROW, HEADING))), encoding="utf-8")
    else:
        pyarrow.parquet.write_table(pyarrow.Table.from_arrays([[one] for one in ROW], names=HEADING), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_one_of_several_columns_of_a_name_is_said_by_its_place_and_the_others_are_left_out(
    tmp_path: Path, kind: str
) -> None:
    path = written(tmp_path, kind)
    for place in (1, 2, 3):
        options = ReadOptions(fields={"amount": f"Amount#{place}"}, kinds={"amount": "number"})
        rows = list(Reading(path, options, 65_536))
        made = [row.transaction for row in rows if isinstance(row, Row)]
        assert [(one.amount_units, one.fields) for one in made] == [(place * 10_000, {})]
        refused = [row.code for row in rows if isinstance(row, RefusedRow)]
        assert refused == (["repeated_heading"] if kind == "csv" else [])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_without_that_the_file_is_refused_once_with_what_to_say(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind)
    with pytest.raises(UsageError, match="several columns are named Amount") as refused:
        Reading(path, ReadOptions(fields={"amount": "Amount"}), 65_536)
    assert "--map FIELD='Amount#1' is the first" in (refused.value.hint or "")
    with pytest.raises(UsageError, match="has no column Amount#4"):
        Reading(path, ReadOptions(fields={"amount": "Amount#4"}), 65_536)


def test_inspect_says_how_to_choose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "csv")
    assert main(["inspect", str(path)]) == 1
    assert "--map FIELD=Amount#1" in capsys.readouterr().out
    assert main(["inspect", str(path), "--map", "amount=Amount#2"]) == 0
    assert "--map 'amount=Amount#2'" in capsys.readouterr().out
