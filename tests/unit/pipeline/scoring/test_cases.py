"""Cases inside a rule set: the notation, what fails and how it is told, and the shipped ones."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.rules import ruleset
from pipeline.scoring.cases import Outcome, run_cases, uncovered

SHIPPED = Path(__file__).parents[4] / "profiles" / "rules" / "default.yaml"

CONTENT: dict[str, Any] = {
    "version": "v1",
    "lists": {"trusted": []},
    "features": {"n": {"by": "user_id", "agg": "count", "window": "1m"}},
    "rules": {
        "busy": {"when": "n >= 3", "points": 60},
        "known": {"when": "user_id in trusted", "points": -100},
    },
    "thresholds": {"review": 50, "block": 80},
}


def run(cases: Any, **more: Any) -> list[Outcome]:
    tests = {"defaults": {"user_id": "ada", "amount": 10}, "cases": cases, **more}
    return run_cases(ruleset.parse({**CONTENT, "tests": tests}))


def failures(cases: Any, **more: Any) -> list[str]:
    return [failure for outcome in run(cases, **more) for failure in outcome.failures]


def test_every_shipped_rule_has_all_four_cases_and_they_pass_in_a_second() -> None:
    began = time.process_time()
    loaded = ruleset.load(SHIPPED)
    outcomes = run_cases(loaded)
    assert [outcome for outcome in outcomes if outcome.failures] == []
    assert uncovered(loaded) == []
    assert len(outcomes) == 4 * len(loaded.rules) + 6
    assert time.process_time() - began < 1


def test_cases_are_no_part_of_the_version() -> None:
    with_tests = ruleset.parse({**CONTENT, "tests": {"cases": {}}})
    assert with_tests.hash == ruleset.parse(CONTENT).hash
    assert with_tests.content == CONTENT


def test_events_repeat_follow_each_other_and_may_be_late() -> None:
    cases = {
        "busy": {
            "positive": [{"times": 3, "every": "10s"}],
            "negative": [{"times": 2, "every": "10s"}],
            "boundary": [{"times": 2, "every": "1ms"}, {"at": "1m", "fires": False}],
            "late": [{"times": 2, "every": "1s"}, {"at": "30s", "user_id": "bob"}, {"at": "2s"}],
        },
        "copies": {"one": [{"event_id": "x"}, {"event_id": "x", "expect": "none"}]},
        "details": {
            "all": [
                {
                    "times": 3,
                    "expect": {
                        "decision": "review",
                        "score": 60,
                        "rules": ["busy"],
                        "late": False,
                        "features": {"n": 3},
                    },
                }
            ]
        },
    }
    assert failures(cases) == []


def test_lists_may_be_filled_for_the_tests_alone() -> None:
    cases = {"known": {"positive": [{"user_id": "grace"}]}}
    assert failures(cases, lists={"trusted": ["grace"]}) == []
    assert "known does not fire" in failures(cases)[0]
    assert failures(cases, lists={"unknown": []}) == ["tests.lists: known lists are trusted"]


@pytest.mark.parametrize(
    ("cases", "failure"),
    [
        ({"busy": {"positive": [{}]}}, "event 1: busy does not fire (fired: none; features: amount 10"),
        ({"busy": {"negative": [{"times": 3}]}}, "event 3: busy fires (fired: busy"),
        ({"busy": {"late": [{"times": 3}]}}, "no event of this case is late"),
        ({"busy": {"boundary": [{}]}}, "a boundary case says on which events the rule fires"),
        ({"busy": {"sometimes": [{}]}}, "the cases of a rule are positive, negative, boundary, late"),
        ({"busy": [{}]}, "a case is kinds (positive, negative, …), each with a list of events"),
        ({"busy": {"positive": [{"amount": "1"}]}}, "event 1 is no transaction: wrong_type: amount is not a"),
        ({"busy": {"positive": [{"at": "soon"}]}}, "at must be a time such as"),
        ({"busy": {"positive": [{"fires": "yes"}]}}, "fires is true or false"),
        ({"other": {"x": [{}]}}, "no event says what it expects, and no rule has this name"),
        ({"other": {"x": [{"expect": "block"}]}}, "event 1: decision is approve, expected block"),
        ({"other": {"x": [{"expect": {"colour": 1}}]}}, "event 1: expect knows decision, score"),
        ({"other": {"x": [{"expect": {"late": {"by": 1}}}]}}, "event 1: late is False, expected {'by': 1}"),
        (
            {"other": {"x": [{"event_id": "a"}, {"event_id": "a", "expect": "block"}]}},
            "event 2: is a duplicate",
        ),
    ],
)
def test_a_failure_says_which_event_and_what_came_of_it(cases: Any, failure: str) -> None:
    (found,) = failures(cases)
    assert found.startswith(failure)


def test_an_outcome_names_the_line_of_its_case(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "version: v\nrules:\n  r: {when: amount > 5, points: 1}\nthresholds: {review: 1, block: 2}\ntests:\n"
        "  defaults: {user_id: u, amount: 1}\n  cases:\n    r:\n      positive: [{}]\n",
        encoding="utf-8",
    )
    (outcome,) = run_cases(ruleset.load(file))
    assert (outcome.name, outcome.kind, outcome.line, outcome.events) == ("r", "positive", 9, 1)
    assert [str(p) for p in uncovered(ruleset.load(file))] == [
        "line 3: rules.r: no negative, boundary, late case"
    ]
