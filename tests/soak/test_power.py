"""The machine loses its power: every process is gone at once, and of the log what was not on the disk yet."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest

from fraudctl.engines import current
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from tests import intruder
from tests.contract.test_log_gaps import lose_the_end
from tests.homes import reachable_folder, started
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_checkpoint, await_sinks, await_that
from tests.waiting import LONG_S, await_death

pytestmark = pytest.mark.timeout(1_800)


@pytest.fixture
def stack() -> Iterator[Stack]:
    """One with payments that all are decided and stored, in a checkpoint as well."""
    with reachable_folder("power") as folder, started(folder / "home", "--wait", "300") as made:
        pay(made, 1)
        await_checkpoint(made)
        yield made


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
    unseen = ask(stack, "simulate", "--rate", "500", "--duration", "10s", "--seed", "2")
    assert (unseen["exit_code"], unseen["data"]["accepted"], unseen["data"]["decided"]) == (1, 5_000, 0)
    await_that(says_it, LONG_S, lambda: said(stack))
    assert decided(stack) == before


def said(stack: Stack) -> str:
    """What `job status` has to say of the keeper's work."""
    return str(ask(stack, "job", "status")["data"]["keeper"])
