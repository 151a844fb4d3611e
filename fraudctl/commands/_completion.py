"""The names a shell completes: of scenarios, profiles, servers, sinks and programs."""

from __future__ import annotations

from collections.abc import Iterable

from fraudctl import engines as engine_room
from fraudctl.home import rulesets, stack
from fraudctl.settings import shipped
from fraudctl.traffic import scenario


def scenarios(incomplete: str) -> list[str]:
    """Shipped scenarios."""
    return _beginning(incomplete, scenario.names(shipped.data_dir("scenarios")))


def profiles(incomplete: str) -> list[str]:
    """Shipped profiles."""
    return _beginning(incomplete, shipped.profile_names())


def rule_sets(incomplete: str) -> list[str]:
    """Shipped rule sets."""
    return _beginning(incomplete, rulesets.shipped())


def servers(incomplete: str) -> list[str]:
    """Servers there are."""
    return _beginning(incomplete, shipped.server_names())


def engines(incomplete: str) -> list[str]:
    """Engines there are."""
    return _beginning(incomplete, engine_room.names())


def sinks(incomplete: str) -> list[str]:
    """Sinks of the stack in the home of this shell, every sink there is where none was started."""
    known = stack.read(stack.home_dir())
    return _beginning(incomplete, shipped.sink_names() if known is None else known.profile.sinks)


def programs(incomplete: str) -> list[str]:
    """Programs whose logs there are."""
    home = stack.home_dir()
    return _beginning(incomplete, engine_room.of_home(home).log_names(home))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
