"""Commands that change rules, stores, or who is forgotten, killed before their steps on disk and at servers:
nothing is lost or half done, and the same again brings it to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from fraudctl.home import audit, undertakings
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations
from fraudctl.jobs.activations import Because
from fraudctl.kafka.sender import Sender
from fraudctl.rules import changes
from fraudctl.settings import shipped
from pipeline.records.clock import now_ms
from pipeline.rules import ruleset
from pipeline.rules.ruleset import RuleSet
from pipeline.scoring.activation import Activation
from tests import dying
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_decisions, await_sinks, await_that, send_all, workload
from tests.stack.killed import is_killed
from tests.waiting import LONG_S

pytestmark = pytest.mark.timeout(3_000)
CALLS = dying.ON_DISK | dying.AT_SERVERS
EVENTS = 100
WHY = Because("a test of what is cut off")


def deaths(stack: Stack, command: Callable[[], Sequence[str]], apart: int = 1) -> Iterator[Sequence[str]]:
    """The command, made anew each time, after each death at every so many of its steps."""
    for step in count(1, apart):
        given = command()
        if not is_killed(stack, step, given, CALLS):
            assert step > 3, "it is killed where it does something"
            return
        yield given


def again(stack: Stack, command: Sequence[str], *done: str) -> None:
    """The same command finishes it, or says with one of these codes that it is done already."""
    said = ask(stack, *command)
    assert said["exit_code"] == 0 or said["error"]["code"] in done, said


def newest(stack: Stack) -> Activation:
    """What was put into force last; and nothing of what was cut off lies on the topic as half a record."""
    reading = activations.of(stack).sorted_out()
    assert reading.aside == []
    return reading.chain[-1]


def rule_set(name: str) -> RuleSet:
    """The default rules under another version."""
    content: dict[str, Any] = yaml.safe_load(
        (shipped.data_dir("profiles") / "rules" / "default.yaml").read_text()
    )
    return ruleset.parse(content | {"version": name, "tests": {}})


def named(kind: str) -> RuleSet:
    """One that was never there."""
    return rule_set(f"{kind}-{time.time_ns():x}")


@pytest.fixture
def ours(stack: Stack) -> Iterator[Stack]:
    """With the rules it had put back at the end."""
    before = newest(stack)
    yield stack
    if newest(stack).hash != before.hash:
        put(stack, ruleset.recorded(before.content))


def put(stack: Stack, wanted: RuleSet) -> str:
    """Bring it into force; its hash."""
    activations.of(stack).activate(changes.apply(wanted), WHY)
    return wanted.hash


def test_a_rule_set_that_is_applied_is_in_force_or_is_not(ours: Stack, tmp_path: Path) -> None:
    before, wanted = newest(ours).hash, named("applied")

    def command() -> Sequence[str]:
        nonlocal before, wanted
        before, wanted = newest(ours).hash, named("applied")
        file = tmp_path / f"{wanted.version}.yaml"
        file.write_text(yaml.safe_dump(dict(wanted.content)))
        return ("rules", "apply", str(file))

    for given in deaths(ours, command, 3):
        assert newest(ours).hash in (before, wanted.hash)
        again(ours, given, "already")
        assert newest(ours).hash == wanted.hash
    assert data_of(ours, "audit", "verify")["broken"] is None


def test_a_rule_that_is_paused_is_paused_once(ours: Stack) -> None:
    def command() -> Sequence[str]:
        put(ours, named("whole"))
        return ("rules", "pause", "ip_burst")

    for given in deaths(ours, command, 4):
        again(ours, given, "already")
        assert "ip_burst" not in newest(ours).content["rules"]
        assert "ip_many_cards" in newest(ours).content["rules"]


def test_a_rollback_that_was_written_is_not_done_twice(ours: Stack) -> None:
    wanted = ""

    def command() -> Sequence[str]:
        nonlocal wanted
        put(ours, named("older"))
        wanted = put(ours, named("old"))
        put(ours, named("new"))
        return ("rules", "rollback")

    for given in deaths(ours, command, 3):
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

    for given in deaths(ours, command, 4):
        one = newest(ours)
        shadow = one.shadow
        assert one.hash == wanted.hash or (
            shadow is not None and ruleset.recorded(shadow).hash == wanted.hash
        )
        again(ours, given, "no_shadow")
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

    for given in deaths(stack, command, 8):
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
    for given in deaths(stack, command, 6):
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
