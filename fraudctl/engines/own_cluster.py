"""Bounded jobs: handed to the Flink of the stack, or run by its engine in clusters of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from fraudctl import engines
from fraudctl.console.progress import Progress
from fraudctl.jobs import bounded, run_numbers
from fraudctl.jobs.live_answers import Past

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


@runtime_checkable
class OwnClusters(Protocol):
    """What an engine does that gives a bounded job a cluster for as long as it runs."""

    def keep_rule_sets(self, stack: Stack) -> None:
        """Keep every rule set that ever was in force in the home, so that each can be named."""

    def cluster_of(self, stack: Stack, parallelism: int) -> str:
        """What would be made for a job, in words: it may cost money."""

    def run_bounded(
        self, stack: Stack, topic: str, name: str, wait_s: float, progress: Progress, **changes: Any
    ) -> Past:
        """As `fraudctl.jobs.bounded.run`. Nothing is left of the cluster when it returns or raises."""

    def drop_cluster(self, stack: Stack, name: str) -> bool:
        """Delete that of a job of this name, which may run; False where there is none. Raises Failed."""

    def next_run(self, stack: Stack) -> int:
        """Takes the number of a run, where the home does not count those of the live job. Raises Failed."""


def keep_rule_sets(stack: Stack) -> None:
    """In the home, where that has not seen what was activated."""
    engine = engines.of(stack)
    if isinstance(engine, OwnClusters):
        engine.keep_rule_sets(stack)


def made_for(stack: Stack, parallelism: int) -> str | None:
    """What would be made for a bounded job, in words; None where the stack's own Flink takes it.

    UsageError where no Flink would.
    """
    engine = engines.of(stack)
    if isinstance(engine, OwnClusters):
        return engine.cluster_of(stack, parallelism)
    bounded.check(stack)
    return None


def run(stack: Stack, topic: str, name: str, wait_s: float, progress: Progress, **changes: Any) -> Past:
    """One bounded job over a topic, wherever this stack has it; see `fraudctl.jobs.bounded.run`."""
    engine = engines.of(stack)
    act = engine.run_bounded if isinstance(engine, OwnClusters) else bounded.run
    return act(stack, topic, name, wait_s, progress, **changes)


def drop(stack: Stack, name: str) -> bool:
    """Delete the cluster that a job of this name was given; False where there is none."""
    engine = engines.of(stack)
    return isinstance(engine, OwnClusters) and engine.drop_cluster(stack, name)


def next_run(stack: Stack) -> int:
    """Takes the number of a run that no job of the stack has or will have. Failed where nobody knows."""
    engine = engines.of(stack)
    return engine.next_run(stack) if isinstance(engine, OwnClusters) else run_numbers.next_run(stack)
