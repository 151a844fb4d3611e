"""What the page shows, asked of the functions that the commands ask."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fraudctl.compare import shadow, shadow_page
from fraudctl.console.progress import Progress
from fraudctl.console.tables import Table
from fraudctl.decisions import explain, explained, search
from fraudctl.decisions.explain import Explanation
from fraudctl.decisions.search import Search
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations, put_aside
from fraudctl.rules import described
from fraudctl.views.watcher import View, Watcher
from pipeline.records.quantities import format_time

MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A decision that a search found."""

    decided_at: str
    decision: str
    score: int
    user_id: str
    event_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A summary in lines, and tables."""

    summary: Sequence[str]
    tables: Sequence[Table] = ()


class Source(Protocol):
    """What the page needs to know. Everything but `view` may raise FraudctlError."""

    @property
    def name(self) -> str:
        """Of the stack's profile."""

    def view(self) -> View | None:
        """The newest look; None before the first."""

    def decision(self, user_id: str, event_id: str) -> Answer | None:
        """The explanation of a decision; None where there is none."""

    def found(self, query: str) -> Sequence[Hit]:
        """What a search finds, the newest first."""

    def rules(self) -> Answer:
        """What came into force when."""

    def compared(self) -> Answer:
        """The shadow beside the live rule set; reads the log, so it takes a while."""


class OfStack:
    """Of a running stack."""

    def __init__(self, stack: Stack, watching: Watcher) -> None:
        self._stack, self._watching = stack, watching
        self._comparing = threading.Lock()

    @property
    def name(self) -> str:
        return self._stack.profile.name

    def view(self) -> View | None:
        return self._watching.newest()

    def decision(self, user_id: str, event_id: str) -> Answer | None:
        found = explain.of_stored(self._stack, user_id, event_id)
        if found is None:
            return None
        return Answer(explained.summary(found).splitlines(), explained.tables(found))

    def found(self, query: str) -> Sequence[Hit]:
        """Of the audit index; without one, the decisions on the event with that id."""
        if search.SINK in self._stack.addresses:
            answer = search.find(self._stack, Search(query, None, None, None, None, None, MOST_FOUND))
            return [_indexed(one) for one in answer.decisions]
        return [_stored(one) for one in explain.all_stored(self._stack, query)[:MOST_FOUND]]

    def rules(self) -> Answer:
        """As `rules history` has it."""
        topic = activations.of(self._stack)
        sorted_out = topic.sorted_out()
        activated = described.table(map(described.described, reversed(sorted_out.chain)))
        return Answer((), (activated, *put_aside.tables(put_aside.located(topic, sorted_out.aside))))

    def compared(self) -> Answer:
        """One comparison at a time, however often it is asked for."""
        if not self._comparing.acquire(blocking=False):
            raise FraudctlError("a comparison is being made already", hint="look again in a moment")
        try:
            found = shadow.compare(self._stack, Progress())
        finally:
            self._comparing.release()
        return Answer((shadow_page.summary(found),), shadow_page.tables(found))


def _indexed(one: Mapping[str, Any]) -> Hit:
    why = "; ".join(str(reason["text"]) for reason in one["reasons"])
    who = (str(one["user_id"]), str(one["event_id"]))
    return Hit(str(one["decided_at"]), str(one["decision"]), int(one["score"]), *who, why)


def _stored(one: Explanation) -> Hit:
    decision, decided_at = one.found.decision, format_time(one.found.decided_at_ms)
    said: Any = one.document()
    why = "; ".join(hit["text"] for hit in said["reasons"])
    who = str(said["transaction"]["user_id"]), decision.identity[1]
    return Hit(decided_at, decision.decision, decision.score, *who, why)
