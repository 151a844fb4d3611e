"""A Kafka client whose broker takes the first few records and never says a word of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError


class Message:
    """A record that was taken."""

    def __init__(self, offset: int) -> None:
        self._offset = offset

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_764_000_000_000


class SilentBroker:
    """In the place of `confluent_kafka.Producer`: `takes` records, `refuses` of the next ones, then silence.

    `waited_s` are the times that it was asked to wait for reports, `values` what it was handed by topic.
    """

    def __init__(self, takes: int = 0, refuses: int = 0) -> None:
        self._answers = [None] * takes + [KafkaError(KafkaError._MSG_TIMED_OUT)] * refuses
        self._open: list[Callable[..., None]] = []
        self._offset = 0
        self.settings: Mapping[str, Any] = {}
        self.waited_s: list[float] = []
        self.values: dict[str, list[bytes | None]] = {}

    def __call__(self, settings: Mapping[str, Any], logger: object = None) -> SilentBroker:
        self.settings = settings
        return self

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int,
        report: Any,
        headers: Any = None,
    ) -> None:
        self._open.append(report)
        self.values.setdefault(topic, []).append(value)

    def poll(self, wait_s: float = 0.0) -> int:
        return 0

    def flush(self, wait_s: float) -> int:
        self.waited_s.append(wait_s)
        while self._open and self._answers:
            self._open.pop(0)(self._answers.pop(0), Message(self._offset))
            self._offset += 1
        return len(self._open)

    def purge(self) -> None:
        while self._open:
            self._open.pop(0)(KafkaError(KafkaError._PURGE_QUEUE), Message(-1))
