"""The commits of one consumer: which of them a broker has answered, and what the answer says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from confluent_kafka import Consumer, KafkaException

from pipeline.connections.kafka import librdkafka


class Commits:
    """Answers come while the consumer is polled, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._answers = SimpleQueue[tuple[Any, Sequence[Any]]]()
        self._owed = 0

    def heard(self, error: Any, places: Sequence[Any]) -> None:
        """What the consumer is to call with each answer."""
        self._answers.put((error, places))

    def ask(self, consumer: Consumer, places: Sequence[Any]) -> None:
        consumer.commit(offsets=list(places), asynchronous=True)
        self._owed += 1

    def answer(self, wanted: Mapping[int, int]) -> dict[int, int] | None:
        """What was taken of these, None while nobody says. Raises KafkaException."""
        try:
            error, answered = self._answers.get_nowait()
        except Empty:
            return None
        self._owed -= 1
        if {at.partition: at.offset for at in answered} != wanted:
            return None  # of one that was waited for in vain
        if error is not None:
            raise KafkaException(error)
        return {at.partition: at.offset for at in answered if at.error is None}

    def end(self, held: list[Consumer]) -> None:
        """Of the consumer, to which nothing but this list refers."""
        if self._owed:
            librdkafka.abandon(held)
        else:
            librdkafka.retire(held.pop())
