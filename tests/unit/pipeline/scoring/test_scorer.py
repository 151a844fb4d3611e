"""Scores, decisions, reasons, the batch form, and what the shipped rule set makes of the attacks it knows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.records.decisions import Decision, Hit, decode_decision, encode_decision
from pipeline.rules.lint import lint
from pipeline.rules.ruleset import RuleSet, load, parse
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference
from pipeline.scoring.scorer import Scorer, decide

START_MS = 1_772_366_400_000
CONTENT: dict[str, Any] = {
    "version": "v1",
    "fields": ["mcc"],
    "features": {
        "n": {"by": "user_id", "agg": "count", "window": "5m"},
        "total": {"by": "user_id", "agg": "sum", "of": "amount", "window": "5m"},
        "mean": {"by": "user_id", "agg": "mean_before", "of": "amount", "window": "5m"},
    },
    "rules": {
        "often": {"when": "n >= 3", "points": 30, "reason": "{n} payments, {total} in all, mean {mean}"},
        "shop": {"when": "mcc == 5411", "points": 60, "reason": 'shop {mcc} in {country} by "{user_id}"'},
        "huge": {"when": "total > 0.3", "points": 70},
        "kind": {"when": "country in ['DE']", "points": -100, "reason": "home"},
    },
    "thresholds": {"review": 50, "block": 80},
}
RULES = parse(CONTENT)


def row(**values: Any) -> list[Any]:
    return [values.get(name) for name in RULES.inputs]


def test_points_add_up_to_a_score_between_0_and_100() -> None:
    scorer = Scorer(RULES)

    def scored(values: list[Any]) -> tuple[int, str, tuple[Hit, ...]]:
        verdict = scorer.score(values)
        assert verdict.errors == {}
        return verdict.score, verdict.decision, verdict.hits

    home, often = Hit("kind", -100, "home"), Hit("often", 30, "3 payments, 0.3 in all, mean 0.12")
    huge, shop = Hit("huge", 70, "huge"), Hit("shop", 60, 'shop 5411 in unknown by "u"')
    counts = {"n": 3, "total": 3000, "mean": 0.125}
    assert [
        scored(row(n=2, total=3000)),
        scored(row(**counts)),
        scored(row(total=3001)),
        scored(row(total=3001, mcc=5411, user_id="u")),
        scored(row(country="DE", **counts)),
        scored(row(mcc="5411")),
    ] == [
        (0, "approve", ()),
        (30, "approve", (often,)),
        (70, "review", (huge,)),
        (100, "block", (huge, shop)),
        (0, "approve", (often, home)),
        (0, "approve", ()),
    ]


def test_the_tail_finishes_the_json_of_a_decision() -> None:
    scorer, marks = Scorer(RULES), f',"ruleset_version":"v1","ruleset_hash":"{RULES.hash}"}}'
    assert scorer.tail(row(n=1)).decode() == ',"score":0,"decision":"approve","reasons":[]' + marks
    assert scorer.tail(row(mcc=5411.0, country="É", user_id='a"b')).decode() == (
        ',"score":60,"decision":"review","reasons":[{"rule":"shop","points":60,'
        '"text":"shop 5411 in É by \\"a\\"b\\""}]' + marks
    )


def test_a_batch_is_the_heads_each_with_its_tail() -> None:
    scorer = Scorer(RULES)
    rows = [row(n=1), row(n=3, total=10**21, mean=1.5), row(country="x" * 101, mcc=5411)]
    data = b"\n".join([json.dumps(rows).encode(), b'{"a":1', b'{"b":2', b'{"c":3'])
    assert scorer.score_batch(data) == b"\n".join(
        [b'{"a":1' + scorer.tail(rows[0]), b'{"b":2' + scorer.tail(rows[1]), b'{"c":3' + scorer.tail(rows[2])]
    )
    assert scorer.score_batch(b"[]") == b""
    assert "100000000000000000 in all" in scorer.tail(rows[1]).decode()
    assert f"in {'x' * 100} by" in scorer.tail(rows[2]).decode()


def test_a_batch_with_fewer_heads_than_rows_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Scorer(RULES).score_batch(json.dumps([row(), row()]).encode() + b"\n{")


def decisions(rules: RuleSet, payments: list[dict[str, Any]]) -> Iterator[Decision]:
    """Decide payments, each a second after the one before unless it says `at` (seconds)."""
    records = []
    for index, payment in enumerate(payments):
        at_ms = START_MS + int(payment.get("at", index) * 1000)
        fields = {key: value for key, value in payment.items() if key != "at"}
        content = {"event_id": f"e{index:03d}", "user_id": "u", "event_time": at_ms, "amount": 20, **fields}
        records.append(Record(0, index, at_ms + 5, json.dumps(content).encode()))
    for scored in Reference(rules.plan()).process(stamp(records)):
        yield decide(scored, rules, "risk.transactions")


def test_a_decision_from_the_reference_is_a_whole_decision() -> None:
    payments: list[dict[str, Any]] = [{"amount": 0.1}, {"amount": 0.15}]
    payments.append({"amount": 0.2, "mcc": 5411, "country": "FR"})
    decided = list(decisions(RULES, payments))
    assert encode_decision(decided[2]).decode() == (
        '{"event_id":"e002","user_id":"u","event_time":"2026-03-01T12:00:02.000Z","amount":0.2,"mcc":5411,'
        '"country":"FR","source":{"topic":"risk.transactions","partition":0,"offset":2},'
        '"features":{"mean":0.125,"n":3,"total":0.45},"late":false,"saturated":false,"score":100,'
        '"decision":"block","reasons":[{"rule":"huge","points":70,"text":"huge"},'
        '{"rule":"shop","points":60,"text":"shop 5411 in FR by \\"u\\""},'
        '{"rule":"often","points":30,"text":"3 payments, 0.45 in all, mean 0.12"}],'
        f'"ruleset_version":"v1","ruleset_hash":"{RULES.hash}"}}'
    )
    assert [decode_decision(encode_decision(decision)) for decision in decided] == decided


DEFAULT = load(Path(__file__).parents[4] / "profiles" / "rules" / "default.yaml")
HOME = {"ip": "10.0.0.1", "device_id": "d1", "card_id": "c1", "country": "DE"}
AWAY = {"ip": "198.18.0.1", "device_id": "d2", "card_id": "c1", "country": "FR"}


def fired(payments: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(d.decision, [hit.rule for hit in d.reasons]) for d in decisions(DEFAULT, payments)]


CLEAN: tuple[str, list[str]] = ("approve", [])


def test_the_shipped_rule_set_is_large_enough_and_without_complaint() -> None:
    assert lint(DEFAULT) == []
    assert (len(DEFAULT.features) >= 12, len(DEFAULT.rules) >= 12) == (True, True)
    assert {feature.by for feature in DEFAULT.features.values()} == {"user_id", "ip", "device_id"}


def test_the_sixth_payment_in_five_minutes_is_the_one_that_is_flagged() -> None:
    assert fired([HOME] * 7) == [CLEAN] * 5 + [("review", ["user_velocity"])] * 2


def test_the_fifth_user_from_one_ip_is_the_one_that_is_flagged() -> None:
    burst = [
        {"user_id": f"u{i}", "ip": "203.0.113.9", "device_id": f"d{i}", "card_id": f"c{i}"} for i in range(6)
    ]
    decided = list(decisions(DEFAULT, burst))
    assert [d.decision for d in decided] == ["approve"] * 4 + ["review"] * 2
    assert decided[4].reasons == (Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes"),)


def test_a_high_amount_from_a_new_device_of_a_known_user_is_flagged() -> None:
    new_device = {**HOME, "device_id": "d2", "amount": 900}
    assert fired([new_device]) == [CLEAN]
    assert fired([HOME, new_device]) == [CLEAN, ("review", ["new_device_high_value"])]
    assert fired([HOME, {**new_device, "amount": 500}]) == [CLEAN, CLEAN]


def test_a_new_device_in_a_new_country_that_spends_is_blocked() -> None:
    spending = {**AWAY, "amount": 700}
    taken = ("block", ["account_takeover", "new_device_high_value"])
    assert fired([HOME, HOME, spending, spending]) == [CLEAN, CLEAN, taken, taken]


def test_three_small_payments_with_a_card_and_then_a_large_one_are_card_testing() -> None:
    small = [{**HOME, "amount": amount} for amount in (0.5, 4.99, 1)]
    assert fired([*small, {**HOME, "amount": 250}]) == [CLEAN] * 3 + [("review", ["card_testing"])]
    refunds = [{**HOME, "amount": -amount} for amount in (1, 2, 3)]
    assert fired([*refunds, {**HOME, "amount": 250}]) == [CLEAN] * 4


def test_the_third_payment_over_2000_in_five_minutes_is_blocked() -> None:
    high = {**HOME, "amount": 2500}
    once, twice = ("approve", ["high_value"]), ("approve", ["spending_spree", "high_value"])
    assert fired([high, HOME, high, {**high, "at": 299}]) == [
        once,
        CLEAN,
        twice,
        ("block", ["high_value_sequence", "spending_spree", "high_value"]),
    ]
    assert fired([high, HOME, high, {**high, "at": 300}]) == [once, CLEAN, twice, twice]


def test_a_device_of_many_users_and_a_user_of_many_cards_are_flagged() -> None:
    device = [{"user_id": f"u{i}", "device_id": "d", "at": i * 60} for i in range(4)]
    assert fired(device) == [CLEAN] * 3 + [("review", ["device_many_users"])]
    cards = [{"card_id": f"c{i}", "at": i * 3600} for i in range(5)]
    assert fired(cards) == [CLEAN] * 4 + [("review", ["user_many_cards"])]


def test_lists_decide() -> None:
    assert fired([{**HOME, "ip": "192.0.2.66"}, {**HOME, "country": "KP"}]) == [
        ("block", ["denied"]),
        ("approve", ["risky_country"]),
    ]


EUROS = parse(
    {
        "version": "v1",
        "settings": {"currency": "EUR"},
        "features": {
            "n": {"by": "user_id", "agg": "count", "window": "5m"},
            "total": {"by": "user_id", "agg": "sum", "of": "amount", "window": "5m"},
            "yen": {
                "by": "user_id",
                "agg": "sum",
                "of": "amount",
                "window": "5m",
                "where": "currency == 'JPY'",
            },
        },
        "rules": {
            "large": {"when": "amount > 500", "points": 50},
            "sum": {"when": "total > 500", "points": 20},
            "often": {"when": "n >= 1", "points": 5},
            "large_yen": {"when": "currency == 'JPY' and amount > 500", "points": 3},
            "yen_sum": {"when": "yen > 500", "points": 1},
        },
        "thresholds": {"review": 50, "block": 80},
    }
)


@pytest.mark.parametrize(
    ("currency", "rules"),
    [
        ("EUR", ["large", "sum", "often"]),
        (None, ["large", "sum", "often"]),
        ("JPY", ["often", "large_yen", "yen_sum"]),
        ("USD", ["often"]),
    ],
)
def test_a_rule_about_amounts_does_not_fire_on_another_currency_unless_it_says_which(
    currency: str | None, rules: list[str]
) -> None:
    named = {} if currency is None else {"currency": currency}
    event = {"event_id": "e", "user_id": "u", "event_time": START_MS, "amount": 900} | named
    (stamped,) = stamp([Record(0, 0, START_MS, json.dumps(event).encode())])
    (scored,) = Reference(EUROS.plan()).process([stamped])
    decision = decide(scored, EUROS, "t")
    assert [hit.rule for hit in decision.reasons] == rules
    values = [scored.values.get(name, stamped.transaction.get(name)) for name in EUROS.inputs]
    head = encode_decision(decision).partition(b',"late":')[0] + b',"late":false,"saturated":false'
    batch = json.dumps([values]).encode() + b"\n" + head
    assert Scorer(EUROS).score_batch(batch) == encode_decision(decision)


def test_an_event_in_another_currency_that_only_such_rules_meet_ends_like_one_without_rules() -> None:
    rules = parse({**EUROS.content, "rules": {"large": {"when": "amount > 500", "points": 50}}})
    head = b'{"event_id":"a","amount":900,"currency":"JPY","late":false'
    clean = Scorer(rules).score_batch(b"[[9000000]]\n" + head)
    assert clean.endswith(b'"score":0,"decision":"approve","reasons":[]' + clean.rpartition(b"]")[2])
