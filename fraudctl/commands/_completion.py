"""The names a shell completes: of scenarios, profiles, servers, sinks and programs.

Nothing is imported before a name is asked for, since every command line passes here.
"""

from __future__ import annotations

from collections.abc import Iterable


def scenarios(incomplete: str) -> list[str]:
    """Shipped scenarios."""
    from fraudctl.settings import shipped
    from fraudctl.traffic import scenario

    return _beginning(incomplete, scenario.names(shipped.data_dir("scenarios")))


def profiles(incomplete: str) -> list[str]:
    """Shipped profiles."""
    from fraudctl.settings import shipped

    return _beginning(incomplete, shipped.profile_names())


def rule_sets(incomplete: str) -> list[str]:
    """Shipped rule sets."""
    from fraudctl.home import rulesets

    return _beginning(incomplete, rulesets.shipped())


def servers(incomplete: str) -> list[str]:
    """Servers there are."""
    from fraudctl.settings import shipped

    return _beginning(incomplete, shipped.server_names())


def engines(incomplete: str) -> list[str]:
    """Engines there are."""
    from fraudctl import engines

    return _beginning(incomplete, engines.names())


def sinks(incomplete: str) -> list[str]:
    """Sinks of the stack in the home of this shell, every sink there is where none was started."""
    from fraudctl.home import stack
    from fraudctl.settings import shipped

    known = stack.read(stack.home_dir())
    return _beginning(incomplete, shipped.sink_names() if known is None else known.profile.sinks)


def programs(incomplete: str) -> list[str]:
    """Programs whose logs there are."""
    from fraudctl import engines
    from fraudctl.home import stack

    home = stack.home_dir()
    return _beginning(incomplete, engines.of_home(home).log_names(home))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
