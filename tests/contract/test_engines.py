"""What every engine owes. The parameters are the folders of `fraudctl/engines`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fraudctl import engines
from fraudctl.engines.contract import WELL, Condition, Engine, Wish
from fraudctl.errors import Failed, NotRunning, UsageError
from fraudctl.home.stack import Stack, read
from fraudctl.servers import names as server_names
from fraudctl.settings import reading
from tests import variables
from tests.homes import reachable_folder
from tests.stack.flow import await_that

ONLY = "redis"
WAIT_S = 60.0
OTHERS = tuple(name for name in server_names() if name != ONLY)


@pytest.fixture(scope="module", params=engines.names())
def engine(request: pytest.FixtureRequest) -> Engine:
    """One that can run here: `.ci/compose` makes a machine where Docker can be had one where Compose does."""
    found = engines.find(request.param)
    if found.is_elsewhere:
        pytest.skip("it needs a cluster with nodes; what can be had of one: tests/kubernetes")
    if request.param == "compose" and variables.given("TEST_COMPOSE") is None:
        pytest.skip("no Docker is set up for tests: run make test-compose")
    return found


@pytest.fixture(scope="module")
def stack(engine: Engine) -> Iterator[Stack]:
    """A stack of one server, which is there in a moment."""
    with reachable_folder("engine") as folder:
        home = folder / "home"
        try:
            yield engine.up(Wish(home, reading.load("default"), OTHERS, any_port=True, wait_s=WAIT_S))
        finally:
            engine.purge(home)


def test_its_name_is_its_folder_and_stands_in_the_stack(engine: Engine, stack: Stack) -> None:
    assert read(stack.home) == stack
    assert type(engines.of(stack)) is type(engine) is type(engines.of_home(stack.home))


def test_a_second_up_changes_nothing(engine: Engine, stack: Stack) -> None:
    before = engine.programs(stack)
    again = engine.up(Wish(stack.home, stack.profile, OTHERS, any_port=True, wait_s=WAIT_S))
    assert (again.addresses, engine.programs(again)) == (stack.addresses, before)


def test_every_program_runs_and_every_server_is_well(engine: Engine, stack: Stack) -> None:
    await_that(lambda: engine.programs(stack)[ONLY].runs, WAIT_S, lambda: f"{engine.programs(stack)}")
    programs = engine.programs(stack)
    assert list(programs) == [ONLY]
    assert bool(programs[ONLY].pid) == engine.has_processes
    [server] = engine.health(stack)
    assert (server.name, server.address, server.healthy) == (ONLY, stack.addresses[ONLY], True)
    assert server.programs == (programs[ONLY],)


def test_a_program_that_was_stopped_stays_so_until_it_is_started(engine: Engine, stack: Stack) -> None:
    engine.stop(stack, ONLY)
    engine.stop(stack, ONLY)
    stopped = engine.programs(stack)[ONLY]
    assert (stopped.condition, stopped.is_wanted, stopped.pid) == (Condition.STOPPED, False, 0)
    assert not engine.health(stack)[0].healthy
    engine.start(stack, ONLY)
    engine.start(stack, ONLY)
    _await_well(engine, stack)


def test_a_killed_program_is_started_again(engine: Engine, stack: Stack) -> None:
    before = engine.programs(stack)[ONLY]
    engine.kill(stack, ONLY)
    await_that(
        lambda: _is_another(engine, stack, before.pid, before.started_s),
        WAIT_S,
        lambda: f"it is not back: {engine.programs(stack)}",
    )
    _await_well(engine, stack)


def test_a_restart_waits_until_the_server_works(engine: Engine, stack: Stack) -> None:
    before = engine.programs(stack)[ONLY]
    assert list(engine.restart(stack, ONLY, WAIT_S)) == [ONLY]
    assert engine.health(stack)[0].healthy
    assert engine.programs(stack)[ONLY].pid != before.pid or not engine.has_processes
    with pytest.raises(UsageError, match="there is no server or program 'nobody'"):
        engine.restart(stack, "nobody", WAIT_S)


def test_what_a_program_said_is_in_its_log(engine: Engine, stack: Stack) -> None:
    assert ONLY in engine.log_names(stack.home)
    lines = list(engine.logs(stack.home, [ONLY], 5, follow=False))
    assert 0 < len(lines) <= 5
    assert {line.program for line in lines} == {ONLY}


def test_a_command_runs_where_the_program_runs(engine: Engine, stack: Stack) -> None:
    said = engine.run(stack, ONLY, ["sh", "-c", "echo out; echo err >&2; exit 3"], WAIT_S)
    assert (said.exit_code, said.output) == (3, "out\nerr\n")
    with pytest.raises(Failed, match=r"sleep has not ended after 0\.1 s"):
        engine.run(stack, ONLY, ["sleep", "60"], 0.1)


def test_what_it_needs_of_the_machine_is_named_with_a_mend(engine: Engine, stack: Stack) -> None:
    checks = engine.examine(stack.home, os.environ)
    assert len({check.name for check in checks}) == len(checks)
    assert all(bool(check.mend) == (check.state != WELL) for check in checks)


def test_a_stack_that_is_down_is_not_running_and_comes_back_with_its_addresses(
    engine: Engine, stack: Stack
) -> None:
    assert engine.down(stack.home)
    assert not engine.down(stack.home)
    assert not engine.is_running(stack.home)
    assert dict(engine.programs(stack)) == {}
    with pytest.raises(NotRunning, match="is stopped"):
        engines.current(stack.home)
    again = engine.up(Wish(stack.home, stack.profile, OTHERS, any_port=True, wait_s=WAIT_S))
    assert again.addresses == stack.addresses
    assert engines.current(stack.home) == again


def _await_well(engine: Engine, stack: Stack) -> None:
    await_that(lambda: engine.health(stack)[0].healthy, WAIT_S, lambda: f"not well: {engine.health(stack)}")


def _is_another(engine: Engine, stack: Stack, pid: int, started_s: int) -> bool:
    now = engine.programs(stack)[ONLY]
    return now.runs and (now.pid, now.started_s) != (pid, started_s)
