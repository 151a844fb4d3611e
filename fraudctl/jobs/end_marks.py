"""Whether the decisions of a bounded job are all there, told by their topic alone.

Behind its last decision each subtask puts a mark into every partition (the kernel's `EndMarks`): a record
without content whose header names the subtask and how many there are, `end: 0/2`. A partition that has all
is whole. For jobs of clusters that do not say whether a job has ended.
"""

from __future__ import annotations

from typing import Final

from fraudctl.errors import Failed
from fraudctl.kafka import admin, tail
from pipeline.connections.kafka.description import Kafka

HEADER: Final = "end"
LAST_RECORDS: Final = 500
"""of a partition, among which its marks are looked for at first"""
FURTHER: Final = 4
"""how many times as far back it is looked each time that nothing has come and marks are missing"""


class EndMarks:
    """Looks for them again and again.

    Marks are the last records, but for those of subtasks that end later. While the topic grows its end alone
    is read, and what was passed over once it has come to rest, each record at most once for every rest.
    """

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        self._seen: dict[int, set[str]] = {}
        self._from: dict[int, int] = {}
        """all from there to the end of the last look was read"""
        self._ends: dict[int, int] = {}
        self._back = LAST_RECORDS
        self._wanted = 0

    @property
    def records(self) -> int:
        """How many the topic had when it was looked at last."""
        return sum(self._ends.values())

    def are_there(self) -> bool:
        """Whether every partition has all that were found so far. Raises Unhealthy, Failed."""
        ends = admin.end_offsets(self._kafka, self._topic)
        if ends == self._ends:
            self._look_further()
        else:
            self._look_at_the_end(ends)
        return self._wanted > 0 and all(len(self._seen.get(p, ())) == self._wanted for p in ends)

    def _look_at_the_end(self, ends: dict[int, int]) -> None:
        before, self._ends, self._back = self._ends, ends, LAST_RECORDS
        for partition, end in ends.items():
            if before.get(partition, 0) < end - LAST_RECORDS:
                self._from[partition] = end - LAST_RECORDS
            else:
                self._from.setdefault(partition, 0)
        self._read({p: max(before.get(p, 0), self._from[p]) for p in ends}, ends)

    def _look_further(self) -> None:
        self._back *= FURTHER
        until = dict(self._from)
        self._from = {p: max(0, start - self._back) for p, start in until.items()}
        if self._from != until:
            self._read(self._from, until)

    def _read(self, start: dict[int, int], ends: dict[int, int]) -> None:
        for record in tail.records(self._kafka, self._topic, start, ends=ends):
            if HEADER in record.headers:
                self._note(record.partition, record.headers[HEADER].decode())

    def _note(self, partition: int, mark: str) -> None:
        subtask, _, subtasks = mark.partition("/")
        if not (subtask.isdigit() and subtasks.isdigit()):
            raise Failed(
                f"{self._topic} has a mark that is none: {mark!r}",
                hint="somebody else has written to that topic; run it again, into a topic of its own",
                code="bad_mark",
            )
        self._seen.setdefault(partition, set()).add(subtask)
        self._wanted = int(subtasks)
