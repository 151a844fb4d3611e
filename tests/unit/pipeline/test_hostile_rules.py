"""Rule files that want to break out, or to take all time and memory: refused with line and reason."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipeline import ruleset
from pipeline.rule_cases import run_cases

START = "version: evil\nthresholds: {review: 50, block: 80}\n"


def refused(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "evil.yaml"
    file.write_text(text, encoding="utf-8")
    began = time.perf_counter()
    with pytest.raises(ruleset.RuleSetError) as raised:
        ruleset.load(file)
    assert time.perf_counter() - began < 20
    return [str(problem) for problem in raised.value.problems]


def bad(when: str) -> str:
    return f"rules:\n  bad:\n    when: >-\n      {when}\n    points: 1\n"


def rule(when: str) -> str:
    return START + bad(when)


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("amount.__class__.__bases__ == 1", "column 1: an attribute cannot be a value here"),
        ("().__class__.__mro__[1].__subclasses__()", "column 1: not a condition such as amount > 5"),
        ("__import__('os').system('touch /tmp/x') == 0", "column 1: this call cannot be a value"),
        ("exec('1') == 1", "column 1: this call cannot be a value here"),
        ("present(__import__('os'))", "column 1: present takes the name of one field or feature"),
        ("[x for x in range(9)] == 1", "column 1: ListComp cannot be a value here"),
        ("(lambda: 1)() == 1", "column 1: this call cannot be a value here"),
        ("f'{amount}' == 'x'", "column 1: an f-string cannot be a value here"),
        ("(amount := 5) > 1", "column 2: an assignment cannot be a value here"),
        ("amount > 9**9**9**9", "column 10: BinOp cannot be a value here"),
        ("amount > 1e999", "column 10: a number must stay below 1e308"),
        ("__builtins__ == 1", "column 1: __builtins__ is neither a feature nor a field"),
        ("import os", "not an expression"),
        ("(" * 900 + "amount > 1" + ")" * 900, "not an expression"),
        ("not " * 400 + "present(ip)", "nested deeper than 30"),
        (" and ".join(["amount > 1"] * 200), "longer than 2000 characters"),
    ],
    ids=range(16),
)
def test_an_expression_outside_the_language_is_refused(tmp_path: Path, when: str, reason: str) -> None:
    (problem,) = refused(tmp_path, rule(when))
    assert problem.startswith("line 5: rules.bad.when: ")
    assert reason in problem


def test_ten_thousand_rules_are_refused(tmp_path: Path) -> None:
    rules = "".join(f"  r{n}: {{when: amount > {n}, points: 1}}\n" for n in range(10_000))
    assert refused(tmp_path, f"{START}rules:\n{rules}") == ["line 3: rules: at most 500 rules"]


def test_a_window_of_years_is_refused(tmp_path: Path) -> None:
    text = f"{START}features:\n  wide: {{by: ip, agg: count, window: 9000d}}\n{bad('wide > 1')}"
    assert refused(tmp_path, text) == ["line 4: features.wide.window: window must lie between 1ms and 2160h"]


def test_a_sequence_of_a_billion_steps_is_refused(tmp_path: Path) -> None:
    step = "{where: amount > 1, times: 1000000000}"
    text = f"{START}features:\n  long: {{by: ip, sequence: [{step}], within: 1h}}\n{bad('long')}"
    assert refused(tmp_path, text) == [
        "line 4: features.long.sequence.0.times: times must lie between 1 and 100"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "line 1: anchors and aliases are not allowed"),
        (START + "rules: !!python/object/apply:os.system ['true']\n", "line 3: tags are not allowed"),
        (START + "rules:\n" + "  - " + "[" * 5_000, "line 4: nested deeper than 10"),
        ("x" * 1_000_001, "longer than 1000000 characters"),
        (START + "rules: {a: 1, a: 2}\n", "line 3: a appears twice"),
    ],
    ids=["bomb", "tag", "deep", "long", "twice"],
)
def test_a_yaml_bomb_is_refused_before_it_is_built(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = refused(tmp_path, text)
    assert problem in found or "not YAML" in found


def test_a_case_with_a_billion_events_is_refused() -> None:
    content = {
        "version": "v",
        "rules": {"r": {"when": "amount > 1", "points": 1}},
        "thresholds": {"review": 1, "block": 2},
        "tests": {
            "defaults": {"user_id": "u", "amount": 1},
            "cases": {"r": {"positive": [{"times": 10**9}]}},
        },
    }
    (outcome,) = run_cases(ruleset.parse(content))
    assert outcome.failures == ("times must be from 1 on, all events at most 20000",)
