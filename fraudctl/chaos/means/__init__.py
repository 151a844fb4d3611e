"""The ways to break something: one module each; its file's name is what a fault's `means` says.

A module offers `NEEDS` (the settings a fault must give), and `targets()` (what it can strike) where `target`
is among them. One that strikes a part of the stack has

- `plan(stack, fault) -> memo`: looks, changes nothing; all that undoing needs, as JSON
- `strike(stack, memo)`: does it
- `lift(stack, memo)`: undoes it; harmless when it was never done, or is undone already

and may have `words(fault)`, which says what will happen. One that disturbs the traffic has instead
`shape(fault, seed)`, which gives a `feeder.Conduct.shape`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from fraudctl.chaos.fault import Fault

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

Memo = Mapping[str, Any]


class Means(Protocol):
    """What every module here offers; see above for what else it has."""

    NEEDS: Sequence[str]

    def targets(self) -> tuple[str, ...]: ...
    def words(self, fault: Fault) -> str: ...


class Breaking(Means, Protocol):
    """A means that strikes a part of the stack."""

    def plan(self, stack: Stack, fault: Fault) -> dict[str, object]: ...
    def strike(self, stack: Stack, memo: Memo) -> None: ...
    def lift(self, stack: Stack, memo: Memo) -> None: ...


def names() -> tuple[str, ...]:
    """The means there are."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def find(name: str) -> Means:
    """The module of that name."""
    return cast(Means, import_module(f"{__name__}.{name}"))


def breaking(name: str) -> Breaking | None:
    """The module of that name if it strikes the stack; None if it disturbs the traffic."""
    found: Any = find(name)
    return cast(Breaking, found) if hasattr(found, "strike") else None


def shape_of(fault: Fault, seed: int) -> Callable[[Any], Any]:
    """How this fault disturbs the traffic."""
    found: Any = find(fault.means)
    return cast(Callable[[Any], Any], found.shape(fault, seed))
