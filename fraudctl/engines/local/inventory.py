"""The programs of a local stack, and the waves in which they stop."""

from __future__ import annotations

from pathlib import Path

from fraudctl.engines import chosen, workers
from fraudctl.engines.waiting import program_names_of
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Stack, read
from fraudctl.servers import Program


def described(stack: Stack) -> dict[str, Program]:
    """Every program of this stack as it is supervised, by name."""
    of_servers = [program for server in chosen.servers(stack).values() for program in server.programs()]
    return {program.name: program for program in [*of_servers, *workers.programs(stack)]}


def stop_waves(home: Path) -> list[list[str]]:
    """Programs in the order of stopping, workers first; none where the stack file does not tell."""
    try:
        stack = read(home)
        if stack is None:
            return []
        of_servers = [
            [p for server in wave for p in server.programs()] for wave in chosen.waves(chosen.servers(stack))
        ]
        return [program_names_of(wave) for wave in [workers.programs(stack), *reversed(of_servers)]]
    except FraudctlError:
        return []
