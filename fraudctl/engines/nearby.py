"""Commands that need Kafka or a store, for a stack whose servers may not be reached from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from fraudctl import engines
from pipeline.settings.document import Content

if TYPE_CHECKING:
    from fraudctl.engines.contract import Ended
    from fraudctl.home.stack import Stack
    from fraudctl.jobs.rules_log import Carried


UNDER_WAY: Final = "under way"
CLEAN: Final = "topics that it may have left go with: fraudctl replay --clean"


@runtime_checkable
class Near(Protocol):
    """What an engine does that can run a command of ours near the data."""

    def near(
        self,
        stack: Stack,
        arguments: Sequence[str],
        wait_s: float,
        begun: Event | None = None,
        unwanted: Event | None = None,
    ) -> Ended:
        """How `fraudctl ARGUMENTS` ended there, with what it printed; `begun` is set when it runs.

        Who asks sets `unwanted` to give it up, and then nothing of it is left. Raises Failed.
        """


@runtime_checkable
class Rules(Near, Protocol):
    """What an engine does, beside that, that can have commands about the live rules run there."""

    def rules(self, stack: Stack, arguments: Sequence[str], files: Mapping[str, str], wait_s: float) -> Ended:
        """As `near`, of a command that finds these texts where its words have their names.

        It signs with the key that is there, for whoever asks here. UsageError where that is too much to be
        handed over, Failed.
        """

    def rules_log(self, stack: Stack, wait_s: float) -> Carried:
        """The topic of rules by way of that place, for who signs here. It may take so long each time."""


@runtime_checkable
class Replays(Near, Protocol):
    """What an engine does, beside that, that can give a replay a Flink of its own there."""

    def replay(
        self,
        stack: Stack,
        arguments: Sequence[str],
        rule_sets: Sequence[Content],
        wait_s: float,
        needs_flink: bool,
    ) -> Ended:
        """As `near`, of a command that hands jobs to Flink, which finds these contents by their hashes.

        Nothing is left of it when it has ended or was interrupted, but what the command keeps. Raises Failed.
        """

    def replays_under_way(self, stack: Stack) -> Sequence[str]:
        """What tells those apart that go on there now. Raises Failed."""

    def forget_replays_left(self, stack: Stack) -> None:
        """What those left is gone that did not come to their end. Raises Failed."""


def needed(stack: Stack) -> Near | None:
    """The engine that has to run it; None where it is to be tried from here."""
    engine = engines.of(stack)
    return engine if engine.is_elsewhere and isinstance(engine, Near) else None
