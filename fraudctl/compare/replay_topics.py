"""The topics of one replay: made for it, dropped with it, also when it was killed.

A marker below `home/replays` names the process and its topics. A process that dies without a word leaves its
marker behind; the next replay drops what the dead ones have left.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.home.jobs import read_json, write_json
from fraudctl.kafka import admin
from pipeline.records.names import dead_letters
from pipeline.rules.plugins.watch import began

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


@contextmanager
def own_topics(stack: Stack, ruleset_hash: str, keep: bool) -> Iterator[dict[str, str]]:
    """`decisions` and `refusals` of a replay. Dropped at the end, unless `keep` and it came to its end."""
    sweep(stack)
    decisions, name = stack.profile.topics.decisions, f"{ruleset_hash[:8]}-{time.time_ns() // 1_000_000}"
    replayed = f"{decisions}.replay-{name}"
    own = {"decisions": replayed, "refusals": dead_letters(replayed)}
    marker = _markers(stack) / f"{name}.json"
    write_json(marker, {"pid": os.getpid(), "began": began(os.getpid()), "topics": list(own.values())})
    dropped = list(own.values())
    try:
        wide = {"max.message.bytes": str(stack.profile.max_message_bytes)}
        partitions = admin.partitions_of(stack.kafka, decisions)
        admin.create(stack.kafka, [admin.spec(stack.profile, one, partitions, wide) for one in dropped])
        yield own
        dropped = [own["refusals"]] if keep else dropped
    finally:
        admin.delete(stack.kafka, dropped)
        marker.unlink(missing_ok=True)


def sweep(stack: Stack) -> list[str]:
    """Drop the topics of replays whose process is gone; their names."""
    left = []
    for marker in sorted(_markers(stack).glob("*.json")):
        content = read_json(marker)
        if content and content["began"] != began(content["pid"]):
            admin.delete(stack.kafka, content["topics"])
            marker.unlink(missing_ok=True)
            left += content["topics"]
    return left


def _markers(stack: Stack) -> Path:
    return stack.home / "replays"
