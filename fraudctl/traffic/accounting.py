"""Which events of past data were sent, and which of them have decisions by now: eight bytes of each."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from typing import TypedDict

import orjson

from fraudctl.console.progress import Progress
from fraudctl.files.rows import Row
from fraudctl.home.stack import Stack
from fraudctl.kafka import tail


class Counts(TypedDict):
    """What became of past data: an event that was sent several times is one, decisions count one by one."""

    events: int
    decided: int
    undecided: int
    reused_ids: int
    alerts: int
    currencies: dict[str, int]


class Account:
    """Of the events of one topic. Once the job over it has ended, what has no decision will get none."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._sent, self._decided = array("q"), array("q")
        self._alerts = self._reused = 0
        self._currencies: Counter[str] = Counter()

    def note(self, row: Row) -> Row:
        """One more that is sent; the row itself."""
        tx = row.transaction
        self._sent.append(hash((tx.user_id, tx.event_id)))
        return row

    def take_decisions(self, stack: Stack, start: Mapping[int, int], bar: Progress) -> None:
        """Every decision in the log from there on; those on events of other topics are passed over."""
        for values in tail.values(stack.kafka, stack.profile.topics.decisions, start):
            for value in values:
                self.take(value)
            bar.update(len(self._decided), f"{len(self._decided)} of {len(self._sent)} decided")

    def take(self, value: bytes) -> None:
        """One decision."""
        if self._topic.encode() not in value:
            return
        document = orjson.loads(value)
        if document.get("source", {}).get("topic") != self._topic:
            return
        self._decided.append(hash((document["user_id"], document["event_id"])))
        self._alerts += document["decision"] != "approve"
        self._reused += document.get("reused_id", False)
        if "currency" in document:
            self._currencies[document["currency"]] += 1

    def as_document(self) -> Counts:
        """The counts so far."""
        events, undecided = _compared(self._sent, self._decided)
        return {
            "events": events,
            "decided": len(self._decided),
            "undecided": undecided,
            "reused_ids": self._reused,
            "alerts": self._alerts,
            "currencies": dict(self._currencies.most_common()),
        }


def _compared(sent: array[int], decided: array[int]) -> tuple[int, int]:
    """How many different ones were sent, and how many of these are not among the decided. Both get sorted."""
    import numpy

    events, known = numpy.asarray(sent), numpy.asarray(decided)
    events.sort()
    known.sort()
    is_first = numpy.ones(len(events), dtype=bool)
    is_first[1:] = events[1:] != events[:-1]
    different = events[is_first]
    begins, ends = (numpy.searchsorted(known, different, side) for side in ("left", "right"))
    return len(different), int(numpy.count_nonzero(begins == ends))
