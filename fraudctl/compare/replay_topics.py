"""The topics of one replay: made for it, dropped with it, also when it was killed.

A marker below `home/replays` names the process and its topics. A process that dies without a word leaves its
marker behind; the next replay drops what the dead ones have left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from fraudctl.home import typed_files
from fraudctl.home.jobs import write_json
from fraudctl.kafka import admin, wanted
from pipeline.records import clock
from pipeline.records.names import dead_letters
from pipeline.rules.plugins.watch import began

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


@dataclass(frozen=True, slots=True)
class _Marker:
    """The topics of a process; when that began tells it from a later one with the same pid."""

    pid: int
    began: str | None
    topics: tuple[str, ...]


_MARKER: Final = TypeAdapter(_Marker)


@contextmanager
def own_topics(stack: Stack, ruleset_hash: str, keep: bool) -> Iterator[dict[str, str]]:
    """`decisions` and `refusals` of a replay. Dropped at the end, unless `keep` and it came to its end."""
    sweep(stack)
    decisions, name = stack.profile.topics.decisions, f"{ruleset_hash[:8]}-{clock.now_ms()}"
    replayed = f"{_prefix(stack)}{name}"
    own = {"decisions": replayed, "refusals": dead_letters(replayed)}
    marker = _markers(stack) / f"{name}.json"
    noted = {"pid": os.getpid(), "began": began(os.getpid()), "topics": list(own.values())}
    write_json(marker, {"format": typed_files.FORMAT, **noted})
    dropped = list(own.values())
    try:
        wide = {"max.message.bytes": str(stack.profile.max_message_bytes)}
        partitions = admin.partitions_of(stack.kafka, decisions)
        admin.create(stack.kafka, [wanted.spec(stack.profile, one, partitions, wide) for one in dropped])
        yield own
        dropped = [own["refusals"]] if keep else dropped
    finally:
        admin.delete(stack.kafka, dropped)
        marker.unlink(missing_ok=True)


def sweep(stack: Stack) -> list[str]:
    """Drop the topics of replays whose process is gone; their names."""
    left = []
    for marker in sorted(_markers(stack).glob("*.json")):
        found = typed_files.read(marker, _MARKER, "remove it; topics of that replay may remain")
        if found and found.began != began(found.pid):
            own = [topic for topic in found.topics if topic.startswith(_prefix(stack))]
            admin.delete(stack.kafka, own)
            marker.unlink(missing_ok=True)
            left += own
    return left


def _prefix(stack: Stack) -> str:
    """How the name of every topic of a replay begins; no other is ever dropped."""
    return f"{stack.profile.topics.decisions}.replay-"


def _markers(stack: Stack) -> Path:
    return stack.home / "replays"
