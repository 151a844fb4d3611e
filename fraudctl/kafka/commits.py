"""What groups have committed, asked as a member of theirs asks that never joins.

An admin client has no group of its own. Where a broker answers it that another is the group's coordinator, or
none yet (after the first question about groups to a new cluster, after a start of a broker), it means to look
for that one all the same, and the process dies of it (confluentinc/librdkafka#5040, open in 2.16). A consumer
has one, and looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from fraudctl.kafka.broker import UNREACHABLE, member, translated
from fraudctl.waiting import until
from pipeline.connections.kafka.description import Kafka

Place = tuple[str, int]
"""A topic and the number of a partition."""

SETTLING: Final = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)
"""What a broker answers that no group has asked before, or that has just started."""
_PASSING: Final = SETTLING | UNREACHABLE | {KafkaError._WAIT_COORD}
_GLANCE_S: Final = 1.0
_PAUSE_S: Final = 0.05


def committed(kafka: Kafka, group: str, places: Sequence[Place], wait_s: float) -> dict[Place, int]:
    """The group's offset of each place; those without a commit are left out.

    Raises Unhealthy where no coordinator answers within `wait_s`, Failed where the broker refuses, at once.
    """
    asked = [TopicPartition(*place) for place in places]
    if not asked:
        return {}
    failures: list[KafkaException] = []

    def told() -> list[TopicPartition] | None:
        asking = member(kafka, group)
        try:
            return list(asking.committed(asked, timeout=max(0.1, min(_GLANCE_S, wait_s))))
        except KafkaException as error:
            if error.args[0].code() not in _PASSING:
                raise
            _hear(asking)
            failures.append(error)
            return None

    with translated(kafka):
        found = until(told, wait_s, lambda: failures[-1], _PAUSE_S)
    return {(at.topic, at.partition): at.offset for at in found if at.offset >= 0}


def _hear(asking: Consumer) -> None:
    """Raises KafkaException for what does not pass by waiting; the question itself waits until its end."""
    said = asking.poll(0)
    error = None if said is None else said.error()
    if error is not None and error.code() not in _PASSING:
        raise KafkaException(error)
