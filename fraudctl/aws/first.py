"""The first activation of a deployment: signed where the key is, appended from within the network.

The private key never leaves the machine of who deploys; what travels is one signed record, which counts for
nothing but an empty topic of rules.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl.errors import Failed, UsageError
from fraudctl.home import signing
from fraudctl.home.stack import Stack
from fraudctl.jobs.activations import Because, RulesTopic
from fraudctl.jobs.rules_log import PARTITION
from fraudctl.jobs.submission import ruleset_content
from fraudctl.kafka import tail
from fraudctl.kafka.sender import Sender, Sent
from pipeline.connections.kafka.description import Kafka
from pipeline.rules.ruleset import parse
from pipeline.scoring import activation, keys

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

KEY: Final = "first-activation"
"""where it lies in the bucket of code"""
_NOWHERE: Final = Path("/nonexistent")


def signed(profile: Profile) -> bytes:
    """The record that activates the rule set on an empty topic. UsageError without a key, BadKey."""
    if profile.signing.key is None:
        raise UsageError(
            f"the profile {profile.name} names no key to sign its first rule set with",
            hint="name signing.key, a file of this machine; it stays here",
        )
    signer = signing.of(Stack(_NOWHERE, profile, {}), profile.signing.key)
    topic = RulesTopic(Kafka(), profile.topics.rules, _NOWHERE, None, signer)
    assert signer is not None
    backing = topic.backing(Because("the first of this deployment"))
    rules = parse(ruleset_content(profile.rules))
    return keys.sign(activation.following([], "first", rules, backing=backing), signer.key)


def append(kafka: Kafka, topic: str, record: bytes) -> bool:
    """Put it on the topic if that is empty; whether it was. Failed where the broker does not take it."""
    if next(iter(tail.records(kafka, topic)), None) is not None:
        return False
    placed: list[Sent] = []
    sender = Sender(kafka, placed.append)
    sender.send(topic, record, partition=PARTITION)
    if sender.flush() or sender.failed or not placed or placed[0].error:
        raise Failed(
            "the broker did not take the first activation",
            hint="see what the cluster allows: fraudctl doctor --profile",
            code="not_accepted",
        )
    return True
