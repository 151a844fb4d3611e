"""What a store of decisions must be able to do, and how one is found.

A sink is one file in this folder; the file's name is its name everywhere. It offers
`connect(address, secret, settings) -> Sink`, which only remembers: the store is reached by the
first `write`. Two refusals are told apart: *never* (this decision, whatever is tried: it is
returned with its reason) and *not now* (`Unavailable`: the same batch is written again later).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

from pipeline.delivery import Delivery


class Unavailable(Exception):
    """Not now: the store cannot take anything at present."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: the store will not take this decision; it belongs on the dead-letter topic."""

    delivery: Delivery
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: `written + superseded + len(refused)` is its length.

    Superseded are those whose event has an equal or greater position, in the store or in the
    same batch.
    """

    written: int = 0
    superseded: int = 0
    refused: list[Refused] = field(default_factory=list)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.written + other.written,
            self.superseded + other.superseded,
            self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True)
class Held:
    """What a store holds for one event. `rules` are the names of its hits, in order."""

    position: int
    score: int
    decision: str
    rules: tuple[str, ...]


class Sink(Protocol):
    """One store. Not safe for use by two threads."""

    @property
    def flagged_only(self) -> bool:
        """Whether approved transactions are left out."""

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        """Store a batch; when it returns, the store has acknowledged. Raises Unavailable."""

    def held(self, user_id: str, event_id: str) -> Held | None:
        """What the store holds for an event. Raises Unavailable."""

    def close(self) -> None:
        """Let go of the connection. A later write connects again."""


class _Module(Protocol):
    def connect(self, address: str, secret: str | None, settings: Mapping[str, Any]) -> Sink: ...


def names() -> list[str]:
    """The sinks there are: the files of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def connect(name: str, address: str, secret: str | None, settings: Mapping[str, Any]) -> Sink:
    """The sink of that name. Raises ValueError when there is none."""
    if name not in names():
        raise ValueError(f"no sink is called {name!r}; there are: {', '.join(names())}")
    module = cast(_Module, import_module(f"{__name__}.{name}"))
    return module.connect(address, secret, settings)
