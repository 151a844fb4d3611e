"""The topics of one replay: made for it, dropped with it, also when it was killed.

A marker below `home/replays` names the process and its topics. A process that dies without a word leaves its
marker behind; the next replay of that home drops what the dead ones have left. Where the home is gone too, as
that of a pod is, topics tell it themselves: one that has come to its end leaves its decisions at most.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from fraudctl.engines import own_cluster
from fraudctl.home import typed_files
from fraudctl.home.jobs import write_json
from fraudctl.kafka import admin, wanted
from pipeline.records import clock
from pipeline.records.names import dead_letters, of_replays
from pipeline.rules.plugins.watch import began

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


@dataclass(frozen=True, slots=True)
class _Marker:
    """The topics of a process; when that began tells it from a later one with the same pid."""

    pid: int
    began: str | None
    topics: tuple[str, ...]

    @property
    def is_dead(self) -> bool:
        return self.began != began(self.pid)


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
        drop(stack, dropped)
        marker.unlink(missing_ok=True)


def job_name(decisions: str) -> str:
    """What the job that writes to that topic is called."""
    return decisions.rpartition(".")[2]


def sweep(stack: Stack) -> list[str]:
    """Drop the topics of replays of this home whose process is gone; their names."""
    left = []
    for marker, found in _found(stack):
        if found.is_dead:
            own = [topic for topic in found.topics if topic.startswith(_prefix(stack))]
            drop(stack, own)
            marker.unlink(missing_ok=True)
            left += own
    return left


def unfinished(stack: Stack) -> list[str]:
    """Topics of replays that were not dropped and not kept, by the processes of this home none at work.

    Whoever runs one on another home, or another machine, has such topics as well.
    """
    there = {topic for topic in admin.names(stack.kafka) if topic.startswith(_prefix(stack))}
    at_work = {topic for _, found in _found(stack) if not found.is_dead for topic in found.topics}
    begun = {topic for topic in there if topic == _of_refusals(topic) or dead_letters(topic) in there}
    return sorted(begun - at_work)


def drop(stack: Stack, topics: Iterable[str]) -> None:
    """Delete these, each with the cluster of the job that writes to it, if that has one of its own."""
    names = list(topics)
    for name in dict.fromkeys(job_name(_of_decisions(topic)) for topic in names):
        own_cluster.drop(stack, name)
    admin.delete(stack.kafka, names)


def _of_decisions(topic: str) -> str:
    return topic.removesuffix(dead_letters(""))


def _of_refusals(topic: str) -> str:
    return dead_letters(_of_decisions(topic))


def _found(stack: Stack) -> Iterator[tuple[Path, _Marker]]:
    for marker in sorted(_markers(stack).glob("*.json")):
        if found := typed_files.read(marker, _MARKER, "remove it; topics of that replay may remain"):
            yield marker, found


def _prefix(stack: Stack) -> str:
    """How the name of every topic of a replay begins; no other is ever dropped."""
    return of_replays(stack.profile.topics.decisions)


def _markers(stack: Stack) -> Path:
    return stack.home / "replays"
