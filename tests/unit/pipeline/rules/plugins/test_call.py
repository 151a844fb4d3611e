"""Rules with logic: what a plug-in is handed, what it may answer, and what becomes of one that fails."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.records.decisions import Decision, Hit, Source, decode_decision, encode_decision
from pipeline.records.events import Transaction
from pipeline.rules import ruleset
from pipeline.rules.lint import lint
from pipeline.rules.plugins import call
from pipeline.rules.plugins.alarm import OVER_TIME
from pipeline.scoring.cases import run_cases, uncovered
from pipeline.scoring.scorer import Scorer, judge

RULES = """\
version: v1
fields: [mcc]
settings: {currency: EUR}
features:
  n: {by: user_id, agg: count, window: 5m}
  total: {by: user_id, agg: sum, of: amount, window: 5m}
rules:
  logic:
    {plugin: "own.py:logic", uses: [amount, country, lat, mcc, n, total], points: 40, reason: "{n} payments"}
  plain: {when: n > 5, points: 10}
thresholds: {review: 30, block: 50}
"""
EXAMPLE = Path(__file__).parents[5] / "docs" / "examples" / "model" / "rules.yaml"


def written(folder: Path, body: str, rules: str = RULES) -> Path:
    (folder / "own.py").write_text(textwrap.dedent(body), encoding="utf-8")
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    return folder / "rules.yaml"


@pytest.fixture
def soon_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call may take a fifth of its time."""
    monkeypatch.setattr(call, "LIMIT_S", call.LIMIT_S / 5)


def answering(folder: Path, expression: str) -> Scorer:
    body = f"def logic(transaction, features):\n    return {expression}\n"
    return Scorer(ruleset.load(written(folder, body)))


def verdict(scorer: Scorer, **values: Any) -> tuple[int, list[tuple[int, str]], Mapping[str, str]]:
    inputs = ("amount", "country", "lat", "mcc", "n", "total")
    found = scorer.score([values.get(name) for name in inputs])
    return found.score, [(hit.points, hit.text) for hit in found.hits], found.errors


def test_a_plugin_is_handed_exactly_what_it_uses_amounts_as_decimals_and_absent_values_left_out(
    tmp_path: Path,
) -> None:
    scorer = answering(tmp_path, 'True, f"{sorted(transaction.items())} {sorted(features.items())}"')
    _, [(points, text)], errors = verdict(scorer, amount=125_000, country="DE", mcc=5411, n=3, total=10**20)
    seen = "[('amount', Decimal('12.5000')), ('country', 'DE'), ('mcc', 5411.0)]"
    seen += " [('n', 3), ('total', Decimal('10000000000000000.0000'))]"
    assert (points, text, errors) == (40, seen, {})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("True", (40, [(40, "3 payments")])),
        ("False", (0, [])),
        ("None", (0, [])),
        ("0", (0, [])),
        ("25", (25, [(25, "3 payments")])),
        ("25, 'so many'", (25, [(25, "so many")])),
        ("True, 'x' * 600", (40, [(40, "x" * 500)])),
        ("False, 'nothing'", (0, [])),
        ("transaction['amount'] > 5", (40, [(40, "3 payments")])),
        ("__import__('numpy').float64(3) > 2", None),
    ],
)
def test_a_truth_value_or_points_decide_and_a_text_replaces_the_reason(
    tmp_path: Path, expression: str, expected: Any
) -> None:
    if expected is None:
        with pytest.raises(ruleset.RuleSetError, match="__import__"):
            answering(tmp_path, expression)
        return
    assert verdict(answering(tmp_path, expression), amount=60_000, n=3) == (*expected, {})


@pytest.mark.parametrize(
    ("points", "order"), [(9, ["plain", "logic"]), (10, ["logic", "plain"]), (11, ["logic", "plain"])]
)
def test_reasons_come_by_the_points_given_and_equal_ones_in_the_rule_sets_order(
    tmp_path: Path, points: int, order: list[str]
) -> None:
    scorer = answering(tmp_path, str(points))
    values = [None, None, None, None, 6, None]
    assert [hit.rule for hit in scorer.score(values).hits] == order
    tail = json.loads(b"{" + scorer.tail(values)[1:])
    assert ([hit["rule"] for hit in tail["reasons"]], tail["score"]) == (order, 10 + points)
    batch = scorer.score_batch(json.dumps([values]).encode() + b'\n{"event_id":"e"')
    assert [hit["rule"] for hit in json.loads(batch)["reasons"]] == order


