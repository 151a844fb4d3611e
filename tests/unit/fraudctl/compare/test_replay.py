"""What a replay is going to do, and what it refuses; replays themselves run in tests/stack."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from fraudctl.cli import main
from fraudctl.commands.replay import _answer
from fraudctl.compare.causes import Cause, Kind
from fraudctl.compare.diff import Diff
from fraudctl.compare.replay import Replay
from fraudctl.compare.replay_plan import EVENTS_A_SECOND, START_S, Plan, Range, is_logged
from pipeline.rules.ruleset import load

RULES = load(Path(__file__).parents[4] / "profiles" / "rules" / "default.yaml")
PLAN = Plan(RULES, 1, "risk.transactions", {0: Range(10, 50, 90, 100), 1: Range(0, 0, 0, 20)}, None, 5, 2)


def test_a_plan_counts_what_is_read_and_what_is_compared() -> None:
    assert (PLAN.reads, PLAN.compares) == (110, 40)
    assert PLAN.estimate_s == 2 * (START_S + 110 / EVENTS_A_SECOND)
    document = PLAN.as_document()
    assert (document["warm_up"], document["offsets"]["0"]) == (
        70,
        {"start": 10, "first": 50, "last": 90, "end": 100},
    )


def test_only_settled_events_of_the_range_are_compared() -> None:
    assert [PLAN.includes(0, offset) for offset in (49, 50, 89, 90)] == [False, True, True, False]
    assert not PLAN.includes(1, 0)
    assert not PLAN.includes(7, 60)


def test_a_base_is_decisions_of_the_log_or_a_second_replay() -> None:
    assert [is_logged(base) for base in (None, "live", "run:7", "run:x", "default", "mine.yaml")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        ([], 2),
        (["--rule-version", "v1", "--rules", "x.yaml"], 2),
        (["--rules", "x.yaml", "--report", "page.html"], 2),
        (["--rule-version", "default"], 4),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_starts(
    arguments: list[str], exit_code: int, tmp_path: Path
) -> None:
    assert main(["replay", *arguments, "--home", str(tmp_path)]) == exit_code


def test_the_answer_names_what_differs_and_fails_only_when_a_rule_set_contradicts_itself(
    tmp_path: Path,
) -> None:
    page = tmp_path / "page.html"
    for diff, exit_code in (
        (Diff(compared=9), 0),
        (Diff(compared=9, removed=1), 0),
        (Diff(compared=9, removed=1, same_ruleset=True), 5),
    ):
        found = Replay(PLAN, {"run": 3}, {"approved": 9}, None, "live", diff, {"run": 4, "decisions": 9})
        answer = _answer(found, page)
        assert answer.exit_code == exit_code
        assert answer.summary.startswith(f"9 compared with live in 0.0 s: 0 changed, 0 added, {diff.removed}")
        assert isinstance(answer.data, dict)
        assert {"compared", "changed", "added", "removed", "by_rule"} <= answer.data.keys()
        assert "published as run 4" in page.read_text(encoding="utf-8")
    assert "9 decisions in kept" in _answer(Replay(PLAN, {}, {"approved": 9}, "kept"), None).summary


@pytest.mark.parametrize(
    ("cause", "exit_code"),
    [
        (Cause(Kind.FEATURE_FOR_RULE, "warming_up"), 5),
        (Cause(Kind.FEATURE), 5),
        (Cause(Kind.WARMING_FOR_RULE, "busy"), 0),
        (Cause(Kind.WARMING), 0),
    ],
)
def test_only_values_that_were_warming_excuse_a_rule_set_that_contradicts_itself(
    cause: Cause, exit_code: int
) -> None:
    diff = Diff(compared=9, changed=1, same_ruleset=True, causes=Counter([cause]))
    answer = _answer(Replay(PLAN, {"run": 3}, {"approved": 9}, None, "live", diff), None)
    assert isinstance(answer.data, dict)
    assert (answer.exit_code, answer.data["causes"]) == (exit_code, {str(cause): 1})
