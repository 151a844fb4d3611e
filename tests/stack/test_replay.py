"""Replays beside the live job: the same rules change nothing, an edited rule changes what it must."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from fraudctl import replay, replay_topics, rulestore, topics
from fraudctl.jobfiles import write_json
from fraudctl.result import Progress
from fraudctl.stack import Stack
from pipeline.delivery import glance, run_of
from pipeline.events import position
from pipeline.ruleset import RuleSet, parse
from tests.stack import flow

EVENTS = 10_000


@pytest.fixture(scope="module")
def sent(stack: Stack) -> dict[int, list[flow.Logged]]:
    """Decided live events, that this module's replays are compared with."""
    load = flow.workload(2_000.0)
    flow.send_all(stack, load, 0, EVENTS)
    return flow.await_decisions(stack, load, EVENTS)


def live_rules(stack: Stack) -> RuleSet:
    return rulestore.read(Path(stack.profile.rules))


def own_topics(stack: Stack) -> list[str]:
    return [name for name in topics.names(stack.kafka) if ".replay-" in name]


@pytest.mark.parametrize("parallelism", [1, 2])
def test_a_replay_of_the_live_rules_gives_exactly_the_live_decisions(
    stack: Stack, sent: dict[int, list[flow.Logged]], parallelism: int
) -> None:
    made = replay.plan(stack, live_rules(stack), base="live", parallelism=parallelism)
    found = replay.run(stack, made, "live", keep=False, wait_s=300, progress=Progress())
    assert found.diff is not None
    assert found.diff.as_document()["examples"] == []
    assert (found.diff.same, found.diff.compares_features, found.diff.same_ruleset) == (True, True, True)
    assert found.diff.compared == found.decided >= len(sent)
    assert own_topics(stack) == []


def test_an_edited_rule_changes_exactly_the_decisions_it_was_seen_in(
    stack: Stack, sent: dict[int, list[flow.Logged]]
) -> None:
    newest = flow.newest(sent)
    limit = sorted(int(str(one.decision.features["user_tx_24h"])) for one in newest.values())[-100]
    content = copy.deepcopy(dict(live_rules(stack).content))
    content["version"] = "candidate"
    content["rules"]["many"] = {"when": f"user_tx_24h >= {limit}", "points": 1, "reason": "many"}
    expected = [one for one in newest.values() if int(str(one.decision.features["user_tx_24h"])) >= limit]
    oldest = min(one.decision.transaction.event_time_ms for one in newest.values())
    made = replay.plan(stack, parse(content), from_ms=oldest, base="live")
    found = replay.run(stack, made, "live", keep=False, wait_s=300, progress=Progress())
    assert found.diff is not None
    assert found.diff.by_rule["many"] == {"fires": found.diff.changed, "no_longer": 0, "points": 0}
    assert found.diff.causes == {"rule many added": found.diff.changed}
    assert found.diff.changed >= len(expected) >= 100


def test_an_interrupted_replay_leaves_nothing_behind(
    stack: Stack, sent: dict[int, list[flow.Logged]]
) -> None:
    class Impatient(Progress):
        def update(self, done: float, note: str = "") -> None:
            if note == "running":
                raise KeyboardInterrupt

    made = replay.plan(stack, live_rules(stack), base="live")
    with pytest.raises(KeyboardInterrupt):
        replay.run(stack, made, "live", keep=False, wait_s=300, progress=Impatient())
    assert own_topics(stack) == []
    assert flow.live_job_id(stack)


def test_a_published_replay_replaces_the_decisions_in_the_log_and_in_every_store(
    stack: Stack, sent: dict[int, list[flow.Logged]]
) -> None:
    content = copy.deepcopy(dict(live_rules(stack).content))
    content["version"] = "published"
    content["rules"]["every"] = {"when": "amount > -1000000", "points": 100, "reason": "every"}
    load_start = min(one.decision.transaction.event_time_ms for one in flow.newest(sent).values())
    made = replay.plan(stack, parse(content), from_ms=load_start)
    found = replay.run(stack, made, None, keep=False, wait_s=300, progress=Progress(), publish=True)
    assert found.published is not None
    assert found.published["decisions"] == found.decided >= EVENTS
    flow.await_sinks(stack)
    (number, old), *_ = flow.newest(sent).items()
    run = found.published["run"]
    (record,) = (
        record
        for record in topics.tail(stack.kafka, stack.profile.topics.decisions)
        if run_of(record.headers.items()) == run
        and glance(record.value or b"").identity == old.decision.identity
    )
    new = {number: flow.Logged(position(run, record.offset), run, record.value or b"")}
    for sink in stack.profile.sinks:
        assert flow.held_by(stack, sink, new) == flow.expected_in(stack, sink, new)


def test_what_a_killed_replay_left_is_dropped_by_the_next(stack: Stack) -> None:
    name = f"{stack.profile.topics.decisions}.replay-dead"
    topics.create(stack.kafka, [topics.spec(stack.profile, name, 1)])
    content = {"pid": 4_194_305, "began": "12", "topics": [name]}
    write_json(stack.home / "replays" / "dead.json", content)
    assert replay_topics.sweep(stack) == [name]
    assert own_topics(stack) == []
    assert replay_topics.sweep(stack) == []
