"""One event under several rule sets."""

from __future__ import annotations

import copy
from typing import Any

from fraudctl.decisions.side_by_side import rows, verdict
from pipeline.records.decisions import Decision, Hit, Source
from pipeline.records.events import Transaction
from pipeline.records.quantities import Number
from pipeline.rules.ruleset import parse

CONTENT: dict[str, Any] = {
    "version": "v1",
    "features": {"n": {"by": "user_id", "agg": "count", "window": "5m"}},
    "rules": {"busy": {"when": "n >= 3", "points": 60}, "large": {"when": "amount > 100", "points": 30}},
    "thresholds": {"review": 50, "block": 80},
}
OWN = parse(CONTENT)
DECISION = Decision(
    Transaction("e1", "ada", 1_767_225_600_000, 1_500_000, {}),
    90,
    "block",
    Source("t", 0, 1),
    (Hit("busy", 60, ""), Hit("large", 30, "")),
    {"n": Number("4")},
    "v1",
    OWN.hash,
    False,
    False,
)


def test_each_rule_set_judges_the_recorded_values() -> None:
    edited = copy.deepcopy(CONTENT)
    edited["rules"]["busy"]["when"] = "n >= 5"
    edited["rules"]["new"] = {"when": "amount > 140", "points": 5}
    both = [verdict(DECISION, OWN, OWN), verdict(DECISION, OWN, parse(edited))]
    assert [(one.decision, one.score, one.is_complete) for one in both] == [
        ("block", 90, True),
        ("approve", 35, True),
    ]
    assert rows(both) == [("busy", "+60", ""), ("new", "no such rule", "+5"), ("large", "+30", "+30")]


def test_a_feature_declared_otherwise_is_not_guessed() -> None:
    wider = copy.deepcopy(CONTENT)
    wider["features"]["n"]["window"] = "10m"
    one = verdict(DECISION, OWN, parse(wider))
    assert (one.fired, one.score, one.is_complete) == ({"busy": None, "large": 30}, 30, False)
    assert not verdict(DECISION, None, OWN).is_complete
    assert rows([one])[0] == ("busy", "not known")