def test_values_of_numpy_are_as_good_as_pythons(tmp_path: Path) -> None:
    body = """\
        import numpy as np
        def logic(transaction, features):
            return np.int64(7) if np.array([features["n"]]).sum() > 2 else np.bool_(True)
        """
    scorer = Scorer(ruleset.load(written(tmp_path, body)))
    assert [verdict(scorer, n=n)[0] for n in (3, 1)] == [7, 40]


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero (own.py line 2)"),
        ("features['total']", "KeyError: 'total' (own.py line 2)"),
        ("0.5", "TypeError: returned float, wanted are True, False or whole points"),
        ("41", "ValueError: returned 41 points, the rule has 40"),
        ("-1", "ValueError: returned -1 points, the rule has 40"),
        ("True, 5", "TypeError: the second of the two returned is no text"),
        ("[].x", "AttributeError: 'list' object has no attribute 'x' (own.py line 2)"),
        (
            "int('%s' % 'at 0x7f')",
            "ValueError: invalid literal for int() with base 10: 'at 0x…' (own.py line 2)",
        ),
        (
            "int(str(object()))",
            "ValueError: invalid literal for int() with base 10: '<object object at 0x…>' (own.py line 2)",
        ),
        ("(_ for _ in ()).throw(SystemExit('x' * 300))", f"SystemExit: {'x' * 188} (own.py line 2)"),
    ],
)
def test_a_plugin_that_fails_marks_the_decision_and_its_rule_does_not_fire(
    tmp_path: Path, expression: str, error: str
) -> None:
    scorer = answering(tmp_path, expression)
    expected = (10, [(10, "plain")], {"logic": error})
    assert [verdict(scorer, n=6), verdict(scorer, n=6)] == [expected, expected]
    assert scorer.plugin_errors == {"logic": 2}


def test_a_plugin_that_cannot_be_loaded_marks_every_decision(tmp_path: Path) -> None:
    scorer = Scorer(
        ruleset.load(written(tmp_path, "TABLE = {}[1]\ndef logic(transaction, features): return True\n"))
    )
    assert verdict(scorer, n=1) == (0, [], {"logic": "cannot be loaded: KeyError: 1 (own.py line 1)"})


def test_a_plugin_that_does_not_return_is_ended_where_that_can_be(tmp_path: Path, soon_over: None) -> None:
    body = "def logic(transaction, features):\n    while True:\n        pass\n"
    assert verdict(Scorer(ruleset.load(written(tmp_path, body))), n=1) == (0, [], {"logic": OVER_TIME})


def test_when_says_for_which_events_the_plugin_is_asked(tmp_path: Path) -> None:
    rules = RULES.replace('{plugin: "own.py:logic"', '{when: n > 2, plugin: "own.py:logic"')
    body = "def logic(transaction, features):\n    return features['n'] + 1\n"
    loaded = ruleset.load(written(tmp_path, body, rules))
    assert [verdict(Scorer(loaded), n=n)[0] for n in (2, 3)] == [0, 4]
    assert loaded.rules[0].when == "n > 2 and own.py:logic"
    assert judge(loaded.rules[0], loaded, {"n": 2}) is None


def test_a_batch_carries_the_errors_and_the_decision_can_be_read_again(tmp_path: Path) -> None:
    scorer = answering(tmp_path, "1 / 0")
    data = b"\n".join([json.dumps([[None] * 5 + [1], [1] * 6]).encode(), b'{"a":1', b'{"b":1'])
    line = b',"score":0,"decision":"approve","reasons":[],"plugin_errors":{"logic":"ZeroDivisionError: '
    assert [line in one for one in scorer.score_batch(data).split(b"\n")] == [True, True]
    transaction = Transaction("e", "u", 1_772_366_400_000, 5)
    hit = (Hit("plain", 1, "x"),)
    decision = Decision(
        transaction, 1, "approve", Source("t", 0, 0), hit, {}, "v", "h", False, False, {"a": 'b"'}
    )
    assert decode_decision(encode_decision(decision)) == decision
    assert b'"plugin_errors":{"a":"b\\""},"ruleset_version"' in encode_decision(decision)


def test_the_version_covers_source_and_model_and_the_content_needs_no_files(tmp_path: Path) -> None:
    body = "def logic(transaction, features):\n    return True\n"
    one = ruleset.load(written(tmp_path, body))
    other = ruleset.load(written(tmp_path, body + "# said differently\n"))
    assert one.hash != other.hash
    (tmp_path / "own.py").unlink()
    again = ruleset.parse(json.loads(json.dumps(one.content)))
    assert (again, again.content["plugins"]) == (one, {"own.py": body})
    with pytest.raises(ruleset.RuleSetError, match=r"own.py is no file beside the rule set") as refused:
        ruleset.load(tmp_path / "rules.yaml")
    assert [(problem.line, problem.path) for problem in refused.value.problems] == [(9, "rules.logic.plugin")]


