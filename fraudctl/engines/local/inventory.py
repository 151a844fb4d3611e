"""What a local stack is made of: its servers and programs, and the waves in which they start and stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fraudctl.binaries import artifacts
from fraudctl.engines import workers
from fraudctl.engines.local.waiting import program_names_of
from fraudctl.errors import FraudctlError, UsageError
from fraudctl.home.stack import MEND, Stack, read
from fraudctl.home.typed_files import Damaged
from fraudctl.servers import BaseServer, Program, Site, discover, start_waves
from fraudctl.settings.profile import Profile


def chosen(
    profile: Profile, without: Sequence[str], added: Sequence[str] = ()
) -> dict[str, type[BaseServer]]:
    """The kinds of server that a profile needs run here; optional ones where they can be had, or are added.

    UsageError where `without` or `added` names none there is; Failed where what is added cannot be had.
    """
    everything, cache = discover(), artifacts.cache_dir()
    for name in (*without, *added):
        if name not in everything:
            raise UsageError(f"there is no server {name!r}", hint=f"there are: {', '.join(everything)}")
    return {
        name: kind
        for name, kind in _needed(profile, without).items()
        if not kind.optional or kind.is_to_be_had(profile.server(name), cache, name in added)
    }


def servers(stack: Stack) -> dict[str, BaseServer]:
    """The servers of this stack that are ours to run. An optional one is there if `up` could have it."""
    return {
        name: kind(_site(stack, name))
        for name, kind in _needed(stack.profile, stack.without).items()
        if not kind.optional or name in stack.ports
    }


def _needed(profile: Profile, without: Sequence[str]) -> dict[str, type[BaseServer]]:
    return {
        name: kind
        for name, kind in discover().items()
        if name not in without
        and profile.server(name).external is None
        and (not kind.for_sink or name in profile.sinks)
    }


def described(stack: Stack) -> dict[str, Program]:
    """Every program of this stack as it is supervised, by name."""
    of_servers = [program for server in servers(stack).values() for program in server.programs()]
    return {program.name: program for program in [*of_servers, *workers.programs(stack)]}


def waves(ours: Mapping[str, BaseServer]) -> list[list[BaseServer]]:
    """Servers in the order of starting: those of a wave need only such of earlier ones."""
    names = start_waves({name: server.needs for name, server in ours.items()})
    return [[ours[name] for name in wave] for wave in names]


def stop_waves(home: Path) -> list[list[str]]:
    """Programs in the order of stopping, workers first; none where the stack file does not tell."""
    try:
        stack = read(home)
        if stack is None:
            return []
        of_servers = [[p for server in wave for p in server.programs()] for wave in waves(servers(stack))]
        return [program_names_of(wave) for wave in [workers.programs(stack), *reversed(of_servers)]]
    except FraudctlError:
        return []


def _site(stack: Stack, name: str) -> Site:
    if name not in stack.ports:
        raise Damaged(f"{stack.paths.stack_file} is damaged: ports.{name}: field required", hint=MEND)
    return Site(stack.paths, stack.ports[name], stack.profile.server(name), artifacts.cache_dir())
