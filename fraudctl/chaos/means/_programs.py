"""The supervised programs of a stack as what can be struck."""

from __future__ import annotations

import psutil

from fraudctl import engines
from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from fraudctl.settings.shipped import server_names, sink_names
from fraudctl.waiting import until

_BACK_S = 120.0


def names() -> tuple[str, ...]:
    """Every program a stack may have."""
    servers = [name for name in server_names() if name != "flink"]
    parts = ("flink-jobmanager", "flink-taskmanager", "keeper", "ticker", "notifier", "exporter")
    return (*servers, *parts, *(f"sink-{name}" for name in sink_names()))


def check(stack: Stack, program: str) -> None:
    """UsageError when this stack does not run that program."""
    states = engines.of(stack).programs(stack)
    if program not in states:
        if program in stack.addresses:
            raise UsageError(
                f"{program} is a server elsewhere, and none of these is ever touched",
                hint="strike what is this stack's own, the writer of a sink for example: fraudctl chaos list",
                code="no_target",
            )
        raise UsageError(
            f"this stack has no {program}",
            hint="start one that has it, for example: fraudctl up --profile all-sinks",
            code="no_target",
        )
    if not states[program].runs:
        raise Failed(f"{program} is {states[program].condition}", hint="see: fraudctl status")


def pid(stack: Stack, program: str) -> int:
    """Its process id, 0 when it does not run."""
    state = engines.of(stack).programs(stack).get(program)
    return state.pid if state else 0


def family(root: int) -> list[psutil.Process]:
    """A process and all its descendants, the root first; empty when it has gone."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def await_gone(stack: Stack, program: str, gone: int) -> None:
    """Until the engine has noticed that this process ended. Failed after two minutes."""
    until(
        lambda: pid(stack, program) != gone,
        _BACK_S,
        lambda: Failed(f"{program} (pid {gone}) does not end", hint="see: fraudctl status"),
    )


def await_running(stack: Stack, program: str, other_than: int = 0) -> None:
    """Until the engine has it running (as another process than that one). Failed after two minutes."""
    engine = engines.of(stack)

    def runs() -> bool:
        state = engine.programs(stack).get(program)
        return bool(state and state.runs and state.pid != other_than)

    until(runs, _BACK_S, lambda: Failed(f"{program} is not back", hint="see: fraudctl status"))