def test_a_plugin_remembers_nothing_of_another_version_of_itself(tmp_path: Path) -> None:
    scorers = [
        Scorer(ruleset.load(written(tmp_path, f"LEVEL = {n}\ndef logic(t, f):\n    return LEVEL\n")))
        for n in (1, 2)
    ]
    assert [verdict(scorer)[0] for scorer in scorers] == [1, 2]


def test_the_shipped_example_asks_a_model_and_its_cases_pass() -> None:
    example = ruleset.load(EXAMPLE)
    assert lint(example) == []
    assert uncovered(example) == []
    assert [(one.kind, one.failures) for one in run_cases(example)] == [
        ("positive", ()),
        ("negative", ()),
        ("boundary", ()),
        ("late", ()),
    ]
    assert judge(
        example.rules[0],
        example,
        {
            "amount": 9_000_000,
            "user_tx_1h": 3,
            "user_mean_24h": 30.0,
            "user_age_ms": 40_000,
            "user_device_age_ms": 0,
            "user_country_age_ms": 0,
        },
    ) == (90, "100% likely to be a taken over account", None)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise BaseException('x')", "BaseException: x (own.py line 2)"),
        ("raise GeneratorExit", "GeneratorExit (own.py line 2)"),
        (
            "raise BaseExceptionGroup('x', [GeneratorExit()])",
            "BaseExceptionGroup: x (1 sub-exception) (own.py line 2)",
        ),
    ],
)
def test_whatever_a_plugin_raises_never_fails_its_caller(tmp_path: Path, body: str, error: str) -> None:
    scorer = Scorer(ruleset.load(written(tmp_path, f"def logic(transaction, features):\n    {body}\n")))
    assert verdict(scorer, n=6)[2]["logic"].startswith(error)


def test_an_error_whose_words_take_for_ever_or_are_an_error_is_one_all_the_same(
    tmp_path: Path, soon_over: None
) -> None:
    body = """\
        class Slow(Exception):
            def __str__(self):
                while True: pass
        class Wrong(Exception):
            def __str__(self): raise GeneratorExit
        def logic(transaction, features):
            raise Slow if features["n"] else Wrong
        """
    scorer = Scorer(ruleset.load(written(tmp_path, body)))
    assert [verdict(scorer, n=n)[2]["logic"] for n in (1, 0)] == [OVER_TIME, "Wrong (own.py line 7)"]


def test_a_text_is_what_it_is_and_not_what_its_class_makes_of_it(tmp_path: Path) -> None:
    body = """\
        class Text(str):
            def __getitem__(self, place): return 5
            def __str__(self): return "other"
            def __contains__(self, one): return False
        def logic(transaction, features):
            return True, Text("said")
        """
    scorer = Scorer(ruleset.load(written(tmp_path, body)))
    assert verdict(scorer, n=1) == (40, [(40, "said")], {})


@pytest.mark.parametrize(
    "act",
    [
        "__import__('os').system('true')",
        "__import__('subprocess').Popen(['true'])",
        "__import__('socket').socket()",
        "open('/etc/hostname').read()",
        "open('/dev/null', 'w')",
        "__import__('pathlib').Path('/tmp/of-a-plug-in').mkdir()",
        "__import__('ctypes').CDLL(None)",
    ],
)
def test_a_plugin_that_got_past_its_checks_still_acts_on_nothing(tmp_path: Path, act: str) -> None:
    scorer = answering(tmp_path, "transaction['mcc'](), 'done'")
    errors = verdict(scorer, n=1, mcc=eval(f"lambda: {act}"))[2]
    assert errors["logic"].startswith("PermissionError: ")
    assert not Path("/tmp/of-a-plug-in").exists()


HANGING = {
    "in C": "import itertools\ndef logic(transaction, features):\n    return sum(itertools.repeat(1))\n",
    "catching all": "def logic(transaction, features):\n    while True:\n        try:\n"
    "            while transaction is not None: transaction.get(1)\n"
    "        except BaseException: pass\n",
}


@pytest.mark.parametrize("body", HANGING.values(), ids=list(HANGING))
def test_a_call_that_cannot_be_ended_ends_the_command_and_says_where(tmp_path: Path, body: str) -> None:
    rules = written(tmp_path, body)
    asked = (
        "import sys, pathlib\nfrom pipeline.rules import ruleset\n"
        "from pipeline.rules.plugins import alarm, call\ncall.LIMIT_S, alarm.GRACE_S = 0.2, 0.2\n"
        "from pipeline.scoring.scorer import Scorer\n"
        "Scorer(ruleset.load(pathlib.Path(sys.argv[1]))).score([None] * 6)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked, str(rules)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGPROF
    assert '"own.py", line' in done.stderr
