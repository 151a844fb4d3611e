"""Rule sets change while events pass: each decision is by the one in force at its due, whatever is killed."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fraudctl import engines, keeper
from fraudctl.console import options
from fraudctl.home import signing
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations, rules_log
from fraudctl.jobs.activations import Because, Change, RulesTopic
from fraudctl.kafka import admin, wanted
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.kafka.tail import Tail
from pipeline.records.clock import now_ms
from pipeline.records.decisions import decode_decision, encode_decision
from pipeline.rules.feature import KEYS
from pipeline.rules.plugins.watch import Running
from pipeline.rules.ruleset import PlanSettings, RuleSet, content_hash, parse
from pipeline.scoring import activation, keys, order, reference, scorer
from pipeline.scoring.job_config import JobTopics
from tests.random_streams import LogShape, random_features, random_log
from tests.stack import flow
from tests.stack.cli import ask, data_of
from tests.stack.own_jobs import Setup, assert_same, by_place, decided, recorded, running, written
from tests.streams import content, write_value
from tests.threads import meanwhile
from tests.waiting import LONG_S

SETTINGS = PlanSettings(dedup_window_ms=5_000, max_entries=40)
PAUSE_S = 0.004
ALWAYS_FIRES = {"when": "amount > 0", "points": 1}
SEQUENCES = {
    "three_high": {"by": "user_id", "sequence": [{"where": "amount > 2000", "times": 3}], "within": "5m"},
    "card_testing": {
        "by": "card_id",
        "sequence": [{"where": "amount < 5", "times": 3}, {"where": "amount > 200"}],
        "within": "10m",
    },
}


def rule_set(version: str, seed: int, **more: Any) -> RuleSet:
    """Random features, of which sets with neighbouring seeds share most, and rules that look at them."""
    shared = random_features(random.Random(1), 6)
    made = content((*shared[seed % 3 :], *random_features(random.Random(seed), 3)[:2]))
    made["features"] |= more
    made["rules"] |= {name: {"when": name, "points": 60, "reason": name} for name in more}
    return parse(made | {"version": version})


@contextmanager
def traffic(setup: Setup) -> Iterator[None]:
    """A random stream of this moment, until the end of the block; then a tick in every partition."""
    sender = Sender(setup.stack.kafka)

    def send(over: threading.Event) -> None:
        rng = random.Random(5)
        shape = LogShape(partitions=setup.partitions, users=40, ids=3_000, absent=0.1, jumps=0.0)
        for row in random_log(rng, 100_000, shape):
            value = row.value
            if row.fields is not None:
                behind_ms = row.append_ms - int(row.fields["event_time"])
                value = write_value({**row.fields, "event_time": now_ms() - behind_ms}, rng)
            sender.send(setup.transactions, value, headers=row.headers or None, partition=row.partition)
            if over.wait(PAUSE_S):
                return

    with meanwhile(send):
        yield
    threading.Event().wait(2 * SETTINGS.out_of_orderness_ms / 1000)
    for partition in range(setup.partitions):
        sender.send(setup.transactions, None, headers={"tick": b""}, partition=partition)
    assert (sender.flush(), sender.failed) == (0, 0)


def await_version(setup: Setup, made: activation.Activation, topic: str = "decisions") -> None:
    """Waits for the first decision by a rule set."""
    wanted = parse(made.shadow).hash if topic == "shadow" and made.shadow else made.hash
    with Tail(setup.stack.kafka, setup.topic(topic), "earliest") as tail:
        mark = f'"ruleset_hash":"{wanted}"}}'.encode()
        flow.await_that(
            lambda: any((record.value or b"").endswith(mark) for record in tail.read(0.1)),
            LONG_S,
            lambda: f"no decision by {made.version} on {topic}",
        )


def await_decided(setup: Setup, expected: int) -> None:
    """Only a log that is long enough is read: reading it all each time would keep the job from its work."""

    def count() -> int:
        return len(by_place(decided(setup)))

    flow.await_that(
        lambda: written(setup) >= expected and count() >= expected,
        LONG_S,
        lambda: f"{count()} of {expected} are decided",
    )


def test_each_decision_is_by_the_rule_set_in_force_at_its_due_and_a_shadow_changes_none(stack: Stack) -> None:
    assert_each_is_by_what_is_in_force(stack, parallelism=2)


def assert_each_is_by_what_is_in_force(stack: Stack, parallelism: int) -> None:
    """While rule sets follow each other and a TaskManager is killed. One subtask is tried in tests/soak."""
    first = rule_set("first", 10)
    setup = Setup(stack, first.content, "append", SETTINGS)
    setup.create("transactions", "decisions", "refusals", "shadow")
    admin.create(stack.kafka, [wanted.spec(stack.profile, setup.topic("rules"), 1)])
    stacks_own = signing.of(stack)
    assert stacks_own is not None
    signer = replace(stacks_own, trust=replace(stacks_own.trust, topic=setup.topic("rules")))
    rules = RulesTopic(stack.kafka, setup.topic("rules"), stack.home, KEYS, signer)
    rules.begin(first.content)
    kinds = ("transactions", "decisions", "refusals", "shadow", "rules")
    config = setup.config(
        bounded=False,
        parallelism=parallelism,
        hops=KEYS,
        checkpoint_interval_ms=2_000,
        topics=JobTopics(**{kind: setup.topic(kind) for kind in kinds}),
        trust=rules.trust(),
    )
    second = rule_set("second", 11, **SEQUENCES)
    with running(setup, config):
        with traffic(setup):
            await_version(setup, rules.read()[0])
            await_version(setup, rules.activate(lambda _: Change("apply", second)))
            flow.kill(stack, "flink-taskmanager")
            shadow = rule_set("shadow", 12)
            made = rules.activate(lambda _: Change("shadow", second, shadow))
            await_version(setup, made, "shadow")
            await_version(setup, rules.activate(lambda _: Change("apply", rule_set("third", 13), shadow)))
            await_version(setup, rules.activate(lambda _: Change("rollback", second)))
        chain = rules.read()
        decisions, shadows = by_reference(setup, chain)
        await_decided(setup, len(decisions))
        flow.await_that(
            lambda: shadows.keys() <= by_place(decided(setup, "shadow")).keys(), LONG_S, lambda: "shadow"
        )
    versions = {decode_decision(value).ruleset_version for value in decisions.values()}
    assert versions == {"first", "second", "third"}
    assert_same(folded(setup, "decisions"), decisions)
    assert_untouched_by_shadows(decisions, by_reference(setup, without_shadows(chain))[0])
    assert_same(folded(setup, "shadow"), shadows)


def by_reference(
    setup: Setup, chain: list[activation.Activation]
) -> tuple[dict[Any, bytes], dict[Any, bytes]]:
    """What is decided live and by the shadows, by the place of the transaction."""
    lives: dict[Any, bytes] = {}
    shadows: dict[Any, bytes] = {}
    for place, scored in scored_by(setup, chain):
        lives[place] = encoded(scored, parse(chain[scored.version].content), setup)
        beside = chain[scored.version].shadow
        if scored.shadow is not None and beside is not None:
            shadows[place] = encoded(scored.shadow, parse(beside), setup)
    return lives, shadows


def assert_untouched_by_shadows(lives: dict[Any, bytes], alone: dict[Any, bytes]) -> None:
    """A shadow changes no decision of a rule set that was in force when it began, or is again.

    One that is applied later may find history that the shadow had kept, so it may differ while it warms.
    """
    assert lives.keys() == alone.keys()
    differing = [place for place, value in lives.items() if alone[place] != value]
    made = [decode_decision(alone[place]) for place in differing]
    assert {one.ruleset_version for one in made} <= {"third"}
    assert all(one.warming for one in made)


def scored_by(
    setup: Setup, chain: list[activation.Activation]
) -> Iterator[tuple[tuple[int, int], reference.Scored]]:
    stamping = order.stamp(recorded(setup), SETTINGS.out_of_orderness_ms, "append")
    for scored in activation.reference(chain, SETTINGS).process(stamping):
        if not scored.duplicate:
            yield (scored.stamped.partition, scored.stamped.offset), scored


def without_shadows(chain: list[activation.Activation]) -> list[activation.Activation]:
    """The same activations at the same times, as if nobody had ever started a shadow."""
    records: list[tuple[int, int, bytes]] = []
    for one in chain:
        known = activation.read(records)
        value = activation.following(known, one.action, parse(one.content))
        records.append((one.offset, one.append_ms, value))
    return activation.read(records)


def encoded(scored: reference.Scored, ruleset: RuleSet, setup: Setup) -> bytes:
    return encode_decision(scorer.decide(scored, ruleset, setup.transactions))


def folded(setup: Setup, topic: str) -> dict[Any, bytes]:
    """A decision for each place; one that was written twice must be the same both times."""
    found = by_place(decided(setup, topic))
    assert all(len(set(values)) == 1 for values in found.values())
    return {place: values[0] for place, values in found.items()}


def test_rules_are_changed_from_the_command_line_while_the_job_runs(stack: Stack, tmp_path: Path) -> None:
    chain = activations.of(stack).read()
    began, job = chain[-1], flow.live_job_id(stack)
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_text(
        "version: bad\nrules:\n  r: {when: amount >> 1, points: 5}\nthresholds: {review: 1, block: 2}\n"
    )
    mine = {
        **began.content,
        "version": "by-hand",
        "rules": {**began.content["rules"], "always": ALWAYS_FIRES},
    }
    good.write_text(json.dumps(mine))
    refused = ask(stack, "rules", "apply", str(bad))
    assert (refused["exit_code"], refused["error"]["code"]) == (2, "ruleset")
    assert "line 3" in refused["error"]["message"]
    event = {"event_id": f"live-{now_ms()}", "user_id": "by-hand", "amount": 7}
    sender = Sender(stack.kafka)
    with flow.ticking(sender, stack, event):
        applied = data_of(stack, "rules", "apply", str(good))
    assert (applied["version"], applied["in_force"], applied["before"]["hash"]) == (
        "by-hand",
        True,
        began.hash,
    )
    assert applied["first_decision"]["user_id"] == "by-hand"
    assert ask(stack, "rules", "apply", str(good))["error"]["code"] == "already"
    options.change(home=stack.home)
    keeper._pause(running_plugin(rule="always", ruleset_hash=applied["hash"]))
    options.reset()
    assert len(activations.of(stack).read()) == len(chain) + 1, "a rule without a plug-in hangs in none"
    data_of(stack, "rules", "pause", "always")
    assert [data_of(stack, "rules", "rollback")["version"] for _ in range(2)] == ["by-hand", began.version]
    made = data_of(stack, "rules", "history")["activations"][: len(activations.of(stack).read()) - len(chain)]
    assert [(one["action"], one["version"]) for one in reversed(made)] == [
        ("apply", "by-hand"),
        ("pause", "by-hand+paused.always"),
        ("rollback", "by-hand"),
        ("rollback", began.version),
    ]
    assert flow.live_job_id(stack) == job


def running_plugin(rule: str, ruleset_hash: str) -> Running:
    """A call of a plug-in that was stopped, as the watcher hands it to the keeper."""
    return Running(1, 1, 1, None, rule, "own.py:judge", "k", 1.0, "v", ruleset_hash)


def test_scoring_goes_on_when_forged_and_malformed_records_lie_on_the_rules_topic(stack: Stack) -> None:
    rules = activations.of(stack)
    assert rules.signing is not None
    began = rules.read()
    forged = activation.following(
        began,
        "apply",
        parse({**began[-1].content, "version": "bad"}),
        backing=rules.backing(Because("I may not")),
    )
    uncompiled = {**json.loads(forged)["ruleset"], "rules": {"r": {"when": "amount >> 1", "points": 5}}}
    bad = json.dumps(json.loads(forged) | {"ruleset": uncompiled, "hash": content_hash(uncompiled)}).encode()
    places: list[Sent] = []
    sender = Sender(stack.kafka, places.append)
    stranger = signing.new_key()
    for value in (
        None,
        b'{"kind":"activation"}',
        forged,
        keys.sign(forged, stranger),
        keys.sign(bad, rules.signing.key),
    ):
        sender.send(rules.topic, value, partition=rules_log.PARTITION)
    assert (sender.flush(), sender.failed) == (0, 0)
    wrong = [
        "it has no value",
        "it is not signed",
        "it is not signed",
        f"it is signed by the key {keys.public(stranger)}, which is not trusted",
        "its ruleset is no rule set: "
        "rules.r.when: column 1: not a condition such as amount > 5 or present(country)",
    ]
    aside = [
        {"topic": rules.topic, "partition": 0, "offset": place.offset, "reason": reason}
        for place, reason in zip(sorted(places, key=lambda one: one.offset), wrong, strict=True)
    ]
    for restart in (None, "flink-taskmanager", "job"):
        if restart == "job":
            data_of(stack, "job", "stop")
            data_of(stack, "job", "submit")
        elif restart:
            flow.kill(stack, restart)
        load = flow.workload(50)
        flow.send_all(stack, load, 0, 100)
        flow.await_decisions(stack, load, 100)
        assert data_of(stack, "job", "status")["rules_put_aside"][-5:] == aside
    assert data_of(stack, "rules", "history")["put_aside"][-5:] == aside
    shown = ask(stack, "status")
    assert shown["data"]["rules_put_aside"][-5:] == aside
    assert shown["summary"].endswith("records on the rules topic put aside")
    said_by = engines.of(stack).logs(stack.home, ["flink-taskmanager"], 100_000, follow=False)
    log = "\n".join(one.line for one in said_by)
    for one in aside:
        said = f"The record at offset {one['offset']} of {rules.topic}-0 is put aside"
        assert f"{said}, and what is in force goes on: {one['reason']}" in log

    def keeper_says() -> str:
        return "".join(
            one.line for one in engines.of(stack).logs(stack.home, ["keeper"], 100_000, follow=False)
        )

    wanted = [f"offset {one['offset']} of {rules.topic}-0 is put aside: {one['reason']}" for one in aside]
    flow.await_that(
        lambda: all(one in keeper_says() for one in wanted), LONG_S, lambda: "the keeper does not say it"
    )
