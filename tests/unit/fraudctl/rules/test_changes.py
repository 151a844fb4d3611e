"""What apply, pause and rollback make of the activations that count, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.errors import FraudctlError, UsageError
from fraudctl.jobs.activations import Change, needed
from fraudctl.rules import changes as rule_changes
from fraudctl.rules.changes import Decide, described
from pipeline.rules.plugins import watch
from pipeline.rules.ruleset import RuleSet, parse
from tests.unit.fraudctl.rules.topic_double import RULES, Topic, first, rules


def test_apply_activates_the_rule_set_from_the_wanted_time_on() -> None:
    topic = Topic(first(rules("v1")))
    made = topic.make(rule_changes.apply(rules("v2"), 90_000))
    assert described(made) == {
        "version": "v2",
        "hash": rules("v2").hash,
        "action": "apply",
        "by": None,
        "approved_by": [],
        "key": None,
        "activated_at": "1970-01-01T00:00:01.000Z",
        "in_force_from": "1970-01-01T00:01:30.000Z",
        "shadow": None,
    }
    assert described(topic.chain[0])["in_force_from"] is None


def test_pause_takes_one_rule_out_and_says_so_in_the_version() -> None:
    topic = Topic(first(rules("v1")), rule_changes.pause("small"))
    made = topic.chain[-1]
    assert (made.action, made.version, list(made.content["rules"])) == ("pause", "v1+paused.small", ["large"])


def asking(source: str) -> RuleSet:
    """A rule set whose rule `asks` asks a plug-in of that source."""
    asks = {"plugin": "own.py:judge", "uses": ["amount"], "points": 5}
    return rules("v1", rules={**RULES, "asks": asks}, plugins={"own.py": source})


ONE = "def judge(t, f):\n    return 1\n"


def test_a_plugin_that_was_stopped_is_not_applied_again_until_it_is_edited(tmp_path: Path) -> None:
    stopped = next(rule.plugin for rule in asking(ONE).rules if rule.plugin is not None)
    watch.stop(tmp_path, stopped.key, {"reason": "was stopped: it did not return"})
    with pytest.raises(
        UsageError, match=r"rules\.asks\.plugin: own\.py:judge was stopped: it did not"
    ) as refused:
        rule_changes.refuse_stopped(tmp_path, asking(ONE))
    assert refused.value.code == "stopped_plugin"
    rule_changes.refuse_stopped(tmp_path, asking(ONE + "# mended\n"))


def test_a_rule_with_a_plugin_is_paused_like_any_other() -> None:
    made = Topic(first(asking(ONE)), rule_changes.pause("asks")).chain[-1]
    assert (made.version, list(parse(made.content).content["rules"])) == ("v1+paused.asks", list(RULES))


def test_a_version_stays_short_however_many_rules_are_paused() -> None:
    many = {f"rule_with_a_long_name_{n}": {"when": f"amount > {n}", "points": 1} for n in range(9)}
    pauses = [rule_changes.pause(name) for name in list(many)[:-1]]
    assert Topic(first(rules("v1", rules=many)), *pauses).chain[-1].version == "v1+paused.several"


def test_rollback_brings_a_paused_rule_back() -> None:
    topic = Topic(first(rules("v1")), rule_changes.pause("small"), rule_changes.rollback)
    assert [(one.action, one.version) for one in topic.chain] == [
        ("first", "v1"),
        ("pause", "v1+paused.small"),
        ("rollback", "v1"),
    ]


@pytest.mark.parametrize(
    ("changes", "decide", "message"),
    [
        ([first(rules("v1"))], rule_changes.apply(rules("v1")), "is the newest rule set already"),
        ([first(rules("v1"))], rule_changes.pause("none"), "v1 has no rule 'none'"),
        ([first(rules("v1")), rule_changes.pause("small")], rule_changes.pause("large"), "the only rule of"),
        ([first(rules("v1"))], rule_changes.rollback, "there is no rule set to go back to"),
        ([], rule_changes.pause("small"), "no rule set has been activated yet"),
    ],
)
def test_what_changes_nothing_or_cannot_be_is_refused(
    changes: list[Decide], decide: Decide, message: str
) -> None:
    topic = Topic(*changes)
    with pytest.raises(FraudctlError, match=message):
        topic.make(decide)


def test_a_change_needs_a_step_for_each_key_of_its_features() -> None:
    counted = {"by": "card_id", "agg": "count", "window": "1h"}
    change = Change("apply", rules("v1", features={"n": counted, "m": {**counted, "by": "ip"}}))
    assert needed(change) == ["ip", "card_id"]
