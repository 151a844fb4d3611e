"""What `rules lint` shows of a rule set."""

from __future__ import annotations

from pathlib import Path

from fraudctl.rules.report import Checked
from pipeline.rules.ruleset import Problem


def test_a_table_of_problems_can_be_read_however_many_there_are() -> None:
    problems = [Problem(f"rules.r{number}", number, "is wrong") for number in range(5_000)]
    (table,) = Checked(Path("rules.yaml"), None, problems).tables()
    *shown, last = table.rows
    assert [row[1] for row in shown] == list(range(100))
    assert last[-1] == "and 4,900 more; --json has them all"
