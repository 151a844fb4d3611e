"""What a store must let a sink do, and whether it does: said for who gives rights, and tried without a trace.

A store that takes part has a module `rights` in its folder with

- `needed(asked) -> Rights`: exactly what writer, verification, repair and readers need
- `places(address, settings) -> Sequence[Place]`: where its server listens
- `ask(address, secret, settings) -> Iterator[Finding]`: it is let in, its version, and each right; nothing
  may be made or changed by that. Raises Unavailable.
- `ask_for_notifier(address, secret, settings)`, where alerts are told of from this store: the same of that

Settings are of the sink's type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from pipeline import sinks
from pipeline.connections import trouble as troubles
from pipeline.connections import way
from pipeline.connections.secrets import Secret
from pipeline.connections.tls import BadFile
from pipeline.connections.way import Finding, Place
from pipeline.settings.document import Told
from pipeline.sinks import Unavailable


@dataclass(frozen=True, slots=True)
class Rights:
    """In the store's own language, to be handed to it as it is, and as JSON."""

    text: str
    document: object


@dataclass(frozen=True, slots=True)
class Asked:
    """For which store rights are wanted: its address, the sink's settings of its type, and whose rights.

    `who` counts where the address names no user.
    """

    address: str
    settings: Any
    who: str
    notifies: bool = False
    """whether people are told of what is in the store"""


def known() -> tuple[str, ...]:
    """The sinks whose store says its rights."""
    return tuple(sink for sink in sinks.names() if find_spec(f"pipeline.sinks.{sink}.rights") is not None)


def needed(sink: str, address: str, settings: Told, who: str, notifies: bool = False) -> Rights:
    """What `who`, or the user in the address, needs of the store of a sink among `known()`."""
    found: Rights = _of(sink).needed(Asked(address, sinks.settings_of(sink, settings), who, notifies))
    return found


def examine(
    sink: str, address: str, secret: Secret, settings: Told, notifies: bool = False
) -> Iterator[Finding]:
    """Every step on the way to a store among `known()`, up to the first that fails; of a store with several
    servers, as long as one of them is reached.

    With `notifies` also what the process needs there that tells people of alerts.
    """
    told, module = sinks.settings_of(sink, settings), _of(sink)
    try:
        ways = [list(_way(sink, place)) for place in module.places(address, told)]
        yield from dict.fromkeys(one for found in ways for one in found)
        if ways and all(any(one.is_broken for one in found) for found in ways):
            return
        yield from module.ask(address, secret, told)
        if notifies and hasattr(module, "ask_for_notifier"):
            yield from module.ask_for_notifier(address, secret, told)
    except (OSError, BadFile, Unavailable, ValueError) as error:
        yield _broken(sink, error)


def _way(sink: str, place: Place) -> Iterator[Finding]:
    try:
        yield from way.to(place)
    except BadFile as error:
        yield _broken(sink, error)
    except OSError as error:
        found = _broken(sink, error)
        yield replace(found, said=f"{place.host}:{place.port}: {found.said}")


def _broken(sink: str, error: Exception) -> Finding:
    failed = error if isinstance(error, Unavailable) else Unavailable(str(error), troubles.of(error))
    mend = sinks.mend(sink, failed) or "see the server's own log"
    return Finding(way.step_of(failed.trouble), str(error), mend, is_broken=True)


def too_old(called: str, version: str, least: str) -> Iterator[Finding]:
    """A finding where the server's version is below the oldest that this is made for."""
    if numbers(version) < numbers(least):
        said = f"{called} {version} is older than {least}, which this is made for"
        yield Finding("version", said, f"take the server to {least} or later", is_broken=True)


def numbers(version: str) -> list[int]:
    """The numbers that it begins with: of 8.1.3-rc1 8, 1 and 3."""
    found = re.match(r"[0-9]+(\.[0-9]+)*", version)
    return [int(one) for one in found[0].split(".")] if found else []


def in_the_clear(sink: str, address: str, settings: Told) -> list[str]:
    """The hosts elsewhere that would be spoken to without TLS. Raises Unavailable, ValueError."""
    if sink not in known():
        return []
    places: Sequence[Place] = _of(sink).places(address, sinks.settings_of(sink, settings))
    return [one.host for one in places if one.is_in_the_clear]


def missing(what: str, lacking: Sequence[str], sink: str) -> Finding:
    """The finding about rights, of which some may be lacking."""
    if not lacking:
        return Finding("rights", f"{what}: all that is needed")
    return Finding("rights", f"lacking: {', '.join(lacking)}", f"give them: fraudctl grants {sink}", True)


def _of(sink: str) -> ModuleType:
    return import_module(f"pipeline.sinks.{sink}.rights")
