"""What Kafka must let the processes and commands of a profile do: its topics, its groups, and no others.

Worked out from what each process does with each topic. Benchmarks have topics of their own and are not among
it. A user who may do this may neither see nor touch anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fraudctl.kafka import wanted
from pipeline.connections.kafka.description import Kafka
from pipeline.records.names import JOB_GROUP, REPLAY_GROUPS, TAIL_GROUP, of_replays, writer_group

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

_ALL: Final = ("Create", "Describe", "DescribeConfigs", "Read", "Write")
"""Each of our topics is made if it is missing, looked at, written by one part and read by another."""
_ALTERED: Final = (*_ALL, "AlterConfigs")
"""Topics that are there get the profile's settings where it says `alter_topics`."""
_OF_A_REPLAY: Final = (*_ALL, "Delete")


@dataclass(frozen=True, slots=True)
class Acl:
    """Operations on one resource, or on all whose name begins so."""

    kind: str
    name: str
    operations: tuple[str, ...]
    is_prefix: bool = False

    def line(self, bootstrap: str, who: str) -> str:
        """For Kafka's own tool."""
        operations = " ".join(f"--operation {one}" for one in self.operations)
        pattern = " --resource-pattern-type prefixed" if self.is_prefix else ""
        return (
            f"kafka-acls.sh --bootstrap-server {bootstrap} --add --allow-principal User:{who}"
            f" {operations} --{self.kind} {self.name}{pattern}"
        )

    def document(self, who: str) -> dict[str, object]:
        """As a JSON-able mapping."""
        pattern = "prefixed" if self.is_prefix else "literal"
        named = {"resource": self.kind, "name": self.name, "pattern": pattern}
        return {"principal": f"User:{who}", **named, "operations": list(self.operations)}


def needed(profile: Profile) -> tuple[Acl, ...]:
    """Every ACL, topics first."""
    return (*_topics(profile), *_groups(profile))


def _topics(profile: Profile) -> Iterator[Acl]:
    external = profile.server("kafka").external
    are_altered = isinstance(external, Kafka) and external.alter_topics
    for spec in wanted.specs(profile):
        yield Acl("topic", spec.name, _ALTERED if are_altered else _ALL)
    yield Acl("topic", of_replays(profile.topics.decisions), _OF_A_REPLAY, is_prefix=True)


def _groups(profile: Profile) -> Iterator[Acl]:
    """A reset of the offsets of a group is a read of it."""
    for group in (JOB_GROUP, *map(writer_group, profile.sinks)):
        yield Acl("group", group, ("Describe", "Read"))
    yield Acl("group", REPLAY_GROUPS, ("Describe", "Read"), is_prefix=True)
    yield Acl("group", TAIL_GROUP, ("Describe",))
