"""Every file in `scenarios/` is sound, repeats itself byte for byte, and is caught by the shipped rules.

Its events are scored by the reference implementation, in a log of four partitions as Kafka would place them.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

import pytest

from fraudctl.traffic import scenario
from fraudctl.traffic.generator import Planned, Run, label_value, stream
from fraudctl.traffic.scorecard import Scoreboard, Scorecard
from pipeline.records.decisions import Decision
from pipeline.records.events import decode
from pipeline.rules.ruleset import load
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference
from pipeline.scoring.scorer import decide

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
RULES = ROOT / "profiles" / "rules" / "default.yaml"
NAMES = scenario.names(SCENARIOS)
ATTACKS = [name for name in NAMES if scenario.find(name, SCENARIOS).attacks]
START_MS = 1_795_000_000_000
PARTITIONS = 4


def run_of(name: str) -> Run:
    return Run(scenario.find(name, SCENARIOS), 7, START_MS, rate=100, duration_ms=30_000)


@cache
def planned(name: str) -> tuple[Planned, ...]:
    return tuple(stream(run_of(name)))


@cache
def judged(name: str) -> tuple[Scorecard, dict[int, Decision]]:
    """The scorecard of the reference, and the decisions by event number."""
    ruleset, board, records, numbers = load(RULES), Scoreboard(), [], {}
    for event in planned(name):
        partition = zlib.crc32(event.transaction.user_id.encode()) % PARTITIONS
        at_ms = START_MS + event.offset_ms
        board.send(event.number, at_ms, event.part)
        board.deliver(event.number, partition, event.number)
        numbers[partition, event.number] = event.number
        records.append(Record(partition, event.number, at_ms + 2, event.value))
    decisions = {}
    for scored in Reference(ruleset.plan()).process(stamp(records)):
        number = numbers[scored.stamped.partition, scored.stamped.offset]
        decisions[number] = decision = decide(scored, ruleset, "risk.transactions")
        board.decide(number, decision.flagged, START_MS, scored.stamped.partition, number)
    return board.scorecard(), decisions


def test_the_seven_shipped_scenarios_are_there() -> None:
    assert set(NAMES) >= {
        "normal",
        "ip-burst",
        "velocity",
        "new-device",
        "card-testing",
        "high-value-sequence",
        "account-takeover",
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_and_start_time_give_the_same_bytes(name: str) -> None:
    again = [(event.value, label_value(event, name)) for event in stream(run_of(name))]
    assert again == [(event.value, label_value(event, name)) for event in planned(name)]


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_accepted_as_it_was_planned_at_the_asked_rate(name: str) -> None:
    events = planned(name)
    assert [decode(event.value) for event in events] == [event.transaction for event in events]
    assert len(events) == 3_000
    assert len({event.transaction.event_id for event in events}) == 3_000
    assert all(0 <= event.offset_ms < 30_000 for event in events)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_has_labelled_instances_that_the_transactions_do_not_betray(name: str) -> None:
    frauds = [event for event in planned(name) if event.part is not None]
    assert len({event.part.instance for event in frauds if event.part}) >= 3
    assert all(b'"label":"fraud"' in label_value(event, name) for event in frauds)
    assert not any(b"label" in event.value or b"instance" in event.value for event in frauds)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_shipped_rules_catch_it_from_the_event_on_that_meets_a_rule(name: str) -> None:
    card, _ = judged(name)
    assert card.recall is not None
    assert card.recall >= 0.95
    assert card.recall_by_instance is not None
    assert card.recall_by_instance >= 0.95


@pytest.mark.parametrize("name", ATTACKS)
def test_the_event_that_first_meets_a_rule_is_itself_the_first_flagged(name: str) -> None:
    card, _ = judged(name)
    expected = {attack.name: attack.flagged_from for attack in run_of(name).scenario.attacks}
    detected = [(instance.name, instance.events_to_detect) for instance in card.instances]
    assert detected == [(instance.name, expected[instance.attack]) for instance in card.instances]


@pytest.mark.parametrize("name", ATTACKS)
def test_the_rules_it_names_are_among_those_that_fire(name: str) -> None:
    _, decisions = judged(name)
    named = {attack.name: set(attack.rules) for attack in run_of(name).scenario.attacks}
    for event in planned(name):
        if event.part is not None and event.part.number == event.part.flagged_from:
            fired = {hit.rule for hit in decisions[event.number].reasons}
            assert named[event.part.attack] <= fired


@pytest.mark.parametrize("name", NAMES)
def test_at_most_one_in_a_hundred_normal_events_raises_an_alert(name: str) -> None:
    card, _ = judged(name)
    assert card.alert_rate_normal is not None
    assert card.alert_rate_normal <= 0.01


def test_a_hot_merchant_has_its_share_of_the_payments() -> None:
    events = planned("hot-merchant")
    hot = sum(event.transaction.fields["merchant_id"] == "m-0000" for event in events)
    assert 0.30 < hot / len(events) < 0.36
    assert len({event.transaction.user_id for event in events}) == len(events)
