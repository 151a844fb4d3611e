"""Commands that stop the job or change secrets, killed before their steps on disk: what they have left is
told by `status`, and is brought to its end by the same command or by `up`, without a loss."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import pytest

from fraudctl.home import undertakings
from fraudctl.home.jobs import wanted_live
from fraudctl.home.stack import Stack
from tests.stack.cli import ask, data_of, fraudctl
from tests.stack.flow import await_decisions, await_sinks, await_that, send_all, workload
from tests.stack.killed import is_killed
from tests.waiting import LONG_S

pytestmark = pytest.mark.timeout(3_000)
EVENTS = 200
COMMANDS = [("secrets", "rotate", "redis", "--yes"), ("secrets", "rotate", "postgres", "--yes")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one[2])
def test_whatever_a_killed_command_has_left_is_told_and_mended(stack: Stack, command: Sequence[str]) -> None:
    tried(stack, command, "again", 2)


def tried(stack: Stack, command: Sequence[str], mend: str, apart: int) -> None:
    """Kills it at every so many steps; what is left is brought to its end by `up`, or by the same again."""
    load = workload()
    send_all(stack, load, 0, EVENTS)
    told = 0
    for step in count(1, apart):
        if not is_killed(stack, step, command):
            break
        left = undertakings.told(stack.home)
        if left is not None:
            told += 1
            said = ask(stack, "status")
            assert (said["exit_code"], said["data"]["cut_off"]) == (3, left[1])
        if mend == "up":
            fraudctl(stack.home, "up", "--wait", "300")
        else:
            data_of(stack, *command, wait_s=400)
        assert undertakings.told(stack.home) is None
        assert wanted_live(stack).wanted == "running"
        open_ones = [one for one in (stack.home / "secrets").iterdir() if one.stat().st_mode & 0o077]
        assert open_ones == []
        assert [
            one for one in (stack.home / "secrets").iterdir() if one.is_file() and not one.stat().st_size
        ] == []
    assert told > 0
    send_all(stack, load, EVENTS, 2 * EVENTS)
    found = await_decisions(stack, load, 2 * EVENTS, LONG_S)
    assert {len({one.value for one in all_of}) for all_of in found.values()} == {1}
    await_that(
        lambda: ask(stack, "status")["exit_code"] == 0, LONG_S, lambda: str(ask(stack, "status")["summary"])
    )
    await_sinks(stack)
    data_of(stack, "verify", "sinks")
