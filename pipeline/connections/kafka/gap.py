"""A place in a topic that its log no longer holds, in words: what every reader in Python says of it.

A client is told to go nowhere by itself (`RESET`): records that were deleted would be passed over in silence,
and a log that has lost its end would be read a second time. Knows no reader.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

RESET: Final = {"auto.offset.reset": "error"}

Held = tuple[int, int]
"""Of a partition its first offset and the one after its last."""


class Gap(Exception):
    """What was to be read next is not in the log. The text says where, and what the log holds instead."""

    def mend(self, sink: str) -> str:
        """What to do where the writer of a store has met it."""
        again = f"fraudctl sinks rewind {sink} --to earliest"
        return f"that store lacks what is gone; it goes on with what there is by: {again}; verify it then"


def found(message: Message, topic: str, held: Callable[[int], Held | None]) -> Gap | None:
    """The gap that a client tells of by this message; None where it tells of none. `held` asks the broker."""
    error = message.error()
    if error is None or error.code() != KafkaError._AUTO_OFFSET_RESET:
        return None
    partition, wanted = message.partition(), message.offset()
    if partition is None or partition < 0:
        return Gap(f"{topic}: {error.str()}")
    return Gap(told(topic, partition, -1 if wanted is None else wanted, _asked(held, partition)))


def told(topic: str, partition: int, wanted: int, held: Held | None) -> str:
    """Which offset is gone, and how it may have gone."""
    begin, end = held or (-1, -1)
    where = f"{topic}, partition {partition}"
    if wanted < begin:
        return f"{where}: offset {wanted} has been deleted, the log begins at {begin}"
    if held and wanted > end:
        return f"{where}: the log ends at {end}, offset {wanted} was to be read next: records have been lost"
    return (
        f"{where}: the log has been cut off and written anew before offset {wanted}: records have been lost"
    )


class Witnesses:
    """Of each partition the record before the one that comes next, which was read before.

    It must be of the leader's epoch that was committed with the offset. Where another record stands in its
    place, the log has lost its end and grown again, and what comes next is not what follows.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._wanted: dict[int, tuple[int, int]] = {}

    def before(self, at: TopicPartition, held: Held | None) -> int:
        """Where reading is to begin: at the witness, as far as the log holds it and an epoch is known."""
        offset, epoch = int(at.offset), at.leader_epoch
        if held is None or epoch is None or epoch < 0 or not held[0] < offset <= held[1]:
            return offset
        self._wanted[at.partition] = offset - 1, epoch
        return offset - 1

    def saw(self, message: Message) -> bool:
        """Whether a record is a witness, which is read for this alone. Raises Gap where it is another one."""
        partition = message.partition()
        if not self._wanted or partition is None or partition not in self._wanted:
            return False
        offset, epoch = self._wanted.pop(partition)
        if message.offset() == offset and message.leader_epoch() != epoch:
            raise Gap(told(self._topic, partition, offset + 1, (0, offset + 1)))
        return bool(message.offset() == offset)


def _asked(held: Callable[[int], Held | None], partition: int) -> Held | None:
    try:
        return held(partition)
    except KafkaException:
        return None
