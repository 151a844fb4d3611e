"""Which servers a profile needs run, and the waves in which they start; the same in every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fraudctl.binaries import artifacts
from fraudctl.errors import UsageError
from fraudctl.home.stack import MEND, Stack
from fraudctl.home.typed_files import Damaged, Older
from fraudctl.servers import BaseServer, Site, discover, start_waves
from fraudctl.settings.profile import Profile, address_of

LOCAL = "local"
"""the engine that starts servers itself"""
OPEN_IN_CONTAINERS = frozenset({"elasticsearch"})
"""servers that let in whoever reaches them where their official images run them"""


def kinds(profile: Profile, without: Sequence[str], added: Sequence[str] = ()) -> dict[str, type[BaseServer]]:
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


def required(profile: Profile, without: Sequence[str]) -> dict[str, type[BaseServer]]:
    """The kinds of server without which the profile does nothing. UsageError as in `kinds`."""
    return {name: kind for name, kind in kinds(profile, without).items() if not kind.optional}


def servers(stack: Stack) -> dict[str, BaseServer]:
    """The servers of this stack that are ours to run. An optional one is there if `up` could have it."""
    return {
        name: kind(_site(stack, name))
        for name, kind in _needed(stack.profile, stack.without).items()
        if not kind.optional or name in stack.ports
    }


def lacking(stack: Stack) -> list[str]:
    """Servers that a stack has now, and that the version which started this one did not know."""
    needed = _needed(stack.profile, stack.without).items()
    known = stack.ports.keys() | stack.addresses.keys()
    return [name for name, kind in needed if not kind.optional and name not in known]


def waves(ours: Mapping[str, BaseServer]) -> list[list[BaseServer]]:
    """Servers in the order of starting: those of a wave need only such of earlier ones."""
    names = start_waves({name: server.needs for name, server in ours.items()})
    return [[ours[name] for name in wave] for wave in names]


def external_addresses(profile: Profile, without: Sequence[str]) -> dict[str, str]:
    """Where the servers are that are not ours to run."""
    return {
        name: address_of(settings.external)
        for name, settings in profile.servers.items()
        if settings.external and name not in without
    }


def _site(stack: Stack, name: str) -> Site:
    if name in lacking(stack):
        raise Older(
            f"{stack.paths.stack_file} was written by an older fraudctl, which ran no {name}",
            hint="run: fraudctl up, which carries it over",
        )
    if name not in stack.ports:
        raise Damaged(f"{stack.paths.stack_file} is damaged: ports.{name}: field required", hint=MEND)
    settings, cache = stack.profile.server(name), artifacts.cache_dir()
    place = stack.profile.checkpoints
    in_container = stack.engine != LOCAL
    is_closed = stack.is_closed and not (in_container and name in OPEN_IN_CONTAINERS)
    return Site(stack.paths, stack.ports[name], settings, cache, is_closed, place, in_container)


def _needed(profile: Profile, without: Sequence[str]) -> dict[str, type[BaseServer]]:
    return {
        name: kind
        for name, kind in discover().items()
        if name not in without
        and profile.server(name).external is None
        and (not kind.for_sink or name in profile.sinks)
    }
