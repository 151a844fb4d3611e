"""What changed between two rule sets, for people and for machines."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.cli import main
from fraudctl.rules.diff import changes
from pipeline.rules.ruleset import parse

BEFORE: dict[str, Any] = {
    "version": "v1",
    "lists": {"risky": ["IR", "KP"]},
    "features": {
        "n": {"by": "user_id", "agg": "count", "window": "5m"},
        "old": {"by": "ip", "agg": "count", "window": "5m"},
    },
    "rules": {
        "busy": {"when": "n > 5 and old > 1", "points": 60},
        "risky": {"when": "country in risky", "points": 10},
    },
    "thresholds": {"review": 50, "block": 70},
}


def after() -> dict[str, Any]:
    content = copy.deepcopy(BEFORE)
    content["version"] = "v2"
    content["lists"]["risky"] = ["KP", "MM"]
    content["features"]["n"]["window"] = "10m"
    del content["features"]["old"]
    content["rules"]["busy"] = {"when": "n > 6", "points": 60, "reason": "{n} payments"}
    content["rules"]["new"] = {"when": "amount > 5", "points": 1}
    content["thresholds"]["review"] = 40
    return content


def test_every_entry_that_differs_is_told_with_the_keys_that_differ() -> None:
    found = [(c.kind, c.section, c.name, c.sentence()) for c in changes(parse(BEFORE), parse(after()))]
    assert found == [
        ("changed", "version", "", "v1 → v2"),
        ("changed", "features", "n", "window: 5m → 10m"),
        ("removed", "features", "old", "by: ip, agg: count, window: 5m"),
        ("changed", "rules", "busy", "reason: nothing → {n} payments; when: n > 5 and old > 1 → n > 6"),
        ("added", "rules", "new", "when: amount > 5, points: 1"),
        ("changed", "lists", "risky", '+ ["MM"]; - ["IR"]'),
        ("changed", "thresholds", "review", "50 → 40"),
    ]


def test_order_and_cases_mean_nothing() -> None:
    shuffled = dict(reversed(BEFORE.items())) | {"tests": {"cases": {}}}
    assert changes(parse(BEFORE), parse(shuffled)) == []


def test_the_command_compares_files_and_shipped_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(json.dumps(BEFORE))
    other.write_text(json.dumps(after()))
    assert main(["rules", "diff", str(one), str(other), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert (data["same"], len(data["changes"])) == (False, 7)
    assert data["changes"][6] == {
        "section": "thresholds",
        "name": "review",
        "change": "changed",
        "before": 50,
        "after": 40,
    }
    assert main(["rules", "diff", "default", "default"]) == 0
    assert "the same" in capsys.readouterr().out
