"""Nobody waits for somebody else: a lone event is decided at once, whatever the other partitions do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fraudctl.console.progress import Progress
from fraudctl.errors import Failed
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs import live
from fraudctl.jobs.submission import job_config
from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.kafka.tail import Record, Tail
from fraudctl.waiting import until
from pipeline.records.clock import now_ms
from pipeline.records.decisions import decode_decision
from tests.stack.flow import await_that
from tests.stack.own_jobs import Setup, await_tasks, decided, running, savepoint_folder
from tests.waiting import LONG_S

BOUND_MS = 500
"""What is promised, from the append of the event to that of its decision, and to its arrival at a reader."""
TIMES = 5
MOST_TRIES = 40
"""A busy machine is slow now and then; a pipeline that waits for something always is."""
QUIET_MS = 300


def await_idle(stack: Stack, topic: str) -> None:
    """Waits until nothing, not even a tick, has been written to the topic for a while."""
    ends, since_ms = admin.end_offsets(stack.kafka, topic), now_ms()

    def still() -> bool:
        nonlocal ends, since_ms
        now = admin.end_offsets(stack.kafka, topic)
        if now != ends:
            ends, since_ms = now, now_ms()
        return now_ms() - since_ms >= QUIET_MS

    await_that(still, LONG_S, lambda: f"{topic} is never quiet: {ends}")


def delays_ms(stack: Stack, transactions: str, decisions: str, partition: int = -1) -> tuple[int, int]:
    """How long after its append one event on the idle topic had its decision appended, and at hand here."""
    await_idle(stack, transactions)
    event_id = f"lone-{time.time_ns():x}"
    document = {"event_id": event_id, "user_id": event_id, "event_time": now_ms(), "amount": 1}
    sent: list[Sent] = []
    sender = Sender(stack.kafka, sent.append)
    with Tail(stack.kafka, decisions) as reader:
        sender.send(transactions, json.dumps(document).encode(), event_id.encode(), partition=partition)
        assert sender.flush() == 0
        decision = _arrival(reader, event_id)
        arrived_ms = now_ms()
    return decision.append_ms - sent[0].append_ms, arrived_ms - sent[0].append_ms


def _arrival(reader: Tail, event_id: str) -> Record:
    found: list[Record] = []

    def there() -> bool:
        for record in reader.read(wait_s=0.05):
            if record.value and decode_decision(record.value).transaction.event_id == event_id:
                found.append(record)
        return bool(found)

    until(there, LONG_S, lambda: Failed(f"{event_id} has no decision"))
    return found[0]


def assert_in_time(measure: Callable[[], tuple[int, int]], times: int = TIMES) -> None:
    """So many events in time; those that a busy machine was too slow for are tried again."""
    measured: list[tuple[int, int]] = []
    while sum(max(pair) <= BOUND_MS for pair in measured) < times:
        assert len(measured) < MOST_TRIES, measured
        measured.append(measure())


def assert_lone_events_are_decided_in_time(stack: Stack, transactions: str, decisions: str) -> None:
    assert_in_time(lambda: delays_ms(stack, transactions, decisions))


def test_a_lone_event_on_the_idle_live_topic_is_decided_within_half_a_second(stack: Stack) -> None:
    names = stack.profile.topics
    assert_lone_events_are_decided_in_time(stack, names.transactions, names.decisions)


def test_after_a_restart_of_the_live_job_a_lone_event_is_still_decided_in_time(stack: Stack) -> None:
    names = stack.profile.topics
    live.stop(stack, LONG_S, Progress())
    live.start(stack, LONG_S, Progress())
    assert_lone_events_are_decided_in_time(stack, names.transactions, names.decisions)


@contextmanager
def ticker(stack: Stack, topic: str, folder: Path) -> Iterator[None]:
    """A ticker for another topic than the live one, configured as the stack configures its own."""
    config = json.loads((stack.paths.run / "ticker.json").read_text()) | {"topic": topic}
    file = folder / "ticker.json"
    file.write_text(json.dumps(config))
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.ticker", "--config", str(file)], stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(LONG_S)


def test_partitions_that_never_had_an_event_hold_nobody_back_not_even_after_a_restart(
    stack: Stack, tmp_path: Path
) -> None:
    assert_nobody_is_held_back(stack, tmp_path, parallelism=2)


def assert_nobody_is_held_back(stack: Stack, folder: Path, parallelism: int) -> None:
    """Where one partition alone has events. One subtask reads all of them in tests/soak."""
    setup = Setup(stack, job_config(stack, 1).ruleset)
    setup.create("transactions", "decisions", "refusals")
    config = setup.config(bounded=False, parallelism=parallelism)
    flink = Flink(stack.flink)
    with ticker(stack, setup.transactions, folder):
        with running(setup, config) as job_id:
            await_tasks(setup, job_id)
            assert_in_time(lambda: _alone(setup), 3)
            restore = flink.stop_with_savepoint(job_id, savepoint_folder(setup))
        with running(setup, replace(config, restore=restore)) as job_id:
            await_tasks(setup, job_id)
            assert_in_time(lambda: _alone(setup), 3)


def test_without_ticks_a_lone_event_is_decided_once_its_partitions_count_as_idle(stack: Stack) -> None:
    setup = Setup(stack, job_config(stack, 1).ruleset)
    setup.create("transactions", "decisions", "refusals")
    with running(setup, setup.config(bounded=False, parallelism=2, idle_after_ms=200)) as job_id:
        await_tasks(setup, job_id)
        for _ in range(3):
            _alone(setup)
    control = [one for one in tail.records(stack.kafka, setup.transactions) if one.value is None]
    assert (control, len(decided(setup))) == ([], 3)


def _alone(setup: Setup) -> tuple[int, int]:
    return delays_ms(setup.stack, setup.transactions, setup.topic("decisions"), partition=2)
