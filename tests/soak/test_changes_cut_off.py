"""Commands that take rules back, promote them, repair stores or forget somebody, killed before their steps on
disk and at servers, as `tests/stack/test_changes_cut_off.py` does with those that apply and pause."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from fraudctl.home import audit, undertakings
from fraudctl.home.stack import Stack
from fraudctl.kafka.sender import Sender
from pipeline.records.clock import now_ms
from pipeline.rules import ruleset
from tests.stack import conftest, test_changes_cut_off
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_decisions, await_sinks, await_that, send_all, workload
from tests.stack.test_changes_cut_off import again, deaths, named, newest, put
from tests.waiting import LONG_S

pytestmark = pytest.mark.timeout(3_000)
EVENTS = 100
stack, ours = conftest.stack, test_changes_cut_off.ours


def test_a_rollback_that_was_written_is_not_done_twice(ours: Stack) -> None:
    wanted = ""

    def command() -> Sequence[str]:
        nonlocal wanted
        put(ours, named("older"))
        wanted = put(ours, named("old"))
        put(ours, named("new"))
        return ("rules", "rollback")

    for given in deaths(ours, command, 7):
        if not ended_well(ours, "rules rollback"):  # it is done, though nobody was told
            again(ours, given, "already")
        assert newest(ours).hash == wanted


def ended_well(stack: Stack, command: str) -> bool:
    """Whether the newest one is on the audit log as done."""
    own = [one for one in audit.entries(stack.home) if one.get("command") == command]
    return own[-1].get("exit_code") == 0


def test_a_shadow_that_is_promoted_is_live_or_still_a_shadow(ours: Stack, tmp_path: Path) -> None:
    wanted = named("candidate")

    def command() -> Sequence[str]:
        nonlocal wanted
        wanted = named("candidate")
        file = tmp_path / f"{wanted.version}.yaml"
        file.write_text(yaml.safe_dump(dict(wanted.content)))
        data_of(ours, "rules", "shadow", str(file))
        return ("rules", "promote")

    for given in deaths(ours, command, 9):
        one = newest(ours)
        shadow = one.shadow
        assert one.hash == wanted.hash or (
            shadow is not None and ruleset.recorded(shadow).hash == wanted.hash
        )
        again(ours, given, "already")
        assert newest(ours).hash == wanted.hash


def database(stack: Stack) -> psycopg.Connection[Any]:
    host, _, port = stack.address("postgres").rpartition(":")
    password = stack.secret("postgres")
    return psycopg.connect(host=host, port=port, user="fraudctl", dbname="fraudctl", password=password)


def test_a_repair_that_is_cut_off_loses_nothing_and_is_finished_by_the_next(stack: Stack) -> None:
    load = workload()
    send_all(stack, load, 0, EVENTS)
    await_decisions(stack, load, EVENTS)
    await_sinks(stack)

    def command() -> Sequence[str]:
        with database(stack) as connection:
            connection.execute("DELETE FROM risk_scores WHERE event_id LIKE %s", (f"%{load.token}%",))
        return ("verify", "sinks", "--repair", "--yes")

    for given in deaths(stack, command, 23):
        again(stack, given)
        data_of(stack, "verify", "sinks")
        assert [one.name for one in (stack.home / "verify").iterdir() if one.is_dir()] == []


def held(stack: Stack, user: str) -> int:
    with database(stack) as connection:
        found = connection.execute("SELECT count(*) FROM risk_scores WHERE user_id = %s", (user,)).fetchone()
    assert found is not None
    return int(found[0])


def test_who_was_half_forgotten_is_told_and_forgotten_by_giving_it_again(stack: Stack) -> None:
    token, numbers = f"{now_ms():x}", count()

    def command() -> Sequence[str]:
        user, sender = f"half-{token}-{next(numbers)}", Sender(stack.kafka)
        for number in range(3):
            named = {"event_id": f"{user}-{number}", "user_id": user, "event_time": now_ms(), "amount": 3_000}
            sender.send(stack.profile.topics.transactions, json.dumps(named).encode(), user.encode())
        assert (sender.flush(), sender.failed) == (0, 0)
        await_that(lambda: held(stack, user) == 3, LONG_S, lambda: f"{held(stack, user)} of 3 are held")
        return ("forget", "user", user, "--yes")

    told = 0
    for given in deaths(stack, command, 11):
        left = undertakings.told(stack.home)
        if left is not None:
            told += 1
            said = ask(stack, "status")
            assert (said["exit_code"], said["data"]["cut_off"]) == (3, left[1])
        again(stack, given)
        assert undertakings.told(stack.home) is None
        assert set(data_of(stack, *given[:3], "--dry-run")["held"].values()) == {0}
    assert told > 0
    data_of(stack, "verify", "sinks")
