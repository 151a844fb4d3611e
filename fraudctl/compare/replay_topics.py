"""The topics of one replay: made for it, dropped with it, also when it was killed.

A mark in the home names the process and its topics (`fraudctl.home.replay_marks`). A process that dies
without a word leaves its mark behind; the next replay of that home drops what the dead ones have left. Where
the home is gone too, as that of a pod is, topics tell it themselves: one that has come to its end leaves its
decisions at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fraudctl.engines import own_cluster
from fraudctl.home import replay_marks
from fraudctl.kafka import admin, wanted
from pipeline.records import clock
from pipeline.records.names import dead_letters, of_replays

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


@contextmanager
def own_topics(stack: Stack, ruleset_hash: str, keep: bool) -> Iterator[dict[str, str]]:
    """`decisions` and `refusals` of a replay. Dropped at the end, unless `keep` and it came to its end."""
    sweep(stack)
    decisions, name = stack.profile.topics.decisions, f"{ruleset_hash[:8]}-{clock.now_ms()}"
    replayed = f"{_prefix(stack)}{name}"
    own = {"decisions": replayed, "refusals": dead_letters(replayed)}
    mark = replay_marks.leave(stack.home, name, list(own.values()))
    dropped = list(own.values())
    try:
        wide = {"max.message.bytes": str(stack.profile.max_message_bytes)}
        partitions = admin.partitions_of(stack.kafka, decisions)
        admin.create(stack.kafka, [wanted.spec(stack.profile, one, partitions, wide) for one in dropped])
        yield own
        dropped = [own["refusals"]] if keep else dropped
    finally:
        drop(stack, dropped)
        mark.unlink(missing_ok=True)


def job_name(decisions: str) -> str:
    """What the job that writes to that topic is called."""
    return decisions.rpartition(".")[2]


def sweep(stack: Stack) -> list[str]:
    """Drop the topics of replays of this home whose process is gone; their names."""
    left = []
    for path, mark in replay_marks.of(stack.home).items():
        if mark.is_dead:
            own = [topic for topic in mark.topics if topic.startswith(_prefix(stack))]
            drop(stack, own)
            path.unlink(missing_ok=True)
            left += own
    return left


def unfinished(stack: Stack) -> list[str]:
    """Topics of replays that were not dropped and not kept, by the processes of this home none at work.

    Whoever runs one on another home, or another machine, has such topics as well.
    """
    there = {topic for topic in admin.names(stack.kafka) if topic.startswith(_prefix(stack))}
    marks = replay_marks.of(stack.home).values()
    at_work = {topic for mark in marks if not mark.is_dead for topic in mark.topics}
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


def _prefix(stack: Stack) -> str:
    """How the name of every topic of a replay begins; no other is ever dropped."""
    return of_replays(stack.profile.topics.decisions)
