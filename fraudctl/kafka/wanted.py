"""The topics a stack needs: every one of ours by its name, as its profile wants it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fraudctl.kafka.admin import TopicSpec
from pipeline.records.names import dead_letters

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

FOREVER = {"retention.ms": "-1"}
"""For the rules topic: each activation builds on the one before, so all of them are needed."""
NEWEST = {"cleanup.policy": "compact"} | FOREVER
"""For the topic of erasures: of each user the last one counts, and none may go."""


UNPACKED = {"compression.type": "uncompressed"}
"""For the topic that others write to: the broker unpacks what comes and looks how large it is then. Else no
reader could refuse a record of gigabytes that came as one of kilobytes, and it would stay in the log."""


def specs(profile: Profile) -> tuple[TopicSpec, ...]:
    """Every topic that a stack with this profile needs, dead letters of its sinks included."""
    names = profile.topics
    wide = {"max.message.bytes": str(profile.max_message_bytes)}
    parts = profile.partitions
    dead = tuple(dead_letters(names.decisions, sink) for sink in profile.sinks)
    return (
        spec(profile, names.transactions, parts, wide | UNPACKED),
        spec(profile, names.decisions, parts, wide),
        *(spec(profile, name, parts) for name in (names.refusals, names.labels)),
        spec(profile, names.shadow, parts, wide),
        spec(profile, names.rules, 1, wide | FOREVER),
        spec(profile, names.forgotten, 1, NEWEST),
        *(spec(profile, name, parts, wide) for name in dead),
    )


def spec(profile: Profile, name: str, partitions: int, more: Mapping[str, str] | None = None) -> TopicSpec:
    """One topic with the profile's retention and append times set by the broker."""
    fixed = {"message.timestamp.type": "LogAppendTime", "retention.ms": str(profile.retention_ms)}
    return TopicSpec(name, partitions, fixed | dict(more or {}))
