"""What experiments and benchmarks ask of a store, beyond what a sink does.

A store that takes part has a module `trials` in its folder with one or both of

- `refuse(address, secret, settings, refuses)`: let the store refuse every write, or take them again; may be
  repeated
- `place(address, secret, settings, token, folder) -> Place`: a place of its own for a benchmark, under the
  token's name; `folder` is there for a store that needs one, and is not made yet

Both raise `NotDone`. Settings are of the sink's type. Addresses are those of `pipeline.sinks.address`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from pipeline import sinks
from pipeline.connections.secrets import Secret
from pipeline.settings.document import Told


class NotDone(Exception):
    """The store did not do what a trial needs; `hint` says what may help, where something may."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Place:
    """The address and settings that lead a sink there; `make` and `drop` may be repeated."""

    address: str
    settings: Told = field(default_factory=dict)
    make: Callable[[], None] = _nothing
    drop: Callable[[], None] = _nothing


def refusing() -> tuple[str, ...]:
    """The sinks whose store can be made to refuse."""
    return _offering("refuse")


def refuse(sink: str, address: str, secret: Secret, settings: Told, refuses: bool) -> None:
    """Let the store of a sink among `refusing()` refuse every write, or take them again. Raises NotDone."""
    _of(sink).refuse(address, secret, sinks.settings_of(sink, settings), refuses)


def with_places() -> tuple[str, ...]:
    """The sinks whose store gives benchmarks a place."""
    return _offering("place")


def place(sink: str, address: str, secret: Secret, settings: Told, token: str, folder: Path) -> Place:
    """A place in the store of a sink among `with_places()`. Nothing is made yet. Raises NotDone."""
    found: Place = _of(sink).place(address, secret, sinks.settings_of(sink, settings), token, folder)
    return found


def _offering(ability: str) -> tuple[str, ...]:
    return tuple(sink for sink in sinks.names() if _has(sink) and hasattr(_of(sink), ability))


def _has(sink: str) -> bool:
    return find_spec(f"pipeline.sinks.{sink}.trials") is not None


def _of(sink: str) -> ModuleType:
    return import_module(f"pipeline.sinks.{sink}.trials")
