"""Rule files that want to break out, or to take all time and memory: refused with line and reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pipeline.rules import lint, ruleset
from pipeline.scoring.cases import run_cases
from pipeline.settings import document
from tests.examples import each_size

slow = pytest.mark.slow
START = "version: evil\nthresholds: {review: 50, block: 80}\n"


def refused(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "evil.yaml"
    file.write_text(text, encoding="utf-8")
    began = time.process_time()
    with pytest.raises(ruleset.RuleSetError) as raised:
        ruleset.load(file)
    assert time.process_time() - began < 10
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


@pytest.mark.parametrize("count", each_size(10_000))
def test_thousands_of_rules_are_refused(tmp_path: Path, count: int) -> None:
    rules = "".join(f"  r{n}: {{when: amount > {n}, points: 1}}\n" for n in range(count))
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


def test_the_text_of_very_many_problems_is_short(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(START + "".join(f"n{number}{'n' * 200}: 1\n" for number in range(4_000)))
    with pytest.raises(ruleset.RuleSetError) as caught:
        ruleset.load(file)
    text = str(caught.value)
    assert (len(caught.value.problems), len(text) < 20_000) == (4_001, True)
    assert text.endswith("\nand 3971 more")


MANY = ", ".join(f"k{number}: 1" for number in range(20_000))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(START + bad("amount > 1") + MANY.replace(", ", "\n"), id="sections", marks=slow),
        pytest.param(START + f"rules: {{bad: {{when: amount > 1, {MANY}}}}}\n", id="of a rule", marks=slow),
        pytest.param(START + bad("amount > 1") + f"settings: {{{MANY}}}\n", id="settings"),
    ],
)
def test_a_file_of_one_mistake_many_times_is_given_up_after_thousands(tmp_path: Path, text: str) -> None:
    *first, last = refused(tmp_path, text)
    assert (len(first), last) == (5_000, "line 1: more than 5,000 problems: the rest was not looked at")


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


PLUGIN_RULE = START + "rules:\n  bad: {plugin: 'own.py:f', uses: [amount], points: 1}\n"
GOOD = "def f(transaction, features):\n    return True\n"


def refused_plugin(tmp_path: Path, source: str) -> list[str]:
    (tmp_path / "own.py").write_text(source, encoding="utf-8")
    return refused(tmp_path, PLUGIN_RULE)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os\n" + GOOD, "own.py line 1: import of os is not allowed; allowed are __future__, base64"),
        ("def f(transaction, features):\n    import socket\n", "own.py line 2: import of socket is not"),
        ("from time import time\n" + GOOD, "own.py line 1: import of time is not allowed"),
        ("from numpy import random\n" + GOOD, "own.py line 1: import of random is not allowed"),
        ("import numpy.random\n" + GOOD, "own.py line 1: import of numpy.random is not allowed"),
        ("from . import sibling\n" + GOOD, "own.py line 1: import of . is not allowed"),
        ("X = open('/etc/passwd')\n" + GOOD, "own.py line 1: open is not allowed"),
        ("X = eval('1')\n" + GOOD, "own.py line 1: eval is not allowed"),
        ("X = __builtins__\n" + GOOD, "own.py line 1: the name __builtins__ is not allowed"),
        ("X = ().__class__.__bases__\n" + GOOD, "own.py line 1: the attribute __bases__ is not allowed"),
        ("import datetime\nX = datetime.datetime.now()\n" + GOOD, "own.py line 2: the attribute now is not"),
        ("while True:\n    pass\n" + GOOD, "own.py line 1: only imports, functions, classes and constants"),
        ("N = 0\ndef f(transaction, features):\n    global N\n", "own.py line 3: global and nonlocal"),
        ("def f(transaction):\n    return True\n", "own.py line 1: f must take (transaction, features)"),
        ("def f(*both):\n    return True\n", "own.py line 1: f must take (transaction, features)"),
        ("class f:\n    pass\n", "own.py line 1: defines no function f at its top level"),
        ("def g(transaction, features):\n    return True\n", "own.py line 1: defines no function f"),
        ("def f(transaction, features)\n", "own.py line 1: not Python: expected ':'"),
        ("return 5\n" + GOOD, "own.py line 1: not Python: 'return' outside function"),
        ("X = " + "(" * 5_000 + "\n", "own.py line 1: not Python: "),
        ("X = " + "-" * 60_000 + "1\n" + GOOD, "own.py line 1: "),
        ("X = [" + "1," * 30_000 + "]\n" + GOOD, "own.py line 1: more than 20000 syntax nodes"),
        ("#" * 65_537, "own.py is larger than 65536 bytes"),
        ("\0" + GOOD, "own.py line 1: not Python: source code string cannot contain null bytes"),
    ],
    ids=range(24),
)
def test_a_plugin_that_reaches_out_is_refused_by_its_text_alone(
    tmp_path: Path, source: str, reason: str
) -> None:
    first, *_ = refused_plugin(tmp_path, source)
    assert first.startswith("line 4: rules.bad.plugin: " + reason)


def test_a_refused_plugin_has_not_run(tmp_path: Path) -> None:
    target = tmp_path / "touched"
    refused_plugin(tmp_path, f"import pathlib\npathlib.Path({str(target)!r}).touch()\n{GOOD}")
    assert not target.exists()


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("plugin: '/etc/own.py:f'", "plugin: is a file beside the rule set and a function in it"),
        ("plugin: '../own.py:f'", "plugin: is a file beside the rule set and a function in it"),
        ("plugin: 'own.py'", "plugin: is a file beside the rule set and a function in it"),
        ("plugin: 5", "plugin: is a file beside the rule set and a function in it: my_rules.py:function"),
        ("plugin: 'link.py:f'", "plugin: link.py is no file beside the rule set"),
        ("plugin: 'gone.py:f'", "plugin: gone.py is no file beside the rule set"),
        ("plugin: 'own.py:f', model: /dev/zero", "model: is the name of a file beside the rule set"),
        ("plugin: 'own.py:f', model: gone.onnx", "model: gone.onnx is no file beside the rule set"),
        ("plugin: 'own.py:f', model: big.onnx", "model: big.onnx is larger than 4000000 bytes"),
        ("plugin: 'own.py:f', uses: [nothing]", "uses: nothing is neither a feature nor a field"),
        ("plugin: 'own.py:f', uses: amount", "uses: lists the 1 to 100 fields and features that the plug-in"),
        ("when: amount > 1, uses: [amount]", "uses: belongs to a plug-in: name one with plugin"),
        ("plugin: 'own.py:f', when: 'f(amount)'", "when: column 1: not a condition such as amount > 5"),
    ],
    ids=range(13),
)
def test_a_plugin_that_is_named_wrongly_is_refused(tmp_path: Path, rule: str, problem: str) -> None:
    (tmp_path / "own.py").write_text(GOOD, encoding="utf-8")
    (tmp_path / "link.py").symlink_to("/etc/hostname")
    with (tmp_path / "big.onnx").open("wb") as big:
        big.truncate(4_000_001)
    uses = "" if "uses" in rule else ", uses: [amount]"
    uses = "" if rule.startswith("when") else uses
    first, *_ = refused(tmp_path, f"{START}rules:\n  bad: {{{rule}{uses}, points: 1}}\n")
    assert first.startswith(f"line 4: rules.bad.{problem}")


def test_hundreds_of_plugins_are_refused_before_any_is_read(tmp_path: Path) -> None:
    rules = "".join(f"  r{n}: {{plugin: 'own.py:f{n}', uses: [amount], points: 1}}\n" for n in range(500))
    (tmp_path / "own.py").write_text(GOOD, encoding="utf-8")
    assert refused(tmp_path, f"{START}rules:\n{rules}") == ["line 3: rules: at most 50 rules with plug-ins"]


def test_a_rule_set_does_not_bring_its_plugins_in_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(GOOD, encoding="utf-8")
    assert refused(tmp_path, PLUGIN_RULE + "plugins: {own.py: 'import os'}\n") == [
        "line 5: plugins: is made from the files that rules name with plugin and model"
    ]


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("amount > " + "9" * 400, "a number must stay below 1e308"),
        ("amount > 1" + "_0" * 310, "a number must stay below 1e308"),
        ("amount > 1e-999999", "is not a constant of the language"),
        ("amount > 0x" + "f" * 300, "is not a constant of the language"),
        ("amount > 1 << 99", "BinOp cannot be a value here"),
        ("country in [" + "'x'," * 450 + "]" + " " * 900, "longer than 2000 characters"),
        ("country == 'a' * 999999999", "column 12: arithmetic on text"),
        ("\u0430mount > 1", "\u0430mount is neither a feature nor a field"),
        ("\uff41mount.real > 1", "an attribute cannot be a value here"),
        ("amount > 1 \u202e or 1", "not an expression"),
        ("country == '\\ud800'", "a text holds NUL or a lone surrogate"),
        ("country == '\\x00'", "a text holds NUL or a lone surrogate"),
        ("amount > 5 if amount else 1", "not a condition such as amount > 5"),
        ("await amount", "not a"),
        ("amount > (yield)", "Yield cannot be a value here"),
        ("*amount, 5", "not an expression"),
    ],
    ids=range(16),
)
def test_odd_numbers_and_odd_letters_are_refused(tmp_path: Path, when: str, reason: str) -> None:
    problem, *_ = refused(tmp_path, rule(when))
    assert problem.startswith("line 5: rules.bad.when: ")
    assert reason in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: {<<: {b: 1}}\n" + START, "line 1: a: unknown; known are version"),
        (START + "rules: {b: {when: amount > 1, points: " + "9" * 5_000 + "}}\n", "must be a whole number"),
        *(
            pytest.param(
                START + "lists: {l: [" + "1, " * count + "a]}\n" + bad("amount in l"),
                "line 3: lists.l: must be",
                marks=[slow] if count > 2_000 else [],
            )
            for count in (2_000, 200_000)
        ),
        (START + "? [a, b]\n: 1\n", "line 3: a key must be plain text"),
        (START + "? {a: b}\n: 1\n", "line 3: a key must be plain text"),
        ("--- 1\n--- 2\n", "not YAML: "),
        ("%YAML 9.9\n---\na: 1\n", "not YAML: "),
        ("\ufeff\ufeffversion: \x07\n", "not YAML: "),
        (START + "features: {n: {by: ip, agg: count, window: " + "9" * 500 + "d}}\n", "n.window: "),
        (START + "rules: {b: {when: amount > 1, points: 1e999}}\n", "line 3: 1e999 is too large"),
        (START + "rules: {b: {when: amount > 1, points: .inf}}\n", "points: must be a whole number"),
        (START + "rules: {'" + "n" * 65 + "': {when: amount > 1, points: 1}}\n", "a rule's name is lower"),
    ],
    ids=range(13),
)
def test_odd_documents_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    assert any(problem in found for found in refused(tmp_path, text))


def long_list(items: Iterable[str], when: str) -> str:
    rules = "".join(f"  r{n}: {{when: '{when} and amount > {n}', points: 1}}\n" for n in range(500))
    return f"{START}lists: {{l: [{','.join(items)}]}}\nrules:\n{rules}"


SLOW = {
    "texts": long_list((f"u{n}" for n in range(100_000)), "country in l"),
    "texts, and not": long_list((f"u{n}" for n in range(100_000)), "country in l and country not in l"),
    "numbers": long_list(map(str, range(100_000)), "lat not in l"),
    "networks": long_list((f"10.{n >> 8}.{n & 255}.0/24" for n in range(50_000)), "ip in l"),
    "alternatives": START
    + "rules:\n"
    + "".join(
        f"  r{n}: {{when: '{' and '.join(f'(lat > {n + k} or lon < {k})' for k in range(9))}', points: 1}}\n"
        for n in range(500)
    ),
    "branches": START
    + "rules:\n"
    + "".join(
        f"  r{n}: {{when: '{' or '.join(f'lat > {n * 100 + k}' for k in range(120))}', points: 1}}\n"
        for n in range(500)
    ),
}


PLAIN = f"l: [{','.join(f'u{n}' for n in range(100_000))}]\n"
AT_MOST = 10
"""The times that it takes to read a long list, which is 0.2 s of processor time on a core of its own."""


@slow
@pytest.mark.parametrize("text", SLOW.values(), ids=list(SLOW))
def test_a_sound_file_of_whatever_shape_is_looked_through_in_seconds(tmp_path: Path, text: str) -> None:
    file = tmp_path / "slow.yaml"
    file.write_text(text, encoding="utf-8")
    assert len(text) < 1_000_000
    plain = taken(lambda: document.read(PLAIN))
    assert taken(lambda: lint.lint(ruleset.load(file))) < AT_MOST * max(
        plain, taken(lambda: document.read(PLAIN))
    )


def taken(act: Callable[[], object]) -> float:
    """Processor seconds. On a busy machine all of them are longer alike."""
    began = time.process_time()
    act()
    return time.process_time() - began


@pytest.mark.parametrize("entry", ["a,", *(pytest.param(one, marks=slow) for one in ("1,", "[],", "{},"))])
def test_a_file_of_more_entries_than_can_be_looked_through_in_seconds_is_refused(
    tmp_path: Path, entry: str
) -> None:
    assert refused(tmp_path, START + "lists: {l: [" + entry * 300_000 + "a]}\n") == [
        "line 3: more than 250,000 entries"
    ]
