"""What the broker lets us do, asked without doing it: nothing is made, written or committed.

Of a topic or group that is there the broker says itself which operations it allows; the making of one that is
not there is tried with the request only checked. What else a topic that is not there would allow, and what
topics of a prefix would, no broker tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, NewTopic

from fraudctl.kafka.admin import ANSWER_S, TopicSpec, as_new
from fraudctl.kafka.broker import client, translated
from fraudctl.kafka.commits import SETTLING
from fraudctl.kafka.rights import Acl
from fraudctl.waiting import until
from pipeline.connections.kafka.description import Kafka

_REFUSED: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
_ABSENT: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.GROUP_ID_NOT_FOUND})
_TRIED: Final = "doctor"
"""what the name of a topic ends with that is asked about for its prefix"""


@dataclass(slots=True)
class Allowed:
    """What was answered: the operations that are not allowed, by resource, and the topics we may look at."""

    lacking: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    unmakeable: list[str] = field(default_factory=list)
    """topics that are allowed to be made and could not be all the same, with the broker's reason"""

    def lacks(self, acl: Acl, operations: Iterable[str]) -> None:
        """Note those of the ACL's operations that are not allowed."""
        if missing := [one for one in acl.operations if one in operations]:
            self.lacking.append(
                f"{', '.join(missing)} on {acl.kind} {acl.name}{'*' if acl.is_prefix else ''}"
            )


def ask(kafka: Kafka, acls: Sequence[Acl], topics: Sequence[TopicSpec]) -> Allowed:
    """Everything that can be asked about these ACLs; `topics` are those among them as they should be made.

    Raises Unhealthy where the broker cannot be reached, Failed where it refuses something else.
    """
    found = Allowed()
    with translated(kafka):
        _topics(kafka, [one for one in acls if one.kind == "topic" and not one.is_prefix], found)
        _making(kafka, acls, topics, found)
        _groups(kafka, [one for one in acls if one.kind == "group"], found)
    return found


def _topics(kafka: Kafka, acls: Sequence[Acl], found: Allowed) -> None:
    asked = TopicCollection([one.name for one in acls])
    answers = client(kafka).describe_topics(asked, include_authorized_operations=True)
    for acl, answer, code in _answered(acls, answers):
        if code in _ABSENT:
            found.absent.append(acl.name)
        elif code is not None:
            found.lacks(acl, acl.operations)
        else:
            lacking = _not_among(acl, answer.authorized_operations) - {"Create"}
            found.lacks(acl, lacking)
            if "DescribeConfigs" not in lacking:
                found.there.append(acl.name)


def _making(kafka: Kafka, acls: Sequence[Acl], topics: Sequence[TopicSpec], found: Allowed) -> None:
    """Of each topic that is not there, and of one for each prefix."""
    by_name = {one.name: as_new(kafka, one) for one in topics}
    asked = {one.name: (one, by_name[one.name]) for one in acls if one.name in found.absent}
    prefixes = (one for one in acls if one.is_prefix)
    asked |= {f"{one.name}{_TRIED}": (one, NewTopic(f"{one.name}{_TRIED}", 1)) for one in prefixes}
    wanted = [topic for _, topic in asked.values()]
    for name, future in client(kafka).create_topics(wanted, validate_only=True).items() if wanted else ():
        try:
            future.result(timeout=ANSWER_S)
        except KafkaException as error:
            if error.args[0].code() in _REFUSED:
                found.lacks(asked[name][0], ("Create",))
            elif error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                found.unmakeable.append(f"{name}: {error.args[0].str()}")


def _groups(kafka: Kafka, acls: Sequence[Acl], found: Allowed) -> None:
    """A broker that no group has asked before makes its own topic of groups first, and says so meanwhile."""
    failures: list[KafkaException] = []

    def answered() -> list[tuple[Acl, Any, int | None]] | None:
        names = [one.name for one in acls]
        answers = client(kafka).describe_consumer_groups(names, include_authorized_operations=True)
        try:
            return list(_answered(acls, answers))
        except KafkaException as error:
            if error.args[0].code() not in SETTLING:
                raise
            failures.append(error)
            return None

    for acl, answer, code in until(answered, ANSWER_S, lambda: failures[-1], every_s=0.1):
        if code is None:
            found.lacks(acl, _not_among(acl, answer.authorized_operations))
        elif code in _REFUSED:
            found.lacks(acl, acl.operations)


def _answered(acls: Iterable[Acl], answers: Mapping[str, Any]) -> Iterator[tuple[Acl, Any, int | None]]:
    """Each with its description, or the code of why there is none. Raises KafkaException for other errors."""
    for acl in acls:
        try:
            yield acl, answers[acl.name].result(timeout=ANSWER_S), None
        except KafkaException as error:
            if error.args[0].code() not in _REFUSED | _ABSENT:
                raise
            yield acl, None, error.args[0].code()


def _not_among(acl: Acl, allowed: Iterable[AclOperation] | None) -> set[str]:
    """None: a broker that is too old to say."""
    names = None if allowed is None else {_name(one) for one in allowed}
    return set() if names is None else set(acl.operations) - names


def _name(operation: AclOperation) -> str:
    """As Kafka's tool for ACLs has it."""
    return str(operation.name).title().replace("_", "")
