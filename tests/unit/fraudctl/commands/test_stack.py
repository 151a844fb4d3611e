"""Starting a stack: what is refused before anything starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraudctl.cli import main
from fraudctl.home.stack import Stack
from fraudctl.settings import reading

RULES = """\
version: v1
thresholds: {review: 50, block: 80}
rules:
  large: {when: amount >> 5, points: 60, reason: large}
  odd: {when: amount > 5, points: many, reason: odd}
"""


def test_up_names_every_problem_of_the_rule_set_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules, home = tmp_path / "rules.yaml", tmp_path / "home"
    rules.write_text(RULES)
    assert main(["up", "--home", str(home), "--rules", str(rules), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "ruleset"
    assert error["hint"] == f"see every problem in its place with: fraudctl rules lint {rules}"
    first, *problems = error["message"].splitlines()
    assert first == f"ruleset {rules} has 2 problems:"
    assert [line.strip().split(": ")[:2] for line in problems] == [
        ["line 4", "rules.large.when"],
        ["line 5", "rules.odd.points"],
    ]
    assert not home.exists()


def test_where_others_keep_what_programs_said_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # As a command within a stack sees it that `docker compose up` alone has started.
    Stack(tmp_path, reading.load("default"), {}, {}, engine="compose", extra={"ready": True}).save()
    assert main(["logs", "ticker", "--home", str(tmp_path), "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], "docker compose logs" in error["hint"]) == ("no_logs", True)
