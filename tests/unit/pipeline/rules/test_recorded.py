"""A rule set that was in force before its plug-in was refused: it stays so, and the plug-in is not called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fraudctl.errors import UsageError
from fraudctl.home import rulesets
from fraudctl.observe import doctor
from fraudctl.rules import changes
from pipeline.rules import ruleset
from pipeline.scoring import activation
from pipeline.scoring.scorer import Scorer, judge


def content(source: str) -> dict[str, Any]:
    return {
        "version": "old",
        "settings": {"currency": "EUR"},
        "rules": {
            "asks": {"plugin": "own.py:f", "uses": ["amount"], "points": 60},
            "plain": {"when": "amount > 5", "points": 20},
        },
        "thresholds": {"review": 20, "block": 80},
        "plugins": {"own.py": source},
    }


def refused(folder: Path) -> dict[str, Any]:
    """One whose plug-in leaves a file where it is called."""
    touched = folder / "touched"
    return content(f"import os\nos.mkdir({str(touched)!r})\ndef f(transaction, features):\n    return True\n")


def test_its_rule_does_not_fire_decisions_say_so_and_nothing_of_it_runs(tmp_path: Path) -> None:
    found = ruleset.recorded(refused(tmp_path))
    scored = Scorer(found).score([100_000])
    assert [hit.rule for hit in scored.hits] == ["plain"]
    assert scored.errors["asks"].startswith("is not called by this version: own.py line 1: import of os")
    points, _, error = judge(found.rules[0], found, {"amount": 100_000}) or (0, "", "")
    assert (points, error) == (0, scored.errors["asks"])
    assert list(tmp_path.iterdir()) == []


def test_it_stays_in_force_and_can_be_read_and_named(tmp_path: Path) -> None:
    old = refused(tmp_path)
    found = ruleset.recorded(old)
    assert found.hash == ruleset.content_hash(old)
    rulesets.store(tmp_path, old)
    kept = rulesets.by_hash(tmp_path, found.hash)
    assert kept == found
    assert list(found.refused) == ["asks"]
    said = [one for one in doctor.examine(tmp_path, {}) if one.name == "rule asks"]
    assert [(one.state, "own.py line 1: import of os" in one.finding) for one in said] == [
        (doctor.BROKEN, True)
    ]


def test_what_was_activated_after_it_counts(tmp_path: Path) -> None:
    records: list[activation.Record] = []
    for number, one in enumerate((refused(tmp_path), content("def f(transaction, features): return True\n"))):
        chain = activation.read(records)
        value = activation.following(chain, "apply", ruleset.recorded(one), None, None)
        records.append((number, number, value))
    assert activation.sorted_out(records).aside == []
    assert [ruleset.recorded(one.content).refused.keys() for one in activation.read(records)] == [
        {"asks"},
        set(),
    ]


def test_it_is_not_put_into_force_anew(tmp_path: Path) -> None:
    old = refused(tmp_path)
    with pytest.raises(ruleset.RuleSetError, match="import of os is not allowed"):
        ruleset.parse(old)
    with pytest.raises(UsageError, match=r"rules.asks.plugin: own.py:f is not called by this version"):
        changes.refuse_stopped(tmp_path, ruleset.recorded(old))
    name = rulesets.store(tmp_path, old)
    with pytest.raises(ruleset.RuleSetError, match="import of os is not allowed"):
        rulesets.load(rulesets.place(tmp_path, name))


def test_what_is_wrong_besides_is_as_wrong_as_ever() -> None:
    old = content("import os\ndef f(transaction, features):\n    return True\n")
    old["rules"]["plain"]["when"] = "nothing > 5"
    with pytest.raises(ruleset.RuleSetError, match="nothing is neither a feature nor a field"):
        ruleset.recorded(old)


@pytest.mark.parametrize("depth", [10_000, 200_000])
def test_a_kept_rule_set_of_any_shape_is_refused_in_words(tmp_path: Path, depth: int) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text("[" * depth)
    with pytest.raises(ruleset.RuleSetError, match="cannot be read"):
        rulesets.load(deep)
    with deep.open("wb") as file:
        os.ftruncate(file.fileno(), rulesets.MAX_JSON + 1)
    with pytest.raises(ruleset.RuleSetError, match="longer than"):
        rulesets.load(deep)
