"""Replays beside the live job: the same rules change nothing, an edited rule changes what it must."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from fraudctl.compare import prints, replay, replay_plan, replay_topics
from fraudctl.console.progress import Progress
from fraudctl.home import rulesets
from fraudctl.home.jobs import write_json
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, tail, wanted
from pipeline.records.clock import now_ms
from pipeline.records.decision_bytes import glance
from pipeline.records.decision_record import run_of
from pipeline.records.position import pack
from pipeline.records.quantities import parse_amount
from pipeline.rules.ruleset import RuleSet, parse
from tests.stack import flow
from tests.waiting import LONG_S

EVENTS = 50_000
PUBLISHED = 2_000


@pytest.fixture(scope="module")
def since_ms(stack: Stack) -> int:
    """The moment before live events were sent and decided, with which replays are compared."""
    begun_ms, load, log = now_ms(), flow.workload(20_000.0), stack.profile.topics.decisions
    before = sum(admin.end_offsets(stack.kafka, log).values())
    flow.send_all(stack, load, 0, EVENTS)
    flow.await_that(
        lambda: sum(admin.end_offsets(stack.kafka, log).values()) >= before + EVENTS,
        LONG_S,
        lambda: "the events are not decided",
    )
    flow.await_decisions(stack, load, EVENTS)
    return begun_ms


def live_rules(stack: Stack) -> RuleSet:
    return rulesets.read(Path(stack.profile.rules))


def amounts(stack: Stack, made: replay_plan.Plan) -> dict[tuple[int, int], int]:
    """The amounts, in units, of the decided events of the range, by their place in the log."""
    place, found = prints.Place(made.transactions), {}
    for record in tail.records(stack.kafka, stack.profile.topics.decisions):
        where = place.of(record.value or b"")
        if where is not None and made.includes(*where):
            _, _, rest = (record.value or b"").partition(b',"amount":')
            found[where] = parse_amount(rest[: rest.index(b",")].decode())
    return found


@pytest.mark.parametrize(("parallelism", "is_killed"), [(1, False), (2, True)])
def test_a_replay_of_the_live_rules_gives_exactly_the_live_decisions(
    stack: Stack, since_ms: int, parallelism: int, is_killed: bool
) -> None:
    made = replay_plan.plan(stack, live_rules(stack), since_ms, base="live", parallelism=parallelism)
    progress = flow.KillingMidway(stack, EVENTS // 10) if is_killed else Progress()
    found = replay.run(stack, made, "live", keep=False, wait_s=300, progress=progress)
    assert found.diff is not None
    assert found.diff.as_document()["examples"] == []
    assert (found.diff.same, found.diff.compares_features, found.diff.same_ruleset) == (True, True, True)
    assert found.diff.compared >= EVENTS - 1_000
    assert flow.replay_topics(stack) == []
    if isinstance(progress, flow.KillingMidway):
        assert 0 < progress.decided_at_kill < EVENTS
        flow.await_that(lambda: flow.all_tasks_run(stack), LONG_S, lambda: "the live job does not run again")


def test_an_edited_rule_changes_exactly_the_decisions_it_was_seen_in(stack: Stack, since_ms: int) -> None:
    content = copy.deepcopy(dict(live_rules(stack).content))
    content["version"] = "candidate"
    content["rules"]["high_value"]["when"] = "amount > 2500"
    made = replay_plan.plan(stack, parse(content), since_ms, base="live")
    held = amounts(stack, made)
    expected = [units for units in held.values() if 20_000_000 < units <= 25_000_000]
    found = replay.run(stack, made, "live", keep=False, wait_s=300, progress=Progress())
    assert found.diff is not None
    assert (found.diff.compared, found.diff.changed) == (len(held), len(expected))
    assert (found.diff.added, found.diff.removed) == (0, 0)
    assert len(expected) >= 100
    assert found.diff.by_rule == {"high_value": {"fires": 0, "no_longer": len(expected), "points": 0}}
    assert found.diff.as_document()["causes"] == {"condition of high_value changed": len(expected)}
    assert sum(found.diff.amounts.values()) == sum(expected)


def test_an_interrupted_replay_leaves_nothing_behind(stack: Stack, since_ms: int) -> None:
    class Impatient(Progress):
        def update(self, done: float, note: str = "") -> None:
            if note == "running":
                raise KeyboardInterrupt

    made = replay_plan.plan(stack, live_rules(stack), since_ms, base="live")
    with pytest.raises(KeyboardInterrupt):
        replay.run(stack, made, "live", keep=False, wait_s=300, progress=Impatient())
    assert flow.replay_topics(stack) == []
    assert flow.live_job_id(stack)


def test_a_published_replay_replaces_the_decisions_in_the_log_and_in_every_store(stack: Stack) -> None:
    begun_ms, load = now_ms(), flow.workload()
    flow.send_all(stack, load, 0, PUBLISHED)
    sent = flow.await_decisions(stack, load, PUBLISHED)
    content = copy.deepcopy(dict(live_rules(stack).content))
    content["version"] = "published"
    content["rules"]["every"] = {"when": "amount > -1000000", "points": 100, "reason": "every"}
    made = replay_plan.plan(stack, parse(content), from_ms=begun_ms)
    found = replay.run(stack, made, None, keep=False, wait_s=300, progress=Progress(), publish=True)
    assert found.published is not None
    assert found.published["decisions"] == found.decided >= PUBLISHED
    flow.await_sinks(stack)
    (number, old), *_ = flow.newest(sent).items()
    run = found.published["run"]
    log = stack.profile.topics.decisions
    (record,) = (
        record
        for record in tail.records(stack.kafka, log, admin.offsets_at(stack.kafka, log, begun_ms))
        if run_of(record.headers.items()) == run
        and glance(record.value or b"").identity == old.decision.identity
    )
    new = {number: flow.Logged(pack(run, record.offset), run, record.value or b"")}
    for sink in stack.profile.sinks:
        assert flow.held_by(stack, sink, new) == flow.expected_in(stack, sink, new)


def test_what_a_killed_replay_left_is_dropped_by_the_next(stack: Stack) -> None:
    name = f"{stack.profile.topics.decisions}.replay-dead"
    admin.create(stack.kafka, [wanted.spec(stack.profile, name, 1)])
    content = {"pid": 4_194_305, "began": "12", "topics": [name]}
    write_json(stack.home / "replays" / "dead.json", content)
    assert replay_topics.sweep(stack) == [name]
    assert flow.replay_topics(stack) == []
    assert replay_topics.sweep(stack) == []
