"""A topic that gets more partitions: users move, and all is decided as on a run from the start."""

from __future__ import annotations

import json
import random

from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs.submission import job_config
from fraudctl.kafka import admin, growing, wanted
from fraudctl.kafka.sender import Sender
from pipeline.records.clock import now_ms
from tests.stack.flow import await_that
from tests.stack.own_jobs import (
    Setup,
    assert_same,
    await_tasks,
    decided,
    folded,
    run,
    running,
    savepoint_folder,
)
from tests.waiting import LONG_S

EVENTS, USERS = 3_000, 200
LATE_MS = (0, 0, 0, 0, 7, 40, 60, 900)
BEFORE, AFTER = 4, 6


def send(setup: Setup, first: int) -> None:
    """Events of this moment, each where its user is by now; one in eight is from before the others."""
    rng, sender = random.Random(first), Sender(setup.stack.kafka, linger_ms=1)
    for number in range(first, first + EVENTS):
        user = f"u{rng.randrange(USERS)}"
        event = {
            "event_id": f"e{number}",
            "user_id": user,
            "event_time": now_ms() - rng.choice(LATE_MS),
            "amount": rng.randrange(100, 90_000) / 100,
            "currency": "EUR",
            "ip": f"10.0.0.{rng.randrange(90)}",
            "device_id": f"d-{user}",
        }
        sender.send(setup.transactions, json.dumps(event).encode(), user.encode())
        sender.serve()
    assert (sender.flush(), sender.failed) == (0, 0)


def tick(setup: Setup, partitions: range) -> None:
    sender = Sender(setup.stack.kafka, linger_ms=0)
    for partition in partitions:
        sender.send(setup.transactions, None, headers={"tick": b""}, partition=partition)
    assert (sender.flush(), sender.failed) == (0, 0)


def await_decided(setup: Setup, count: int, partitions: int) -> None:
    """Ticks are written until all is decided: what was sent last waits for what comes after it."""

    def all_of_it() -> bool:
        tick(setup, range(partitions))
        return len(folded(setup, "grown")) == count

    await_that(all_of_it, LONG_S, lambda: f"{len(folded(setup, 'grown'))} of {count} events are decided")


def test_a_job_goes_on_over_more_partitions_and_decides_what_a_run_from_the_start_does(stack: Stack) -> None:
    setup = Setup(stack, job_config(stack, 1).ruleset, partitions=BEFORE)
    setup.create("transactions", "refusals")
    wide = [wanted.spec(stack.profile, setup.topic(kind), AFTER) for kind in ("grown", "anew")]
    admin.create(stack.kafka, wide)
    config = setup.config("grown", bounded=False, parallelism=2)
    flink = Flink(stack.flink)
    with running(setup, config) as job_id:
        await_tasks(setup, job_id)
        send(setup, 0)
        await_decided(setup, EVENTS, BEFORE)
        restore = flink.stop_with_savepoint(job_id, savepoint_folder(setup))
        flink.wait_ended(job_id, LONG_S)

    growing.grow(stack.kafka, {setup.transactions: AFTER})
    tick(setup, range(BEFORE, AFTER))
    send(setup, EVENTS)
    with running(setup, setup.config("grown", bounded=False, parallelism=2, restore=restore)):
        await_decided(setup, 2 * EVENTS, AFTER)

    run(setup, "anew", parallelism=1)
    assert_same(folded(setup, "grown"), folded(setup, "anew"))
    places: dict[bytes, set[int]] = {}
    for record in decided(setup, "grown"):
        places.setdefault(record.key or b"", set()).add(record.partition)
    moved = [user for user, partitions in places.items() if min(partitions) < BEFORE <= max(partitions)]
    assert len(moved) > USERS / 10
