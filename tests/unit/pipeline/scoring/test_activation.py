"""Which activations count, from when they are in force, and which numbers their plans carry on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.rules.plan import MAX_WHERES, TooManyConditions
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring import activation
from pipeline.scoring.activation import read
from pipeline.scoring.versions import ALWAYS

SMALL, LARGE = "amount < 5", "amount > 200"


def rules(version: str, **features: Any) -> RuleSet:
    rule = {"r": {"when": "amount > 1", "points": 1}}
    thresholds = {"review": 50, "block": 80}
    return parse({"version": version, "features": features, "rules": rule, "thresholds": thresholds})


def counted(where: str | None = None, by: str = "user_id", window: str = "1h") -> dict[str, Any]:
    return {"by": by, "agg": "count", "window": window} | ({"where": where} if where else {})


def topic(*activated: tuple[int, RuleSet, str, int | None]) -> list[tuple[int, int, bytes | None]]:
    """Records of (append time, rule set, action, effective from), each built on those that count by then."""
    records: list[tuple[int, int, bytes | None]] = []
    for append_ms, ruleset, action, wanted in activated:
        value = activation.following(read(records), action, ruleset, None, wanted)
        records.append((len(records), append_ms, value))
    return records


def times(records: list[tuple[int, int, bytes | None]]) -> list[tuple[str, int]]:
    return [(one.version, one.from_ms) for one in read(records)]


def test_an_activation_is_in_force_a_second_after_its_append_or_from_when_it_is_wanted() -> None:
    a, b, c, d = (rules(name) for name in "abcd")
    records = topic(
        (10_000, a, "first", None),
        (20_000, b, "apply", None),
        (30_000, c, "apply", 5_000),
        (40_000, d, "apply", 90_000),
        (50_000, a, "apply", None),
    )
    assert times(records) == [("a", ALWAYS), ("b", 21_000), ("c", 31_000), ("d", 90_000), ("a", 90_000)]
    dues = [activation.in_force(read(records), due).version for due in (0, 20_999, 21_000, 89_999, 90_000)]
    assert dues == ["a", "a", "b", "c", "a"]


def test_of_two_that_build_on_the_same_one_the_first_counts() -> None:
    records = topic((0, rules("a"), "first", None))
    chain = read(records)
    late, quick = (activation.following(chain, "apply", rules(name)) for name in ("late", "quick"))
    after = activation.following(read([*records, (1, 10, quick)]), "apply", rules("after"))
    assert times([*records, (1, 10, quick), (2, 20, late), (3, 30, after)]) == [
        ("a", ALWAYS),
        ("quick", 1_010),
        ("after", 1_030),
    ]


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b'{"kind":"note","previous":0}', b'"activation"'])
def test_what_is_no_activation_is_ignored(value: bytes | None) -> None:
    first, second = topic((0, rules("a"), "first", None), (10, rules("b"), "apply", None))
    assert times([(5, 0, value), (0, *first[1:]), (6, 1, value), (1, *second[1:])]) == [
        ("a", ALWAYS),
        ("b", 1_010),
    ]


def test_a_rollback_goes_one_back_each_time() -> None:
    a, b, c = (rules(name) for name in "abc")
    records = topic((0, a, "first", None), (1, b, "apply", None), (2, c, "apply", None))
    went = []
    for at in (3, 4):
        before = activation.before(read(records))
        assert before is not None
        went.append(before.version)
        records.append((at, at, activation.following(read(records), "rollback", parse(before.content))))
    assert went == ["b", "a"]
    assert activation.before(read(records)) is None


def test_a_condition_keeps_its_number_while_it_is_in_use_and_a_free_number_is_taken_anew() -> None:
    records = topic(
        (0, rules("a", small=counted(SMALL), large=counted(LARGE)), "first", None),
        (1, rules("b", small=counted(SMALL)), "apply", None),
        (2, rules("c", tiny=counted("amount < 1"), small=counted(SMALL)), "apply", None),
    )
    hops = [one.plan.as_document()["hops"][0] for one in read(records)]
    small, large, tiny = (parse_where(text) for text in (SMALL, LARGE, "amount < 1"))
    assert [(hop["wheres"], hop["since"]["wheres"]) for hop in hops] == [
        ([large, small], [0, 0]),
        ([large, small], [0, 0]),
        ([tiny, small], [2, 0]),
    ]
    assert [feature["where"] for feature in hops[2]["features"]] == [1, 0]


def parse_where(text: str) -> Any:
    return rules("x", f=counted(text)).plan().as_document()["hops"][0]["wheres"][0]


def test_what_is_kept_reaches_as_far_as_the_rule_set_before() -> None:
    records = topic(
        (0, rules("a", f=counted(window="24h")), "first", None),
        (1, rules("b", f=counted(window="1h")), "apply", None),
        (2, rules("c", f=counted(window="2h")), "apply", None),
    )
    hops = [one.plan.as_document()["hops"][0] for one in read(records)]
    hour = 3_600_000
    assert [(hop["retention_ms"], hop["held_ms"]) for hop in hops] == [
        (24 * hour, 24 * hour),
        (hour, 24 * hour),
        (2 * hour, 2 * hour),
    ]


def test_the_rule_set_before_makes_room_and_a_hop_that_is_full_refuses() -> None:
    many = {f"f{number}": counted(f"amount > {number}") for number in range(MAX_WHERES)}
    others = {f"g{number}": counted(f"amount < {number}") for number in range(MAX_WHERES)}
    records = topic((0, rules("a", **many), "first", None))
    following = json.loads(activation.following(read(records), "apply", rules("b", **others)))
    assert following["plan"]["hops"][0]["since"]["wheres"] == [1] * MAX_WHERES
    with pytest.raises(TooManyConditions, match="more than 62 different conditions by user_id"):
        activation.following(read(records), "shadow", rules("a", **many), rules("b", **others))


def test_steps_are_needed_by_every_key_that_was_ever_used() -> None:
    records = topic(
        (0, rules("a", f=counted(by="merchant_id")), "first", None),
        (1, rules("b"), "apply", None),
        (2, rules("c", f=counted(by="ip")), "apply", None),
    )
    assert activation.hop_keys(read(records)) == ["user_id", "ip", "merchant_id"]
