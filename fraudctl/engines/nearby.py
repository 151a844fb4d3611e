"""Commands that need Kafka or a store, for a stack whose servers may not be reached from here."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from fraudctl import engines

if TYPE_CHECKING:
    from fraudctl.engines.contract import Ended
    from fraudctl.home.stack import Stack


@runtime_checkable
class Near(Protocol):
    """What an engine does that can run a command of ours near the data."""

    def near(
        self, stack: Stack, arguments: Sequence[str], wait_s: float, begun: Event | None = None
    ) -> Ended:
        """How `fraudctl ARGUMENTS` ended there, with what it printed; `begun` is set when it runs.

        Raises Failed.
        """


def needed(stack: Stack) -> Near | None:
    """The engine that has to run it; None where it is to be tried from here."""
    engine = engines.of(stack)
    return engine if engine.is_elsewhere and isinstance(engine, Near) else None
