"""Two sets of decisions compared, made by the reference from one log with rule sets that differ a little."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from fraudctl.compare.causes import Cause, Kind
from fraudctl.compare.diff import Diff, Flip, diff
from fraudctl.compare.prints import Place, Record, count, fingerprints
from fraudctl.compare.replay_page import cause_rows, example_rows, flip_rows, html, rule_rows
from pipeline.records.decisions import encode_decision
from pipeline.records.events import Transaction, encode
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring import order
from pipeline.scoring.reference import Reference
from pipeline.scoring.scorer import Scorer

TOPIC = 'a "topic"'
START = 1_767_225_600_000
CONTENT: dict[str, Any] = {
    "version": "v1",
    "lists": {"denied": ["eve"]},
    "features": {"n": {"by": "user_id", "agg": "count", "window": "1m"}},
    "rules": {
        "busy": {"when": "n >= 3", "points": 60},
        "large": {"when": "amount > 100", "points": 30},
        "denied": {"when": "user_id in denied", "points": 100},
    },
    "thresholds": {"review": 50, "block": 80},
}
LOG = [("ada", 5), ("ada", 20), ("ada", 200), ("bob", 150), ("eve", 1), ("ada", 90)]


def changed(**parts: Any) -> RuleSet:
    content = copy.deepcopy(CONTENT)
    for name, part in parts.items():
        content[name] = {**content[name], **part} if isinstance(part, dict) else part
    return parse(content)


BASE = parse(CONTENT)


def decisions(ruleset: RuleSet, late: Iterable[int] = (), run: int = 1) -> list[Record]:
    """What the job would write about LOG; the events of `late` come after an hour has passed."""
    records, hour = [], 0
    for number, (user, amount) in enumerate(LOG):
        hour = 3_600_000 if number in late else hour
        tx = Transaction(f"e{number}", user, START + 1_000 * number, amount * 10_000, {})
        if number in late:
            other = Transaction(f"tick{number}", "other", START + hour, 10_000, {})
            records.append(order.Record(1, 100 + number, START + hour, encode(other)))
        records.append(order.Record(1, number, START + hour + 1_000 * number, encode(tx)))
    scorer = Scorer(ruleset)
    scored = Reference(ruleset.plan()).process(order.stamp(records))
    return [Record(encode_decision(scorer.decide(one, TOPIC)), run) for one in scored]


def compared(before: list[Record], after: list[Record], candidate: RuleSet, last: int = 100) -> Diff:
    known = {ruleset.hash: ruleset for ruleset in (BASE, candidate)}
    return diff(lambda: before, lambda: after, TOPIC, lambda _, offset: offset < last, known.get, candidate)


def counts(found: Diff) -> tuple[int, int, int, int]:
    return found.compared, found.changed, found.added, found.removed


def test_the_place_of_a_decision_is_read_from_its_bytes() -> None:
    assert [Place(TOPIC).of(one.value) for one in decisions(BASE)] == [(1, number) for number in range(6)]
    assert Place("another").of(decisions(BASE)[0].value) is None
    assert Place(TOPIC).of(b"") is None


def test_the_same_decisions_are_the_same_and_read_once() -> None:
    reads = []

    def read() -> list[Record]:
        reads.append(1)
        return decisions(BASE)

    found = diff(read, read, TOPIC, lambda *_: True, {BASE.hash: BASE}.get, BASE)
    assert (counts(found), found.same, found.same_ruleset, len(reads)) == ((6, 0, 0, 0), True, True, 2)
    assert "Every decision is the same." in html("t", [], found)


def test_another_version_that_says_the_same_is_no_difference() -> None:
    renamed = changed(version="v2")
    found = compared(decisions(BASE), decisions(renamed), renamed)
    assert (counts(found), found.same_ruleset) == ((6, 0, 0, 0), False)


def test_an_edited_condition_gives_exactly_the_change_computed_by_hand() -> None:
    edited = changed(rules={"busy": {"when": "n >= 4", "points": 60}})
    found = compared(decisions(BASE), decisions(edited), edited)
    document = found.as_document()
    assert (counts(found), found.compares_features) == ((6, 1, 0, 0), True)
    assert document["by_rule"] == {"busy": {"fires": 0, "no_longer": 1, "points": 0}}
    assert document["flips"] == {"block to approve": 1}
    assert document["amounts"] == {"block to approve": "200"}
    assert document["causes"] == {"condition of busy changed": 1}
    assert document["examples"] == [
        {
            "event_id": "e2",
            "user_id": "ada",
            "event_time": "2026-01-01T00:00:02.000Z",
            "amount": "200",
            "source": {"partition": 1, "offset": 2},
            "before": {
                "decision": "block",
                "score": 90,
                "late": False,
                "saturated": False,
                "ruleset_version": "v1",
                "rules": ["busy", "large"],
            },
            "after": {
                "decision": "approve",
                "score": 30,
                "late": False,
                "saturated": False,
                "ruleset_version": "v1",
                "rules": ["large"],
            },
            "features": {},
            "why": ["condition of busy changed"],
            "rules": ["busy"],
        }
    ]


def test_added_rules_points_thresholds_and_lists_are_told_apart() -> None:
    for parts, causes in (
        ({"rules": {"small": {"when": "amount < 2", "points": 1}}}, {"rule small added": 1}),
        ({"rules": {"large": {"when": "amount > 100", "points": 50}}}, {"points of large changed": 2}),
        ({"thresholds": {"review": 61}}, {"threshold": 1}),
        ({"lists": {"denied": ["bob"]}}, {"a list changed, or a feature value, for denied": 2}),
    ):
        other = changed(**parts)
        assert compared(decisions(BASE), decisions(other), other).as_document()["causes"] == causes, parts


def test_a_feature_of_another_length_leaves_verdicts_to_compare_and_names_the_value() -> None:
    wider = changed(features={"n": {"by": "user_id", "agg": "count", "window": "1ms"}})
    found = compared(decisions(BASE), decisions(wider), wider)
    assert not found.compares_features
    assert found.causes == {Cause(Kind.FEATURE_FOR_RULE, "busy"): 2}
    assert found.as_document()["causes"] == {"feature value, seen by busy": 2}
    assert found.as_document()["examples"][0]["features"] == {"n": [3, 1]}


def test_late_arrival_is_a_cause_of_its_own() -> None:
    after = [one for one in decisions(BASE, late=(5,)) if Place(TOPIC).of(one.value) != (1, 105)]
    found = compared(decisions(BASE), after, BASE)
    assert counts(found) == (6, 1, 0, 0)
    assert found.causes[Cause(Kind.LATE_FOR_RULE, "busy")] + found.causes[Cause(Kind.LATE)] >= 1


def test_a_value_that_was_warming_is_a_cause_of_its_own() -> None:
    live = [
        Record(one.value.replace(b'"saturated":false', b'"saturated":false,"warming":["n"]'), one.run)
        for one in decisions(BASE)
    ]
    found = compared(live, decisions(BASE), BASE)
    assert (counts(found), found.as_document()["causes"]) == ((6, 6, 0, 0), {"warming": 6})
    assert (found.same_ruleset, found.only_warmed) == (True, True)


def test_decisions_on_one_side_only_are_added_or_removed() -> None:
    base = decisions(BASE)
    assert counts(compared(base[:-1], base, BASE)) == (5, 0, 1, 0)
    found = compared(base, base[1:], BASE)
    assert counts(found) == (5, 0, 0, 1)
    assert found.flips == {Flip("approve", None): 1}
    assert found.as_document()["flips"] == {"approve to none": 1}


def test_of_several_runs_the_greatest_counts_and_events_outside_the_range_do_not() -> None:
    edited = changed(rules={"busy": {"when": "n >= 4", "points": 60}})
    old, new = decisions(edited, run=1), decisions(BASE, run=2)
    assert compared(new + old, decisions(BASE), BASE).same
    assert counts(compared(old, decisions(BASE), BASE, last=2)) == (2, 0, 0, 0)


def test_flagged_decisions_are_counted_the_same_with_and_without_a_diff() -> None:
    records = decisions(BASE)
    wanted = {"approved": 3, "flagged": 3}
    assert count(records, TOPIC, lambda *_: True) == wanted
    assert fingerprints(records, TOPIC, lambda *_: True).decisions == wanted
    assert count(records, TOPIC, lambda _, offset: offset < 3) == {"approved": 2, "flagged": 1}


def test_what_a_later_run_approves_no_longer_counts_as_flagged() -> None:
    lenient = changed(rules={"busy": {"when": "n >= 9", "points": 60}})
    both = decisions(BASE, run=1) + decisions(lenient, run=2)
    assert fingerprints(both, TOPIC, lambda *_: True).decisions == {"approved": 5, "flagged": 1}


def test_the_tables_and_the_page_show_what_changed() -> None:
    edited = changed(rules={"busy": {"when": "n >= 4", "points": 60}})
    found = compared(decisions(BASE), decisions(edited), edited)
    assert flip_rows(found) == [("block to approve", 1, "200")]
    assert rule_rows(found) == [("busy", 0, 1, 0)]
    assert cause_rows(found) == [("condition of busy changed", 1)]
    assert example_rows(found) == [
        ("e2", "ada", "200", "block 90", "approve 30", "condition of busy changed", "")
    ]
    page = html("v2 <against> live", ["note"], found)
    assert "v2 &lt;against&gt; live" in page
    assert page.count("<svg") == 2


def renamed_rule(old: str, new: str) -> RuleSet:
    rules = {new if name == old else name: rule for name, rule in CONTENT["rules"].items()}
    return parse({**CONTENT, "rules": rules})


def test_a_rule_whose_name_has_the_word_warming_in_it_is_no_warming_value() -> None:
    ruleset = renamed_rule("busy", "warming_up")
    shorter = changed(features={"n": {"by": "user_id", "agg": "count", "window": "1ms"}}).content["features"]
    after = parse({**ruleset.content, "features": shorter})
    odd = [
        Record(one.value.replace(after.hash.encode(), ruleset.hash.encode()), one.run)
        for one in decisions(after)
    ]
    found = diff(
        lambda: decisions(ruleset), lambda: odd, TOPIC, lambda *_: True, {ruleset.hash: ruleset}.get, ruleset
    )
    assert found.as_document()["causes"] == {"feature value, seen by warming_up": 2, "feature value": 1}
    assert (found.same_ruleset, found.only_warmed) == (True, False)


def test_a_value_that_warms_for_a_rule_is_named_with_it_and_only_warms() -> None:
    wider = changed(features={"n": {"by": "user_id", "agg": "count", "window": "1ms"}})
    live = [
        Record(one.value.replace(b'"saturated":false', b'"saturated":false,"warming":["n"]'), one.run)
        for one in decisions(wider)
    ]
    known = {wider.hash: BASE, BASE.hash: BASE}
    found = diff(lambda: live, lambda: decisions(BASE), TOPIC, lambda *_: True, known.get, BASE)
    assert found.as_document()["causes"] == {"warming": 6, "warming value, seen by busy": 2}
    assert found.only_warmed


def test_a_superseded_decision_says_nothing_of_the_rule_sets_compared() -> None:
    wider = changed(version="v0", features={"n": {"by": "user_id", "agg": "count", "window": "2m"}})
    before = decisions(wider, run=1) + decisions(BASE, run=2)
    found = compared(before, decisions(BASE), BASE)
    assert (counts(found), found.same) == ((6, 0, 0, 0), True)
    assert (found.compares_features, found.same_ruleset) == (True, True)
    assert fingerprints(before, TOPIC, lambda *_: True).by_ruleset() == {BASE.hash: 6}


def test_two_rule_sets_on_different_events_both_count() -> None:
    renamed = changed(version="v2")
    side = fingerprints(decisions(BASE)[:2] + decisions(renamed)[2:], TOPIC, lambda *_: True)
    assert side.by_ruleset() == {BASE.hash: 2, renamed.hash: 4}


def test_of_several_decisions_of_one_run_the_last_is_compared_and_shown() -> None:
    lenient, strict = changed(thresholds={"review": 95, "block": 99}), changed(thresholds={"review": 1})
    before = decisions(lenient) + decisions(BASE)
    found = compared(before, decisions(strict), strict)
    wanted = compared(decisions(BASE), decisions(strict), strict)
    assert found.as_document() == wanted.as_document()
    assert compared(before, decisions(BASE), BASE).same
