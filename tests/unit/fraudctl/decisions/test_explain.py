"""What an explanation says, from a decision and the rule set that was in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fraudctl.decisions.explain import Explanation, RuleOutcome, explanation, raw_values, ruleset_of, shown_as
from fraudctl.decisions.explained import tables
from fraudctl.decisions.finding import Found, find, newest, one_of
from fraudctl.errors import Failed, NotRunning, UsageError
from fraudctl.home.stack import Stack
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Record
from pipeline.connections.kafka.description import Kafka
from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import Transaction
from pipeline.records.masking import Masks
from pipeline.records.position import pack
from pipeline.records.quantities import Number
from pipeline.rules.ruleset import RuleSet, parse
from tests.mock_kafka import MockKafka

CONTENT = {
    "version": "v7",
    "features": {
        "user_sum_1h": {"by": "user_id", "agg": "sum", "of": "amount", "window": "1h"},
        "user_mean_1h": {"by": "user_id", "agg": "avg", "of": "amount", "window": "1h"},
        "ip_users_2m": {"by": "ip", "agg": "distinct", "of": "user_id", "window": "2m"},
        "user_device_age": {"by": "user_id", "agg": "first_seen", "of": "device_id", "ttl": "30d"},
    },
    "rules": {
        "ip_burst": {"when": "ip_users_2m >= 5", "points": 60, "reason": "{ip_users_2m} users from {ip}"},
        "spending": {"when": "user_sum_1h > 100.05 and amount > 2 * user_mean_1h", "points": 70},
        "new_device": {"when": "user_device_age < 1000 and vip != True", "points": 10},
    },
    "fields": ["vip"],
    "thresholds": {"review": 50, "block": 80},
    "settings": {"currency": "EUR"},
}
FIELDS: dict[str, str | Number | bool] = {"ip": "203.0.113.9", "vip": True}
HITS = (Hit("spending", 70, "spending"), Hit("ip_burst", 60, "5 users from 203.0.113.9"))


@pytest.fixture
def ruleset() -> RuleSet:
    return parse(CONTENT)


def decision(ruleset_hash: str = "abc", user_id: str = "ada", score: int = 100) -> Decision:
    return Decision(
        transaction=Transaction("e1", user_id, 1_764_000_000_123, 1_000_500, FIELDS),
        score=score,
        decision="block",
        source=Source("risk.transactions", 2, 7),
        reasons=HITS,
        features={
            "user_sum_1h": Number("100.0501"),
            "user_mean_1h": Number("33.35003333333333"),
            "ip_users_2m": Number("5"),
        },
        ruleset_version="v7",
        ruleset_hash=ruleset_hash,
        late=True,
        saturated=False,
    )


def found(ruleset_hash: str = "abc", user_id: str = "ada") -> Found:
    return Found(decision(ruleset_hash, user_id), pack(3, 9), 1_764_000_001_000, "postgres")


def record(one: Decision, offset: int, run: int) -> Record:
    return Record(
        "risk.decisions", 2, offset, 1_764_000_001_000, b"", encode_decision(one), {"run": b"%d" % run}
    )


def test_an_explanation_holds_the_transaction_each_feature_each_rule_and_the_sum(ruleset: RuleSet) -> None:
    declared = CONTENT["features"]
    assert isinstance(declared, dict)
    assert explanation(found(ruleset.hash), ruleset, "rules.yaml").document() == {
        "transaction": {
            "event_id": "e1",
            "user_id": "ada",
            "event_time": "2025-11-24T16:00:00.123Z",
            "amount": "100.05",
            "ip": "203.0.113.9",
            "vip": True,
        },
        "score": 100,
        "decision": "block",
        "reasons": [
            {"rule": "spending", "points": 70, "text": "spending"},
            {"rule": "ip_burst", "points": 60, "text": "5 users from 203.0.113.9"},
        ],
        "sum_of_points": 130,
        "features": {
            "user_sum_1h": {"value": 100.0501, "declared": declared["user_sum_1h"]},
            "user_mean_1h": {"value": 33.35003333333333, "declared": declared["user_mean_1h"]},
            "ip_users_2m": {"value": 5, "declared": declared["ip_users_2m"]},
            "user_device_age": {"value": None, "declared": declared["user_device_age"]},
        },
        "rules": [
            {
                "rule": "spending",
                "when": "user_sum_1h > 100.05 and amount > 2 * user_mean_1h",
                "points": 70,
                "fired": True,
                "text": "spending",
                "compared": {
                    "user_sum_1h": "100.0501",
                    "amount": "100.05",
                    "user_mean_1h": 33.35003333333333,
                },
            },
            {
                "rule": "ip_burst",
                "when": "ip_users_2m >= 5",
                "points": 60,
                "fired": True,
                "compared": {"ip_users_2m": 5},
                "text": "5 users from 203.0.113.9",
            },
            {
                "rule": "new_device",
                "when": "user_device_age < 1000 and vip != True",
                "points": 10,
                "fired": False,
                "compared": {"user_device_age": None, "vip": True},
                "text": None,
            },
        ],
        "ruleset": {"version": "v7", "hash": ruleset.hash, "source": "rules.yaml"},
        "late": True,
        "saturated": False,
        "warming": [],
        "source": {"topic": "risk.transactions", "partition": 2, "offset": 7},
        "run": 3,
        "position": 3 << 40 | 9,
        "decided_at": "2025-11-24T16:00:01.000Z",
        "origin": "postgres",
    }


def test_without_its_rule_set_a_decision_still_shows_its_features_and_hits() -> None:
    document = explanation(found(), None, None).document()
    assert document["rules"] == []
    assert document["ruleset"] == {"version": "v7", "hash": "abc", "source": None}
    assert document["features"]["ip_users_2m"] == {"value": 5}
    assert [reason["rule"] for reason in document["reasons"]] == ["spending", "ip_burst"]


def test_rules_see_money_exactly_and_other_values_by_their_kind(ruleset: RuleSet) -> None:
    assert raw_values(decision(), ruleset) == {
        "event_id": "e1",
        "user_id": "ada",
        "amount": 1_000_500,
        "ip": "203.0.113.9",
        "vip": True,
        "user_sum_1h": 1_000_501,
        "user_mean_1h": 33.35003333333333,
        "ip_users_2m": 5,
    }


def test_in_the_log_the_greatest_position_of_each_user_counts() -> None:
    published, repeated, other = decision(score=90), decision(score=91), decision(user_id="bob")
    noise = Record("risk.decisions", 2, 0, 0, None, b"noise", {})
    records = [noise, record(published, 1, run=2), record(repeated, 5, run=1), record(other, 6, run=1)]
    answer = newest(records, "e1", None)
    assert [(one.decision.identity, one.decision.score, one.position, one.origin) for one in answer] == [
        (("ada", "e1"), 90, pack(2, 1), "log"),
        (("bob", "e1"), 100, pack(1, 6), "log"),
    ]
    assert [one.decision.identity for one in newest(records, "e1", "bob")] == [("bob", "e1")]
    assert newest(records, "e2", None) == []


def test_an_id_that_was_used_again_explains_the_first_and_names_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    again = replace(decision(score=20), content_hash="0" * 16)
    records = [record(decision(), 1, run=1), record(again, 2, run=1)]
    assert [one.decision.identity[1] for one in newest(records, "e1", None)] == [
        "e1",
        "e1#reused-0000000000000000",
    ]
    assert one_of(newest(records, "e1", None), "e1").decision == decision()
    assert "explain those with: 'e1#reused-0000000000000000'" in capsys.readouterr().err
    name = "e1#reused-0000000000000000"
    assert one_of(newest(records, name, None), name).decision == again


def test_an_event_id_of_several_users_asks_for_the_user() -> None:
    with pytest.raises(UsageError, match="2 users have an event 'e1': ada, bob") as raised:
        one_of([found(user_id="bob"), found(user_id="ada")], "e1")
    assert (raised.value.exit_code, raised.value.hint) == (2, "name one with --user")


def test_an_unknown_event_is_a_failure() -> None:
    with pytest.raises(Failed, match="no decision about 'e1' is known"):
        one_of([], "e1")


@dataclass
class Home:
    """The part of a stack that finding a rule set needs."""

    home: Path
    profile: Any


def test_a_rule_set_is_found_by_its_hash_in_the_profile_or_among_the_stored_ones(
    tmp_path: Path, ruleset: RuleSet
) -> None:
    current = tmp_path / "current.yaml"
    current.write_text(json.dumps(CONTENT))
    stack = cast(Stack, Home(tmp_path, SimpleNamespace(rules=current)))
    assert ruleset_of(stack, ruleset.hash) == (ruleset, str(current))
    assert ruleset_of(stack, "0" * 64) == (None, None)
    older = parse(CONTENT | {"version": "v6"})
    (tmp_path / "rules").mkdir()
    stored = tmp_path / "rules" / f"{older.hash}.json"
    stored.write_text(json.dumps(older.content))
    assert ruleset_of(stack, older.hash) == (older, str(stored))


def published(kafka: Kafka, *decisions: Decision) -> None:
    sender = Sender(kafka)
    for one in decisions:
        sender.send("risk.decisions", encode_decision(one), headers={"run": b"3"}, partition=1)
    assert sender.flush(10) == 0


def test_without_a_store_in_the_stack_the_decision_is_read_from_the_log(
    make_stack: Callable[..., Stack], capsys: pytest.CaptureFixture[str]
) -> None:
    with MockKafka() as kafka:
        published(kafka.kafka, decision(user_id="bob"), decision())
        answer = find(make_stack(kafka=kafka.address), "e1", "ada")
    assert [(one.decision, one.position, one.origin) for one in answer] == [(decision(), pack(3, 1), "log")]
    assert "this stack runs without postgres: reading the log instead" in capsys.readouterr().err


def test_of_a_store_that_is_away_the_decision_is_read_from_the_log(
    make_stack: Callable[..., Stack], capsys: pytest.CaptureFixture[str]
) -> None:
    with MockKafka() as kafka:
        published(kafka.kafka, decision())
        answer = find(make_stack(kafka=kafka.address, postgres="127.0.0.1:1"), "e1", None)
    assert [(one.decision, one.origin) for one in answer] == [(decision(), "log")]
    assert "PostgreSQL does not answer" in capsys.readouterr().err


def test_without_store_and_log_the_log_is_what_is_missing(make_stack: Callable[..., Stack]) -> None:
    with pytest.raises(NotRunning, match="runs without kafka"):
        find(make_stack(), "e1", None)


def test_half_a_decision_in_the_log_is_passed_over() -> None:
    whole = encode_decision(decision())
    half = Record("risk.decisions", 2, 9, 0, None, whole[:120] + b',"late":true}', {})
    assert [one.decision for one in newest([half, record(decision(), 5, run=0)], "e1", None)] == [decision()]


def test_the_table_shows_rules_that_fired_by_the_points_they_gave() -> None:
    rules = [
        RuleOutcome(name, "amount > 0", points, fired, {}, name if fired else None)
        for name, points, fired in (
            ("model", 5, True),
            ("silent", 40, False),
            ("a", 20, True),
            ("b", 20, True),
            ("c", 1, False),
        )
    ]
    _, _, table = tables(Explanation(found(), "rules.yaml", tuple(rules), {}))
    assert [row[1] for row in table.rows] == ["a", "b", "model", "silent", "c"]


def test_what_is_masked_is_masked_in_the_document_and_in_the_tables(ruleset: RuleSet) -> None:
    one = replace(explanation(found(ruleset.hash), ruleset, "rules.yaml"), masks=Masks(frozenset({"ip"})))
    said = json.dumps(one.document()) + repr(tables(one))
    assert "203.0.113.9" not in said
    assert said.count("5 users from ***.9") == 3
    assert tables(one)[0].rows[-2] == ("ip", "***.9")


def test_a_former_value_of_a_masked_field_is_masked_too(ruleset: RuleSet) -> None:
    features = {"last": {"value": "198.51.100.7", "declared": {"agg": "previous", "of": "ip"}}}
    one = replace(explanation(found(), None, None), features=features, masks=Masks(frozenset({"ip"})))
    assert "198.51.100.7" not in json.dumps(one.document()) + repr(tables(one))


def test_an_event_is_found_by_what_people_are_shown_of_its_user() -> None:
    hidden = Masks(frozenset({"user_id"}))
    ada, bob, bab = (
        explanation(found(user_id=name), None, None) for name in ("ada", "bob-12345", "bab-12345")
    )
    assert shown_as("ada", "e1", [bob, ada]) is ada
    assert shown_as("***", "e1", [bob, ada]) is None
    shy = replace(bob, masks=hidden)
    assert shown_as("***45", "e1", [replace(ada, masks=hidden), shy]) is shy
    assert shown_as("bob-12345", "e1", [shy]) is None
    with pytest.raises(UsageError, match=r"2 users who are shown as \*\*\*45"):
        shown_as("***45", "e1", [shy, replace(bab, masks=hidden)])
