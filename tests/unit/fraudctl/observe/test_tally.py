"""What is counted of decisions and refusals as they come."""

from __future__ import annotations

import json
from typing import Any

from prometheus_client import generate_latest

from fraudctl.observe.tally import LONGEST, MOST_REASONS, Tally, Timed
from pipeline.metrics import exposition
from pipeline.metrics.kinds import Labelled
from pipeline.metrics.outside import DecisionFigures

_VERDICTS = ("approve", "review", "block")
NOW_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z"""


def decision(
    rules: tuple[str, ...] = (), partition: int = 0, append_ms: int = NOW_MS, late: bool = False, **more: Any
) -> Timed:
    verdict = {"late": late, "saturated": False, "score": 60 if rules else 0}
    verdict |= {"decision": "review" if rules else "approve"}
    verdict |= {"reasons": [{"rule": rule, "points": 60, "text": 'says "late":true,'} for rule in rules]}
    head = {"event_id": "e1", "user_id": "ada", "event_time": "2025-12-31T23:59:59.900Z", "amount": 1}
    document = {**head, "features": {"score": 1}, **verdict, "ruleset_version": "v", "ruleset_hash": "h"}
    return partition, append_ms, json.dumps({**document, **more}, separators=(",", ":")).encode()


def some(counted: Labelled) -> Labelled:
    return {labels: times for labels, times in counted.items() if times}


def counted(*batches: list[Timed], now_ms: int = NOW_MS) -> DecisionFigures:
    tally = Tally(lambda: now_ms)
    for batch in batches:
        tally.decisions(batch)
    return tally.figures


def test_decisions_are_counted_by_what_they_say_and_hits_by_rule() -> None:
    found = counted([decision(), decision(("a", "b")), decision()], [decision(("a",), late=True)])
    assert found.decisions == {("approve",): 2, ("review",): 2, ("block",): 0}
    assert found.hits == {("a",): 2, ("b",): 1}
    assert found.marked == {("late",): 1, ("saturated",): 0, ("warming",): 0, ("reused_id",): 0}


def test_failed_plugins_are_counted_by_rule() -> None:
    found = counted([decision(plugin_errors={"model": "it raised ValueError"}), decision()])
    assert (found.plugin_failures, found.hits) == ({("model",): 1}, {})


def test_the_delay_is_measured_of_a_sample_and_never_of_late_events() -> None:
    found = counted([decision(late=True), *[decision()] * 9], [decision()])
    assert (sum(found.delay.counts), round(found.delay.sum_s, 3)) == (2, 0.2)
    assert counted([decision(late=True)]).delay.counts == DecisionFigures().delay.counts


def test_what_is_no_decision_is_counted_as_other_and_harms_nothing() -> None:
    found = counted([(0, NOW_MS, b""), (0, NOW_MS, b'{"late":'), (0, NOW_MS, b',"late":[1]}')])
    assert (some(found.decisions), found.hits) == ({("other",): 3}, {})
    strange = b'{"x":1,"event_time":"yesterday","late":false,"decision":"approve"}'
    assert counted([(0, NOW_MS, strange)]).delay == DecisionFigures().delay


def test_a_clock_that_steps_is_counted_and_one_that_goes_on_is_not() -> None:
    later, earlier = NOW_MS + 500, NOW_MS - 2_000
    assert counted([decision(), decision(append_ms=later)], [decision(append_ms=later)]).clock_steps == 0
    assert counted([decision()], [decision(append_ms=earlier)]).clock_steps == 1
    assert counted([decision(append_ms=NOW_MS + 5_000)]).clock_steps == 1
    assert counted([decision()], [decision(partition=1, append_ms=earlier)]).clock_steps == 0


def test_reasons_are_counted_by_code_and_those_without_end_as_one() -> None:
    tally = Tally(lambda: NOW_MS)
    tally.refusals([b"bad_json: at 3", b"bad_json: at 9", b"no_user"])
    assert tally.figures.refused == {("bad_json",): 2, ("no_user",): 1}
    tally.refusals([f"made-up-{number}: x".encode() for number in range(200)])
    assert len(tally.figures.refused) == MOST_REASONS + 1
    assert sum(tally.figures.refused.values()) == 203


def test_what_the_shadow_would_decide_is_counted_apart() -> None:
    tally = Tally(lambda: NOW_MS)
    tally.shadow([decision(("a",))])
    assert (some(tally.figures.shadow), some(tally.figures.decisions)) == ({("review",): 1}, {})


def test_decisions_are_counted_by_the_currency_that_their_events_name() -> None:
    value = decision()[2].replace(b'"amount":1', b'"amount":1,"currency":"JPY"')
    named = decision(("a",))[2].replace(b'"amount":1', b'"amount":1,"currency":"EUR"')
    found = counted([(0, NOW_MS, value), (0, NOW_MS, named), decision(), (0, NOW_MS, value)])
    assert found.currencies == {("JPY",): 2, ("EUR",): 1, ("none",): 1}


def test_whatever_is_written_to_the_topics_there_are_few_labels_short_ones_and_all_can_be_told() -> None:
    tally = Tally(lambda: NOW_MS)
    strange = ["\ud800", "x" * 10_000, *map(str, range(50))]
    tally.decisions([decision((word, f"{word}-"), decision=word) for word in strange])
    tally.shadow([decision(decision=word) for word in strange])
    tally.refusals([word.encode("utf-8", "replace") for word in strange])
    figures = tally.figures
    assert figures.decisions.keys() == figures.shadow.keys() == {(n,) for n in (*_VERDICTS, "other")}
    labels = [label for found in (figures.hits, figures.refused) for (label,) in found]
    assert max(map(len, labels)) == LONGEST
    assert generate_latest(exposition.registry(lambda: (figures,)))
