"""A plug-in that hangs inside the job: named, stopped, and the job goes on without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations, plugin_watcher
from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender
from pipeline.records.clock import now_ms
from pipeline.records.decisions import Decision, decode_decision
from pipeline.rules import ruleset
from pipeline.scoring.activation import Activation
from tests.stack import own_jobs
from tests.stack.cli import ask, data_of
from tests.stack.flow import all_tasks_run, await_that, ticking
from tests.waiting import LONG_S

SOURCE = """\
import re

def judge(transaction, features):
    if transaction["amount"] == 77:
        return re.match("(a+)+$", "a" * 60 + "b") is not None
    return 1 / 0 if transaction["amount"] == 13 else features["n"]
"""
CONTENT: dict[str, Any] = {
    "version": "hanging",
    "features": {"n": {"by": "user_id", "agg": "count", "window": "5m"}},
    "rules": {
        "asks": {"plugin": "own.py:judge", "uses": ["amount", "n"], "when": "amount > 10", "points": 60},
        "large": {"when": "amount > 50", "points": 50},
    },
    "thresholds": {"review": 50, "block": 80},
    "plugins": {"own.py": SOURCE},
}
FAILED = {"asks": "ZeroDivisionError: division by zero (own.py line 6)"}
STOPPED = {"asks": "was stopped: it held the interpreter beyond its limit of 1 s"}


def send(setup: own_jobs.Setup, amounts: list[float], first: int) -> None:
    sender = Sender(setup.stack.kafka)
    for number, amount in enumerate(amounts, first):
        event = {"event_id": f"e{number}", "user_id": "u", "event_time": now_ms(), "amount": amount}
        sender.send(setup.transactions, json.dumps(event).encode(), b"u", partition=0)
    assert (sender.flush(), sender.failed) == (0, 0)


def await_decided(setup: own_jobs.Setup, count: int, wait_s: float) -> None:
    """Ticks until so many events are decided."""
    sender = Sender(setup.stack.kafka)

    def are_decided() -> bool:
        sender.send(setup.transactions, None, headers={"tick": b""}, partition=0)
        sender.flush()
        return len(decided(setup)) == count

    await_that(are_decided, wait_s, lambda: f"decided are {sorted(decided(setup))}")


def decided(setup: own_jobs.Setup) -> dict[str, Decision]:
    made = [decode_decision(record.value or b"") for record in own_jobs.decided(setup)]
    return {one.transaction.event_id: one for one in made}


def test_a_plugin_that_hangs_is_stopped_and_every_event_is_decided(stack: Stack) -> None:
    setup = own_jobs.Setup(stack, CONTENT, partitions=1)
    setup.create("transactions", "decisions", "refusals")
    loaded = ruleset.parse(CONTENT)
    with own_jobs.running(setup, setup.config(bounded=False)) as job_id:
        own_jobs.await_tasks(setup, job_id)
        send(setup, [5, 20, 13, 60], 0)
        await_decided(setup, 4, 60.0)
        before = decided(setup)
        assert Flink(stack.flink).job(job_id).running
        send(setup, [77, 20, 5], 4)
        await_decided(setup, 7, 180.0)
    after = decided(setup)
    found = {**before, **{name: after[name] for name in after.keys() - before.keys()}}
    assert [(found[name].score, dict(found[name].plugin_errors)) for name in sorted(found)] == [
        (0, {}),
        (2, {}),
        (0, FAILED),
        (54, {}),
        (50, STOPPED),
        (0, STOPPED),
        (0, {}),
    ]
    entries = [one for one in plugin_watcher.stopped(stack.paths.plugins) if one["hash"] == loaded.hash]
    assert [(one["rule"], one["place"], one["version"]) for one in entries] == [
        ("asks", "own.py:judge", "hanging")
    ]
    await_that(lambda: all_tasks_run(stack), LONG_S, lambda: "the live job does not run again")


def test_in_the_live_job_a_plugin_that_hangs_is_taken_out_of_the_rules(stack: Stack, tmp_path: Path) -> None:
    topic = activations.of(stack)
    began = topic.read()[-1]
    hangs = {"plugin": "own.py:judge", "uses": ["amount"], "when": "amount > 10", "points": 1}
    (tmp_path / "own.py").write_text(f"{SOURCE}# another file than that of the test above\n")
    file = tmp_path / "rules.yaml"
    rules = {**began.content["rules"], "hangs": hangs}
    file.write_text(json.dumps({**began.content, "version": "live-hanging", "rules": rules}))
    sender = Sender(stack.kafka)
    event = {"event_id": f"hang-{now_ms()}", "user_id": "hung", "amount": 5}
    worst: dict[str, Any] = {**event, "amount": 77}

    def is_marked() -> bool:
        return marked(stack, worst["event_id"], worst["event_time"])

    with ticking(sender, stack, event), restored(stack, began, tmp_path / "before.yaml"):
        data_of(stack, "rules", "apply", str(file))
        worst["event_time"] = now_ms()
        sender.send(stack.profile.topics.transactions, json.dumps(worst).encode(), b"hung")
        await_that(lambda: topic.read()[-1].action == "pause", LONG_S, lambda: f"{topic.read()[-1].version}")
        await_that(lambda: all_tasks_run(stack), LONG_S, lambda: "the live job does not run again")
        await_that(is_marked, LONG_S, lambda: "no marked decision")
        refused = ask(stack, "rules", "apply", str(file))
    assert (refused["exit_code"], refused["error"]["code"]) == (2, "stopped_plugin")
    assert "rules.hangs.plugin: own.py:judge was stopped" in refused["error"]["message"]


def marked(stack: Stack, event_id: str, since_ms: int) -> bool:
    """Whether there is a decision on the event that says that the plug-in failed."""
    topic = stack.profile.topics.decisions
    for record in tail.records(stack.kafka, topic, admin.offsets_at(stack.kafka, topic, since_ms)):
        if f'"{event_id}"'.encode() in (record.value or b""):
            made = decode_decision(record.value or b"")
            if made.transaction.event_id == event_id and list(made.plugin_errors) == ["hangs"]:
                return True
    return False


@contextmanager
def restored(stack: Stack, began: Activation, file: Path) -> Iterator[None]:
    """At the end the rule set of before is live again, whatever happened."""
    try:
        yield
    finally:
        if activations.of(stack).read()[-1].hash != began.hash:
            file.write_text(json.dumps(began.content))
            data_of(stack, "rules", "apply", str(file))
