"""Commands that change rules, killed before their steps on disk and at servers: nothing is lost or half done,
and the same again brings it to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudctl.home.stack import Stack
from fraudctl.jobs import activations
from fraudctl.jobs.activations import Because
from fraudctl.rules import changes
from fraudctl.settings import shipped
from pipeline.rules import ruleset
from pipeline.rules.ruleset import RuleSet
from pipeline.scoring.activation import Activation
from tests import dying
from tests.stack.cli import ask, data_of
from tests.stack.killed import is_killed

pytestmark = pytest.mark.timeout(3_000)
CALLS = dying.ON_DISK | dying.AT_SERVERS
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

    for given in deaths(ours, command, 5):
        assert newest(ours).hash in (before, wanted.hash)
        again(ours, given, "already")
        assert newest(ours).hash == wanted.hash
    assert data_of(ours, "audit", "verify")["broken"] is None


def test_a_rule_that_is_paused_is_paused_once(ours: Stack) -> None:
    def command() -> Sequence[str]:
        put(ours, named("whole"))
        return ("rules", "pause", "ip_burst")

    for given in deaths(ours, command, 7):
        again(ours, given, "already")
        assert "ip_burst" not in newest(ours).content["rules"]
        assert "ip_many_cards" in newest(ours).content["rules"]
