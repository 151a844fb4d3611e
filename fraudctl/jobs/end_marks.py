"""Whether the decisions of a bounded job are all there, told by their topic alone.

Behind its last decision each subtask puts a mark into every partition (the kernel's `EndMarks`): a record
without content whose header names the subtask and how many there are, `end: 0/2`. A partition that has all
is whole. For jobs of clusters that do not say whether a job has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fraudctl.errors import Failed
from fraudctl.kafka import admin, tail
from pipeline.connections.kafka.description import Kafka

HEADER: Final = "end"
LAST_RECORDS: Final = 500
"""of a partition, among which its marks are looked for: nothing follows them but what a restart repeats"""


class EndMarks:
    """Looks for them again and again; a record is read once at most."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        self._seen: dict[int, set[str]] = {}
        self._looked: Mapping[int, int] = {}
        self._wanted = 0

    @property
    def records(self) -> int:
        """How many the topic had when it was looked at last."""
        return sum(self._looked.values())

    def are_there(self) -> bool:
        """Whether every partition has all of them now. Raises Unhealthy, Failed."""
        ends = admin.end_offsets(self._kafka, self._topic)
        start = {p: max(self._looked.get(p, 0), end - LAST_RECORDS) for p, end in ends.items()}
        for record in tail.records(self._kafka, self._topic, start, ends=ends):
            if HEADER in record.headers:
                self._note(record.partition, record.headers[HEADER].decode())
        self._looked = ends
        return self._wanted > 0 and all(len(self._seen.get(p, ())) == self._wanted for p in ends)

    def _note(self, partition: int, mark: str) -> None:
        subtask, _, subtasks = mark.partition("/")
        if not (subtask.isdigit() and subtasks.isdigit()):
            raise Failed(f"{self._topic} has a mark that is none: {mark!r}", code="bad_mark")
        self._seen.setdefault(partition, set()).add(subtask)
        self._wanted = int(subtasks)
