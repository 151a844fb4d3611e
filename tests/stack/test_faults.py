"""Each part of the running pipeline is killed hard while events flow; afterwards nothing is missing."""

from __future__ import annotations

import time

import pytest

from fraudctl.bench.load import NANO, Worker, send
from fraudctl.home.jobs import keeper_state
from fraudctl.home.stack import Stack
from fraudctl.jobs import live
from fraudctl.kafka import admin
from tests.stack.flow import (
    all_tasks_run,
    await_checkpoint,
    await_decisions,
    await_sinks,
    await_that,
    expected_in,
    held_by,
    kill,
    live_job_id,
    newest,
    send_all,
    workload,
)
from tests.waiting import LONG_S

RATE = 300.0
SECONDS = 8
COUNT = int(RATE * SECONDS)
AFTER = 20
"""Events that are sent when the job runs again: what it repeats it has repeated once these are decided."""
VICTIMS = ("flink-taskmanager", "flink-jobmanager", "kafka", "postgres redis", "sink-postgres sink-redis")
"""Programs that are killed together: the two stores have nothing to do with each other. A JobManager forgets
its jobs, and the keeper submits the live one anew."""


@pytest.mark.parametrize("victims", VICTIMS)
def test_after_a_hard_kill_every_event_is_decided_once_and_the_stores_hold_the_log(
    stack: Stack, victims: str
) -> None:
    is_forgotten = victims == "flink-jobmanager"
    if is_forgotten:
        await_checkpoint(stack)
    job_id, run = live_job_id(stack), live.status(stack)["run"]
    load = workload(RATE)
    names = stack.profile.topics
    before = sum(admin.end_offsets(stack.kafka, names.transactions).values())
    sender = Worker(send, stack.kafka, names.transactions, load, COUNT, time.time_ns() + 2 * NANO)
    try:
        await_that(
            lambda: sum(admin.end_offsets(stack.kafka, names.transactions).values()) > before + COUNT // 3,
            LONG_S,
            lambda: "the traffic does not flow",
        )
        for victim in victims.split():
            kill(stack, victim)
        sent = sender.result()
    finally:
        sender.close()
    assert (sent.acknowledged, sent.failed) == (COUNT, 0)
    found = newest(await_decisions(stack, load, COUNT, 180.0))
    await_that(lambda: all_tasks_run(stack), LONG_S, lambda: "the job does not run again")
    send_all(stack, after := workload(RATE), 0, AFTER)
    await_decisions(stack, after, AFTER)
    await_sinks(stack)
    found = newest(await_decisions(stack, load, COUNT))
    assert sorted(found) == list(range(COUNT))
    if is_forgotten:
        assert_submitted_anew(stack, job_id, run)
    assert {sink: held_by(stack, sink, found) for sink in stack.profile.sinks} == {
        sink: expected_in(stack, sink, found) for sink in stack.profile.sinks
    }


def assert_submitted_anew(stack: Stack, job_id: str, run: int | None) -> None:
    """One job, another than that one, goes on with the same run from a checkpoint."""
    kept = keeper_state(stack)
    assert kept is not None
    assert (kept.run, kept.job_id) == (run, live_job_id(stack))
    assert kept.job_id != job_id
    assert "/chk-" in str(kept.restored_from)
