"""How each server and worker of a local stack is, asked now."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from fraudctl.engines import external, workers
from fraudctl.engines.contract import ProgramState, ServerHealth
from fraudctl.engines.local import inventory
from fraudctl.engines.local.waiting import program_names_of, reason_not_ready
from fraudctl.home.stack import Stack
from fraudctl.servers import BaseServer, Program


def health(stack: Stack, states: Mapping[str, ProgramState]) -> list[ServerHealth]:
    """Every server, external ones too, and the pipeline's processes, whose states are these."""
    ours, others = inventory.servers(stack), external.names(stack)
    with ThreadPoolExecutor(max(1, len(ours) + len(others))) as pool:
        unwell = pool.map(lambda name: external.reason_unwell(stack, name), others)
        not_ready = pool.map(reason_not_ready, ours.values())
        found = [_of_server(*one, states) for one in zip(ours.values(), not_ready, strict=True)]
        found += [_of_external(stack, *one) for one in zip(others, unwell, strict=True)]
    return found + [_of_worker(program, states.get(program.name)) for program in workers.programs(stack)]


def _of_server(server: BaseServer, reason: str, states: Mapping[str, ProgramState]) -> ServerHealth:
    programs = tuple(states[name] for name in program_names_of(server.programs()) if name in states)
    return ServerHealth(server.name, server.title, server.address, not reason, reason, programs)


def _of_external(stack: Stack, name: str, reason: str) -> ServerHealth:
    return ServerHealth(name, external.title(name), stack.addresses[name], not reason, reason, ())


def _of_worker(program: Program, state: ProgramState | None) -> ServerHealth:
    alive = state is not None and state.runs
    reason = "" if alive else f"it is {state.condition if state else 'not there'}"
    return ServerHealth(program.name, program.name, "", alive, reason, (state,) if state else ())
