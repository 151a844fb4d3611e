"""Records on the rules topic that no reader takes: which they are, and that people hear of it.

What is in force goes on beside them (`pipeline.scoring.activation`), so nothing else would show them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from fraudctl.console.result import Table
from fraudctl.errors import FraudctlError
from fraudctl.jobs import activations
from fraudctl.jobs.activations import RulesTopic
from fraudctl.jobs.rules_log import PARTITION
from fraudctl.waiting import every
from pipeline.rules.ruleset import recorded
from pipeline.scoring.activation import Aside

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

log = logging.getLogger("keeper")

LOOK_EVERY_S = 10.0
_TITLE = "Records on the rules topic that are put aside; what is in force goes on"


@dataclass(frozen=True, slots=True)
class PutAside:
    """One record: where it lies, and what is wrong with it."""

    topic: str
    partition: int
    offset: int
    reason: str

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return asdict(self)


def of(stack: Stack) -> list[PutAside] | None:
    """In the order of the topic. None when it cannot be read."""
    if not stack.runs_jobs:
        return []
    topic = activations.of(stack)
    try:
        return located(topic, topic.sorted_out().aside)
    except FraudctlError:
        return None


def uncalled(stack: Stack) -> Mapping[str, str]:
    """Rules in force whose plug-ins this version refuses, and why; none where the topic cannot be read."""
    if not stack.runs_jobs:
        return {}
    try:
        chain = activations.of(stack).read()
    except FraudctlError:
        return {}
    return recorded(chain[-1].content).refused if chain else {}


def located(topic: RulesTopic, aside: Sequence[Aside]) -> list[PutAside]:
    """The records of a reading, with their place."""
    return [PutAside(topic.topic, PARTITION, one.offset, one.reason) for one in aside]


def documents(found: Sequence[PutAside] | None) -> list[dict[str, object]] | None:
    """All of them in JSON; None stays None."""
    return None if found is None else [one.as_document() for one in found]


def with_count(summary: str, found: Sequence[PutAside] | None) -> str:
    """The summary, and how many they are where there are any."""
    if not found:
        return summary
    many = f"{len(found)} record{'s' * (len(found) > 1)} on the rules topic put aside"
    return f"{summary}; {many}" if summary else many


def tables(found: Sequence[PutAside] | None) -> tuple[Table, ...]:
    """A table of them; none where there is none."""
    if not found:
        return ()
    rows = [(one.topic, one.partition, one.offset, one.reason) for one in found]
    return (Table(_TITLE, ("topic", "partition", "offset", "what is wrong"), rows),)


class Watcher:
    """Says each record once in the keeper's log. One look at a time, so that a test can drive it."""

    def __init__(self, find: Callable[[], Sequence[PutAside] | None]) -> None:
        self._find = find
        self._known: set[PutAside] = set()
        self.count: int | None = None
        """How many there are; None before the topic could be read."""

    def look(self) -> None:
        """Raises nothing; what cannot be read now is read at the next look."""
        found = self._find()
        self.count = self.count if found is None else len(found)
        for one in found or ():
            if one not in self._known:
                self._known.add(one)
                place = f"{one.topic}-{one.partition}"
                log.error("the record at offset %s of %s is put aside: %s", one.offset, place, one.reason)


def watch(stack: Callable[[], Stack]) -> Watcher:
    """Look again and again in a thread of its own."""

    def find() -> Sequence[PutAside] | None:
        try:
            return of(stack())
        except FraudctlError:
            return None  # the keeper says what is wrong with the home

    watcher = Watcher(find)
    threading.Thread(target=_repeat, args=(watcher,), name="put-aside", daemon=True).start()
    return watcher


def _repeat(watcher: Watcher) -> None:
    for _ in every(LOOK_EVERY_S):
        watcher.look()
