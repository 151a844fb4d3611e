"""A backup taken while events come, put back into another home: the job goes on, and every store agrees."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl import engines
from fraudctl.bench.load import number_of
from fraudctl.engines.local.engine import Engine
from fraudctl.home.stack import Stack
from fraudctl.kafka import tail
from tests.homes import reachable_folder
from tests.stack.cli import ask, data_of, fraudctl
from tests.stack.flow import await_decisions, await_that, decisions, newest, send_all, workload
from tests.waiting import LONG_S

BEFORE, MEANWHILE, AFTER = 400, 4_000, 300


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A home that is not there yet; what runs in it is ended afterwards."""
    with reachable_folder("restored") as folder:
        try:
            yield folder / "home"
        finally:
            Engine().purge(folder / "home")


def test_a_stack_goes_on_elsewhere_from_a_backup_that_was_taken_while_it_ran(
    stack: Stack, elsewhere: Path, tmp_path: Path
) -> None:
    load, later = workload(), workload()
    send_all(stack, load, 0, BEFORE)
    first = newest(await_decisions(stack, load, BEFORE))
    sending = threading.Thread(target=send_all, args=(stack, load, BEFORE, MEANWHILE))
    sending.start()
    made = data_of(stack, "backup", "create", str(tmp_path / "backup"))
    sending.join()
    assert (made["has_log"], made["cut_topics"]) == (True, [])
    read = data_of(stack, "backup", "verify", str(tmp_path / "backup"))
    assert read["checksum"] == made["checksum"]

    fraudctl(elsewhere, "backup", "restore", str(tmp_path / "backup"), "--yes")
    profile = elsewhere / "restored" / "profile.yaml"
    fraudctl(elsewhere, "up", "--any-port", "--profile", str(profile), "--wait", "300")
    there = engines.current(elsewhere)
    topics = there.profile.topics
    logged = [
        number_of(one.value or b"", load.token.encode())
        for one in tail.records(there.kafka, topics.transactions)
    ]
    sent = {number for number in logged if number is not None}
    assert sent >= first.keys()
    send_all(there, later, 0, AFTER)
    await_decisions(there, later, AFTER, LONG_S)
    await_that(lambda: decisions(there, load).keys() >= sent, LONG_S, lambda: "not every event is decided")
    decided = newest(decisions(there, load))
    assert decided.keys() == sent
    assert {n: one.value for n, one in decided.items() if n in first} == {
        n: one.value for n, one in first.items()
    }
    await_that(
        lambda: ask(there, "verify", "sinks")["exit_code"] == 0,
        LONG_S,
        lambda: str(ask(there, "verify", "sinks")["summary"]),
    )
    assert data_of(there, "audit", "verify")["broken"] is None
    assert data_of(there, "job", "status")["run"] == made["run"]
