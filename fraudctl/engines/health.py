"""How each server and worker of a stack is, asked now; the same in every engine that runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from fraudctl.engines import chosen, external, workers
from fraudctl.engines.contract import ProgramState, ServerHealth
from fraudctl.engines.waiting import reason_not_ready
from fraudctl.home.stack import Stack
from fraudctl.servers import BaseServer, Program


def health(
    stack: Stack, states: Mapping[str, ProgramState], names: Callable[[BaseServer], Sequence[str]]
) -> list[ServerHealth]:
    """Every server, external ones too, and the pipeline's processes, whose states are these.

    `names` says which programs a server is.
    """
    ours, others = chosen.servers(stack), external.names(stack)
    with ThreadPoolExecutor(max(1, len(ours) + len(others))) as pool:
        unwell = pool.map(lambda name: external.reason_unwell(stack, name), others)
        not_ready = pool.map(reason_not_ready, ours.values())
        found = [
            _of_server(server, reason, [states[name] for name in names(server) if name in states])
            for server, reason in zip(ours.values(), not_ready, strict=True)
        ]
        found += [_of_external(stack, *one) for one in zip(others, unwell, strict=True)]
    return found + [
        _of_worker(program, states.get(program.name)) for program in workers.programs(stack.seen_inside)
    ]


def _of_server(server: BaseServer, reason: str, programs: Sequence[ProgramState]) -> ServerHealth:
    return ServerHealth(server.name, server.title, server.address, not reason, reason, tuple(programs))


def _of_external(stack: Stack, name: str, reason: str) -> ServerHealth:
    return ServerHealth(name, external.title(name), stack.addresses[name], not reason, reason, ())


def _of_worker(program: Program, state: ProgramState | None) -> ServerHealth:
    alive = state is not None and state.runs
    reason = (
        state.reason if state is not None and alive else f"it is {state.condition if state else 'not there'}"
    )
    return ServerHealth(program.name, program.name, "", not reason, reason, (state,) if state else ())
