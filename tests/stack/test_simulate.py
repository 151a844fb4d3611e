"""The shipped attacks through the command line: caught, counted, listed and explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.home.stack import Stack
from fraudctl.kafka.sender import Sender, Sent
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_sinks, await_that
from tests.waiting import LONG_S

SCORECARD = {
    "run",
    "scenario",
    "seed",
    "start_ms",
    "interrupted",
    "labels_file",
    "sent",
    "accepted",
    "not_accepted",
    "decided",
    "lost",
    "waiting",
    "duplicates",
    "late",
    "alerts",
    "precision",
    "recall",
    "recall_by_instance",
    "alert_rate_normal",
    "latency_ms",
    "currencies",
    "instances",
}
INSTANCE = {"instance", "attack", "events", "expected", "flagged", "events_to_detect", "time_to_detect_ms"}
ALERT = {
    "decided_at",
    "event_time",
    "user_id",
    "event_id",
    "amount",
    "currency",
    "ip",
    "score",
    "decision",
    "reasons",
}
EXPLANATION = {
    "transaction",
    "score",
    "decision",
    "reasons",
    "sum_of_points",
    "features",
    "rules",
    "ruleset",
    "late",
    "saturated",
    "warming",
    "source",
    "run",
    "position",
    "decided_at",
    "origin",
}
DEAD_LETTER = {"id", "topic", "partition", "offset", "length", "stored", "reason", "refused_ms", "value"}
ATTACKS = (("ip-burst", "ip_burst", 5), ("card-testing", "card_testing", 5))
"""An attack, the rule that is made for it, and the first event of an instance that meets the rule."""


@pytest.mark.parametrize(("attack", "rule", "meets_at"), ATTACKS)
def test_an_attack_is_caught_at_few_false_alarms_and_the_event_that_meets_the_rule_is_flagged(
    stack: Stack, attack: str, rule: str, meets_at: int
) -> None:
    options = ("--attack", attack, "--rate", "250", "--duration", "12s", "--seed", "5")
    card = data_of(stack, "simulate", *options)
    assert card.keys() == SCORECARD
    assert all(instance.keys() == INSTANCE for instance in card["instances"])
    assert card["latency_ms"].keys() == {"p50", "p90", "p99", "max"}
    assert (card["scenario"], card["seed"], card["interrupted"]) == (attack, 5, False)
    assert (card["sent"], card["decided"], card["not_accepted"], card["duplicates"]) == (3_000, 3_000, 0, 0)
    assert card["accepted"] == card["decided"] == card["sent"]
    whole = [instance for instance in card["instances"] if instance["expected"]]
    assert whole
    assert all(instance["events_to_detect"] <= meets_at for instance in whole)
    assert card["recall"] >= 0.95
    assert card["alert_rate_normal"] <= 0.01
    await_sinks(stack)
    caught = alerts_of(stack, frauds_in(Path(card["labels_file"])))
    assert len(caught) == sum(instance["flagged"] for instance in card["instances"])
    assert_explained(stack, next(alert for alert in caught if rule in rules_of(alert)), rule)


def frauds_in(labels: Path) -> set[str]:
    """The event ids that the labels file calls fraud."""
    documents = map(json.loads, labels.read_text(encoding="utf-8").splitlines())
    return {document["event_id"] for document in documents if document["label"] == "fraud"}


def alerts_of(stack: Stack, event_ids: set[str]) -> list[dict[str, Any]]:
    """The alerts about these events."""
    found = data_of(stack, "alerts", "--since", "5m", "--limit", "2000")["alerts"]
    assert all(alert.keys() == ALERT for alert in found)
    return [alert for alert in found if alert["event_id"] in event_ids]


def rules_of(alert: dict[str, Any]) -> set[str]:
    return {reason["rule"] for reason in alert["reasons"]}


def assert_explained(stack: Stack, alert: dict[str, Any], rule: str) -> None:
    told = data_of(stack, "explain", alert["event_id"], "--user", alert["user_id"])
    assert told.keys() == EXPLANATION
    assert told["origin"] == "postgres"
    assert [told[name] for name in ("score", "decision", "reasons")] == [
        alert[name] for name in ("score", "decision", "reasons")
    ]
    fired = {judged["rule"] for judged in told["rules"] if judged["fired"]}
    assert fired == rules_of(alert)
    assert rule in fired


def test_a_refused_record_is_listed_with_its_place_and_reason(stack: Stack) -> None:
    sent: list[Sent] = []
    sender = Sender(stack.kafka, sent.append)
    sender.send(stack.profile.topics.transactions, b"one payment, please", b"somebody")
    assert sender.flush() == 0
    place = (sent[0].partition, sent[0].offset)
    listed: list[dict[str, Any]] = []

    def is_listed() -> bool:
        nonlocal listed
        records = data_of(stack, "dlq", "list")["records"]
        listed = [one for one in records if (one["partition"], one["offset"]) == place]
        return bool(listed)

    await_that(is_listed, LONG_S, lambda: f"{place} is not listed")
    [letter] = listed
    assert letter.keys() == DEAD_LETTER
    assert letter["topic"] == stack.profile.topics.transactions
    assert (letter["length"], letter["value"]) == (19, "one payment, please")
    assert letter["reason"].startswith("invalid_json: ")
    assert data_of(stack, "dlq", "show", letter["id"])["value"] == "one payment, please"
    assert ask(stack, "explain", "no-such-event")["exit_code"] != 0
