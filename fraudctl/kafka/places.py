"""A place in a topic as people write it: earliest, latest, a time, an age, or offsets such as `0:12,1:34`."""

from __future__ import annotations

import re

from fraudctl.errors import UsageError
from fraudctl.kafka import admin
from fraudctl.settings import moment
from pipeline.connections.kafka.description import Kafka
from pipeline.records import clock


def offsets(kafka: Kafka, topic: str, place: str, now_ms: int | None = None) -> dict[int, int]:
    """The offsets a place means. Named partitions may be some of all.

    UsageError for what is no place, or lies outside the log.
    """
    if place == "earliest":
        return admin.begin_offsets(kafka, topic)
    if place == "latest":
        return admin.end_offsets(kafka, topic)
    if re.fullmatch(r"\d+:\d+(,\d+:\d+)*", place):
        named = {int(p): int(o) for p, o in (pair.split(":") for pair in place.split(","))}
        return _within_log(kafka, topic, named)
    return admin.offsets_at(kafka, topic, time_ms(place, now_ms or clock.now_ms()))


def time_ms(text: str, now_ms: int) -> int:
    """The moment that a time or an age means. UsageError for anything else."""
    try:
        return moment.parse(text, now_ms)
    except ValueError:
        raise UsageError(
            f"not a place in the log: {text!r}",
            hint="write earliest, latest, a time such as 2026-11-23T12:00:00Z, an age such as 2h,"
            " or offsets such as 0:1200,1:1180",
        ) from None


def _within_log(kafka: Kafka, topic: str, wanted: dict[int, int]) -> dict[int, int]:
    begin, end = admin.begin_offsets(kafka, topic), admin.end_offsets(kafka, topic)
    for partition, offset in wanted.items():
        if partition not in end:
            raise UsageError(f"{topic} has no partition {partition}", hint=f"it has {len(end)}")
        if not begin[partition] <= offset <= end[partition]:
            raise UsageError(
                f"partition {partition} of {topic} has no offset {offset}",
                hint=f"it holds {begin[partition]} to {end[partition]}",
            )
    return wanted
