"""What each part on AWS may do, as statements of IAM: no part more than its own work asks for.

Kafka's rights are the ACLs that `fraudctl grants` prints, cut down to what one part does with each topic;
those of stores are the stores' own statements. Texts with `${...}` are for `Fn::Sub`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fraudctl.aws.documents import Document
from fraudctl.kafka import rights as kafka
from fraudctl.kafka import wanted
from pipeline.records.names import (
    JOB_GROUP,
    REPLAY_GROUPS,
    TAIL_GROUP,
    dead_letters,
    of_replays,
    writer_group,
)
from pipeline.settings.document import Told
from pipeline.sinks import rights as stores

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

Statement = Document

TOPIC_ACTIONS: Final[Mapping[str, str]] = {
    "Create": "CreateTopic",
    "Delete": "DeleteTopic",
    "Describe": "DescribeTopic",
    "DescribeConfigs": "DescribeTopicDynamicConfiguration",
    "Read": "ReadData",
    "Write": "WriteData",
}
"""Kafka's operations on a topic, as MSK calls them ("Semantics of IAM authorization policy actions")."""
GROUP_ACTIONS: Final[Mapping[str, str]] = {"Describe": "DescribeGroup", "Read": "AlterGroup"}
_READ: Final = ("Describe", "Read")
_WRITE: Final = ("Describe", "Write")


@dataclass(frozen=True, slots=True)
class Part:
    """What one part does with topics (by name, operations) and which groups it reads as or looks at."""

    topics: Mapping[str, tuple[str, ...]]
    reads_as: tuple[str, ...] = ()
    looks_at: tuple[str, ...] = ()


def job(profile: Profile) -> Part:
    """The job: transactions and rules to decisions, refusals and the shadow's decisions."""
    names = profile.topics
    topics = dict.fromkeys((names.transactions, names.rules), _READ)
    topics |= dict.fromkeys((names.decisions, names.refusals, names.shadow), _WRITE)
    return Part(topics, reads_as=(JOB_GROUP,))


def ticker(profile: Profile) -> Part:
    """Puts silence into the transactions topic, which it reads to know of it."""
    return Part({profile.topics.transactions: ("Describe", "Read", "Write")})


def writer(profile: Profile, sink: str) -> Part:
    """A sink's writer: decisions, who is forgotten, and a topic for what its store refuses."""
    names = profile.topics
    read = {names.decisions: _READ, names.forgotten: _READ}
    topics = read | {dead_letters(names.decisions, sink): _WRITE}
    return Part(topics, reads_as=(writer_group(sink),))


def exporter(profile: Profile) -> Part:
    """Looks at every topic and group, and counts what is in the logs."""
    topics = {spec.name: ("Describe", "DescribeConfigs", "Read") for spec in wanted.specs(profile)}
    return Part(topics, looks_at=(JOB_GROUP, *map(writer_group, profile.sinks)))


def setup(profile: Profile) -> Part:
    """Makes the topics, and activates the first rule set."""
    topics = {spec.name: ("Create", "Describe", "DescribeConfigs") for spec in wanted.specs(profile)}
    rules = profile.topics.rules
    return Part(topics | {rules: (*topics[rules], "Read", "Write")})


def replay(profile: Profile) -> Part:
    """The command `replay`: plans, makes topics of its own beside the live ones, compares, drops its own."""
    names = profile.topics
    topics = dict.fromkeys((names.transactions, names.decisions, names.rules, names.forgotten), _READ)
    own = ("Create", "Delete", "Describe", "DescribeConfigs", "Read")
    return Part(topics | {f"{of_replays(names.decisions)}*": own}, looks_at=(TAIL_GROUP,))


def replay_job(profile: Profile) -> Part:
    """The job of a replay: past transactions to topics of its own, and to no other."""
    names = profile.topics
    topics = {names.transactions: _READ, f"{of_replays(names.decisions)}*": _WRITE}
    return Part(topics, reads_as=(f"{REPLAY_GROUPS}*",))


