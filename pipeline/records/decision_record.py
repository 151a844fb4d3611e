"""One record of the decisions topic: a decision's bytes and its place in the log.

Knows nothing of what the bytes say (`pipeline.records.decision_bytes`), of Kafka, or of any store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from pipeline.records.identity import Identity as Identity
from pipeline.records.position import pack

RUN: Final = "run"
"""The header of decisions, and of nothing else but their dead letters."""


class Delivery(NamedTuple):
    """A decision as it lies in the log, on its way to a store. `append_ms` is the record's append time."""

    value: bytes
    partition: int
    offset: int
    run: int
    append_ms: int
    key: bytes | None = None
    framed: bytes = b""
    """the whole as it lies in the log where it is in the frame of a schema registry, else empty"""

    @property
    def as_it_lies(self) -> bytes:
        """What the log holds."""
        return self.framed or self.value

    @property
    def position(self) -> int:
        """What decides between two decisions for one event: the greater wins."""
        return pack(self.run, self.offset)


def run_of(headers: Iterable[tuple[str, bytes | None]] | None) -> int:
    """The run a record was written by; 0 when it does not say."""
    for name, value in headers or ():
        if name == RUN and value is not None and value.isdigit():
            return int(value)
    return 0
