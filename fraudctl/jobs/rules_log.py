"""The records of the rules topic: on its broker, or by way of a machine that reaches that.

What travels the second way is what lies on the topic anyway, and signed records: no key, and nothing decided.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Protocol

from pydantic import TypeAdapter, ValidationError

from fraudctl.errors import Failed
from fraudctl.kafka import tail
from fraudctl.kafka.sender import Sender, Sent
from pipeline.connections.kafka.description import Kafka
from pipeline.scoring.activation import Record

PARTITION: Final = 0


class RulesLog(Protocol):
    """What is done with the topic. Each raises what Kafka's clients raise, or who is in between."""

    def records(self) -> list[Record]:
        """All of them, the oldest first."""

    def append(self, signed: bytes) -> int:
        """Write one; its offset. Failed where the broker does not take it."""


@dataclass(frozen=True, slots=True)
class OnBroker:
    """As it is from where Kafka is reached."""

    kafka: Kafka
    topic: str

    def records(self) -> list[Record]:
        return [(one.offset, one.append_ms, one.value) for one in tail.records(self.kafka, self.topic)]

    def append(self, signed: bytes) -> int:
        placed: list[Sent] = []
        sender = Sender(self.kafka, placed.append)
        sender.send(self.topic, signed, partition=PARTITION)
        if sender.flush() or sender.failed or not placed:
            raise Failed(
                f"the broker did not take the activation: {placed[0].error if placed else 'no answer'}",
                hint="look at: fraudctl logs kafka",
                code="not_accepted",
            )
        return placed[0].offset


@dataclass(frozen=True, slots=True)
class Told:
    """What a machine tells that reaches the topic: all records, values in base64, where it has written one,
    and the keys by which the live job has steps, None where nobody knows.
    """

    records: Sequence[tuple[int, int, str | None]]
    written: int | None
    hops: Sequence[str] | None


_TOLD: Final = TypeAdapter(Told)


def tell(log: RulesLog, signed: bytes | None, hops: Callable[[], Sequence[str] | None]) -> str:
    """Write that record, if any, and say what lies there then. Raises as `log`."""
    written = None if signed is None else log.append(signed)
    records = [(offset, at, None if one is None else _text(one)) for offset, at, one in log.records()]
    return json.dumps(asdict(Told(records, written, hops())))


class Carried:
    """By way of who is asked with a record to write, or without; asked once, and again with each record.

    So what others write meanwhile is seen after: of two who change the rules one is told so.
    """

    def __init__(self, carry: Callable[[bytes | None], str]) -> None:
        self._carry = carry
        self._told: Told | None = None

    def records(self) -> list[Record]:
        told = self._told or self._ask(None)
        return [(offset, at, None if one is None else b64decode(one)) for offset, at, one in told.records]

    def append(self, signed: bytes) -> int:
        told = self._ask(signed)
        if told.written is None:
            raise Failed("the record was not written", hint="look at: fraudctl rules history")
        return told.written

    @property
    def hops(self) -> Sequence[str] | None:
        """The keys by which the live job has steps, None where nobody knows."""
        return (self._told or self._ask(None)).hops

    def _ask(self, signed: bytes | None) -> Told:
        said = self._carry(signed)
        # A pod has one log for both streams: what it was warned of stands there too.
        lines = [line for line in said.splitlines() if line.startswith("{")]
        try:
            self._told = _TOLD.validate_json(lines[-1] if lines else "")
        except ValidationError:
            last = said.strip()[-500:]
            raise Failed(f"the topic of rules was not told of: {last}", hint="try it again") from None
        return self._told


def _text(value: bytes) -> str:
    return b64encode(value).decode()
