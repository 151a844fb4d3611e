"""What a schema registry must let us do: read the schemas of transactions, and keep the one of decisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from fraudctl.kafka import frames
from pipeline.sinks.rights import Rights

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

_ROLES: Final = {"read": "DeveloperRead", "write": "DeveloperWrite"}
_LINE: Final = (
    "confluent iam rbac role-binding create --principal User:{user} --role {role} "
    "--resource Subject:{subject} --schema-registry-cluster REGISTRY --kafka-cluster KAFKA"
)


class Needed(NamedTuple):
    """What is needed of one subject: to `read` its schemas, or to `write` one, which includes reading."""

    subject: str
    right: str


def needed(profile: Profile) -> Iterator[Needed]:
    """Of each subject. Schemas are read by number; a registry asks which subject they are of."""
    told, topics = profile.schema_registry, profile.topics
    if told is None:
        return
    yield Needed(frames.subject(topics.transactions), "read")
    if told.decisions != "json":
        yield Needed(frames.subject(topics.decisions), "write")


def of(profile: Profile, who: str) -> Rights:
    """For the user that the profile names, else for `who`."""
    told = profile.schema_registry
    user = (told and told.username) or who
    found = [*needed(profile)]
    lines = [_LINE.format(user=user, role=_ROLES[one.right], subject=one.subject) for one in found]
    return Rights("\n".join(lines), [{"user": user, **one._asdict()} for one in found])