def publishing(profile: Profile) -> Part:
    """What `replay --publish` does beside: its decisions become those that stand."""
    return Part({profile.topics.decisions: _WRITE})


def parts(profile: Profile) -> dict[str, Part]:
    """Every part that speaks to Kafka, by its name. A name that ends in `*` is of all that begin so."""
    writers = {f"sink-{sink}": writer(profile, sink) for sink in profile.sinks}
    others = {"ticker": ticker(profile), "exporter": exporter(profile), "setup": setup(profile)}
    replays = {
        "replay": replay(profile),
        "replay-job": replay_job(profile),
        "replay-publish": publishing(profile),
    }
    return {"job": job(profile), **others, **writers, **replays}


def beyond_grants(profile: Profile) -> list[str]:
    """What parts would do that `fraudctl grants` does not print; nothing, unless one of the two is wrong."""
    granted = {
        (acl.kind, f"{acl.name}*" if acl.is_prefix else acl.name): set(acl.operations)
        for acl in kafka.needed(profile)
    }
    found = []
    for part, does in parts(profile).items():
        asked = [("topic", name, operations) for name, operations in does.topics.items()]
        asked += [("group", name, ("Describe", "Read")) for name in does.reads_as]
        asked += [("group", name, ("Describe",)) for name in does.looks_at]
        for kind, name, operations in asked:
            if more := set(operations) - granted.get((kind, name), set()):
                found.append(f"{part}: {', '.join(sorted(more))} on {kind} {name}")
    return found


def on_kafka(part: Part) -> list[Statement]:
    """On the cluster whose ARN is `${ClusterArn}`; `${ClusterPath}` is its name and its own id."""
    writes = any("Write" in operations for operations in part.topics.values())
    cluster = ["Connect", "DescribeCluster", *(["WriteDataIdempotently"] if writes else [])]
    found = [_allowed("Cluster", cluster, [{"Fn::Sub": "${ClusterArn}"}])]
    by_operations: dict[tuple[str, ...], list[str]] = {}
    for name, operations in part.topics.items():
        by_operations.setdefault(operations, []).append(name)
    for operations, names in by_operations.items():
        actions = [TOPIC_ACTIONS[one] for one in operations]
        found.append(_allowed("Topics" + "".join(operations), actions, _kafka_arns("topic", names)))
    if part.reads_as:
        found.append(_allowed("ReadAs", list(GROUP_ACTIONS.values()), _kafka_arns("group", part.reads_as)))
    if part.looks_at:
        found.append(_allowed("LookAt", ["DescribeGroup"], _kafka_arns("group", part.looks_at)))
    return found


def on_store(sink: str, address: str, settings: Told, notifies: bool = False) -> list[Statement]:
    """On a store of AWS itself, as the sink says it; nothing for a store that has logins of its own."""
    document = stores.needed(sink, address, settings, "fraudctl", notifies).document
    if not (isinstance(document, Mapping) and "Statement" in document):
        return []
    return [_substituted(one) for one in json.loads(json.dumps(document["Statement"]))]


def policy(statements: Sequence[Statement]) -> Statement:
    """A document of IAM with these."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _kafka_arns(kind: str, names: Iterable[str]) -> list[Statement]:
    place = "arn:${AWS::Partition}:kafka:${AWS::Region}:${AWS::AccountId}"
    return [{"Fn::Sub": f"{place}:{kind}/${{ClusterPath}}/{name}"} for name in sorted(names)]


def _allowed(name: str, actions: Sequence[str], resources: Sequence[Statement]) -> Statement:
    named = [f"kafka-cluster:{action}" for action in actions]
    return {"Sid": name, "Effect": "Allow", "Action": named, "Resource": list(resources)}


def _substituted(statement: Statement) -> Statement:
    """With resources of this account and partition, whatever the store's statement leaves open."""
    places = [
        text.replace("arn:aws:", "arn:${AWS::Partition}:").replace(":*:", ":${AWS::AccountId}:")
        for text in statement["Resource"]
    ]
    return {**statement, "Resource": [{"Fn::Sub": text} for text in places]}
