"""Reads the log and the stores once, each decision down to its position and a digest, into spill files.

The tasks here run in processes of their own; they share nothing but the folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from fraudctl.verify import spill
from fraudctl.verify.log import Log, Offsets
from pipeline import sinks
from pipeline.projector import Config
from pipeline.records.decision_bytes import Parts, Undecodable, glance, take_apart
from pipeline.records.decision_record import Delivery
from pipeline.sinks import Entry, ReadBack, Unavailable, reads_back

Tell = Callable[[int], None]
"""Called now and then with the number of rows read since."""

_EVERY = 2_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What every task needs to know. `sinks` are named by their place in it."""

    folder: Path
    buckets: int
    log: Log
    sinks: tuple[Config, ...]

    def log_rows(self) -> Path:
        """(user_id, event_id, position, partition, digests, expiries), the last two one per sink."""
        return self.folder / "log"

    def store_rows(self, index: int) -> Path:
        """(user_id, event_id, position, digest, partition)"""
        return self.folder / f"store-{index}"

    def dead_rows(self, index: int) -> Path:
        """(user_id, event_id, position)"""
        return self.folder / f"dead-{index}"

    def suspects(self) -> Path:
        """`examine.Suspect`: what looks like a fault"""
        return self.folder / "suspects"

    def explained(self) -> Path:
        """`compare.row_of`: what has a reason"""
        return self.folder / "explained"


def open_sink(config: Config) -> ReadBack:
    """The sink with its reading side. Raises ValueError for one that cannot be verified."""
    sink = sinks.connect(config.sink, config.address, config.secret_file, config.settings)
    if not reads_back(sink):
        raise ValueError(f"sink {config.sink} cannot be read back")
    return sink


def expected_of(reader: ReadBack, delivery: Delivery, parts: Parts) -> Entry | None:
    """What the store should hold; nothing where its sink refuses to understand the decision."""
    try:
        return reader.expected(delivery, parts)
    except Undecodable:
        return None


def digest(entry: Entry) -> bytes:
    """Equal for equal fields."""
    return blake2b(repr(entry.fields).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def scan_log(plan: Plan, writer: str, starts: Offsets, ends: Offsets, tell: Tell) -> tuple[int, int]:
    """Read some partitions; returns the number of records, and of those that are no decisions."""
    readers = [open_sink(config) for config in plan.sinks]
    seen = undecodable = 0
    with spill.Spill(plan.log_rows(), writer) as out:
        for delivery in plan.log.read(starts, ends):
            seen += 1
            if seen % _EVERY == 0:
                tell(_EVERY)
            try:
                parts = take_apart(delivery.value)
            except Undecodable:
                undecodable += 1
                continue
            entries = [expected_of(reader, delivery, parts) for reader in readers]
            identity = parts.identity
            row = (
                *identity,
                delivery.position,
                delivery.partition,
                tuple([None if entry is None else digest(entry) for entry in entries]),
                tuple([None if entry is None else entry.expires_ms for entry in entries]),
            )
            out.add(spill.bucket_of(identity, plan.buckets), row)
    tell(seen % _EVERY)
    return seen, undecodable


def scan_store(plan: Plan, index: int, tell: Tell) -> float:
    """Read one store; returns the seconds it took. Raises Unavailable."""
    sink = open_sink(plan.sinks[index])
    seen, began = 0, time.monotonic()
    try:
        with spill.Spill(plan.store_rows(index), "store") as out:
            for entry in sink.entries():
                row = entry.user_id, entry.event_id, entry.position, digest(entry), entry.partition
                out.add(spill.bucket_of(entry.identity, plan.buckets), row)
                seen += 1
                if seen % _EVERY == 0:
                    tell(_EVERY)
    except Unavailable as error:
        raise type(error)(f"{plan.sinks[index].sink}: {error}") from error
    finally:
        sink.close()
    tell(seen % _EVERY)
    return time.monotonic() - began


def scan_dead_letters(plan: Plan, index: int, tell: Tell) -> int:
    """Read what one store refused; returns the number of records."""
    seen = 0
    with spill.Spill(plan.dead_rows(index), "dead") as out:
        for delivery in plan.log.dead_letters(plan.sinks[index].dead_letter_topic):
            seen += 1
            try:
                identity = glance(delivery.value).identity
            except Undecodable:
                continue
            out.add(spill.bucket_of(identity, plan.buckets), (*identity, delivery.position))
    return seen
