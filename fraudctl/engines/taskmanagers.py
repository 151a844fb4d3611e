"""Which of a stack's programs are TaskManagers, and which of them have work."""

from __future__ import annotations

from fraudctl import engines
from fraudctl.errors import NotRunning
from fraudctl.flink.cluster import TASKMANAGER, is_taskmanager
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack


def running(stack: Stack) -> dict[str, int]:
    """Process ids by program, the first one first; 0 where it is no process of this machine. NotRunning."""
    states = engines.of(stack).programs(stack)
    found = {name: states[name].pid for name in sorted(states) if is_taskmanager(name) and states[name].runs}
    if not found:
        raise NotRunning("no TaskManager of this stack runs here", hint="see: fraudctl status")
    return found


def at_work(stack: Stack) -> str:
    """The program of one that runs tasks; the first where Flink's names for them do not tell. NotRunning."""
    there = running(stack)
    begins = f"taskmanager-{stack.ports.get('flink', {}).get('rpc')}"
    busy = {one.name.removeprefix(begins) for one in Flink(stack.flink).taskmanagers() if one.works}
    return next((name for name in there if name.removeprefix(TASKMANAGER) in busy), next(iter(there)))
