"""Events of a benchmark that have no decision: which of them were passed over, and which only wait.

Within a partition decisions follow the log. So an event is lost where one behind it is decided. Where none
is, it waits: for its place in the order, which a later event or a tick gives it, or for a job that is behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fraudctl.bench.load import number_of
from fraudctl.kafka import tail
from pipeline.connections.kafka.description import Kafka


@dataclass(frozen=True, slots=True)
class Undecided:
    """How many of either."""

    lost: int
    waiting: int


NOBODY: Final = Undecided(0, 0)


def look_up(
    kafka: Kafka, topic: str, begins: Mapping[int, int], token: bytes, arrivals_ns: Sequence[int]
) -> Undecided:
    """Of that run's events, which lie in the topic from there on; `arrivals_ns` has 0 for the undecided."""
    return judge(_places(kafka, topic, begins, token), arrivals_ns)


def judge(places: Iterable[tuple[int, int, int]], arrivals_ns: Sequence[int]) -> Undecided:
    """The same of events by their number, partition and offset."""
    furthest, missing = dict[int, int](), list[tuple[int, int]]()
    for number, partition, offset in places:
        if arrivals_ns[number]:
            furthest[partition] = max(offset, furthest.get(partition, -1))
        else:
            missing.append((partition, offset))
    lost = sum(offset < furthest.get(partition, -1) for partition, offset in missing)
    return Undecided(lost, len(missing) - lost)


def _places(
    kafka: Kafka, topic: str, begins: Mapping[int, int], token: bytes
) -> Iterator[tuple[int, int, int]]:
    for record in tail.records(kafka, topic, begins):
        if (number := number_of(record.value or b"", token)) is not None:
            yield number, record.partition, record.offset
