"""The machine loses its power: every process is gone at once, and of the log what was not on the disk yet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from fraudctl.engines import current
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from tests import intruder
from tests.contract.test_log_gaps import lose_the_end
from tests.stack.cli import ask, data_of
from tests.stack.conftest import fraudctl
from tests.stack.flow import await_checkpoint, await_sinks, await_that
from tests.waiting import LONG_S, await_death

pytestmark = pytest.mark.timeout(1_800)


@pytest.fixture
def stack() -> Iterator[Stack]:
    """One with payments that all are decided and stored, in a checkpoint as well."""
    with tempfile.TemporaryDirectory(
        prefix="fraudctl-power-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)
        home = Path(name) / "home"
        try:
            fraudctl(home, "up", "--any-port", "--wait", "300")
            made = current(home)
            pay(made, 1)
            await_checkpoint(made)
            yield made
        finally:
            fraudctl(home, "purge", "--yes")


def pay(stack: Stack, seed: int) -> None:
    told = ("--attack", "ip-burst", "--rate", "100", "--duration", "10s", "--seed", str(seed))
    data_of(stack, "simulate", *told)
    await_sinks(stack)


def lose_power(stack: Stack, topic: str) -> None:
    """Every process at once, and the last third of what the broker has of a topic."""
    pid = Supervisor(stack.paths).pid
    assert pid is not None
    doomed = [psutil.Process(pid), *intruder.processes(stack.home)]
    assert len(doomed) > 8
    for one in doomed:
        one.suspend()
    for one in doomed:
        one.kill()
    await_death(doomed)
    for folder in stack.paths.data("kafka").glob(f"{topic}-[0-9]*"):
        lose_the_end(folder)


def start_again(stack: Stack) -> Stack:
    """Also where its job cannot go on: then `up` says so."""
    ask(stack, "up", "--any-port", "--wait", "150")
    return current(stack.home)


def classes(envelope: dict[str, Any]) -> set[tuple[str, str]]:
    """Which store differs from the log, and how."""
    return {(one["sink"], one["class"]) for one in envelope["data"]["differences"]}


def decided(stack: Stack) -> int:
    return sum(admin.end_offsets(stack.kafka, stack.profile.topics.decisions).values())


def test_payments_that_were_lost_stop_the_job_with_words_also_where_others_have_come_in_their_place(
    stack: Stack,
) -> None:
    lose_power(stack, stack.profile.topics.transactions)
    stack = start_again(stack)
    before = decided(stack)

    def says_it() -> bool:
        return "records have been lost" in said(stack) or "no longer holds" in said(stack)

    await_that(says_it, LONG_S, lambda: said(stack))
    data_of(stack, "simulate", "--rate", "500", "--duration", "10s", "--seed", "2")
    await_that(says_it, LONG_S, lambda: said(stack))
    assert decided(stack) == before

    data_of(stack, "job", "stop")
    data_of(stack, "job", "reset-offsets", "--to", "earliest", "--yes")
    data_of(stack, "job", "submit")
    pay(stack, 3)
    assert classes(ask(stack, "verify", "sinks")) == set()


def said(stack: Stack) -> str:
    """What `job status` has to say of the keeper's work."""
    return str(ask(stack, "job", "status")["data"]["keeper"])


def test_decisions_that_were_lost_stop_the_writers_and_are_named_where_stores_have_them(stack: Stack) -> None:
    lose_power(stack, stack.profile.topics.decisions)
    stack = start_again(stack)

    def are_stopped() -> bool:
        told = ask(stack, "sinks", "status")["data"]["sinks"]
        return all("lost" in str(one["last_error"]) for one in told)

    await_that(are_stopped, LONG_S, lambda: str(ask(stack, "sinks", "status")["data"]))
    found = ask(stack, "verify", "sinks")
    assert (found["exit_code"], classes(found)) == (5, {("postgres", "extra"), ("redis", "extra")})
