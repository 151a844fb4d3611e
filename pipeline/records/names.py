"""The names in Kafka that several processes must spell alike: dead-letter topics and consumer groups."""

from __future__ import annotations

from typing import Final

JOB_GROUP: Final = "fraudctl-job"
"""The consumer group of the live job."""
TAIL_GROUP: Final = "fraudctl-tail"
"""What commands read topics as: they join no group, but their client asks for the broker of one."""
REPLAY_GROUPS: Final = "fraudctl-replay-"
"""How the consumer group of every replay's job begins."""


def dead_letters(topic: str, sink: str | None = None) -> str:
    """The topic for what is refused for good of that topic: by those who read it, or by one sink alone."""
    return f"{topic}.dlq" if sink is None else f"{topic}.dlq.{sink}"


def writer_group(sink: str) -> str:
    """The consumer group of a sink's writer."""
    return f"fraudctl-sink-{sink}"


def of_replays(decisions: str) -> str:
    """How the names of a replay's topics begin, beside that topic of live decisions."""
    return f"{decisions}.replay-"
