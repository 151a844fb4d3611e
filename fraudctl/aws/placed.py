"""A profile as its stack on AWS: where each server is, in words that CloudFormation fills in.

`${...}` are parameters of the template (`pipeline.yaml`), which come from the outputs of the others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl.aws.inside import AUTHORITIES
from fraudctl.engines import chosen
from fraudctl.errors import UsageError
from fraudctl.home.stack import METRICS, Paths, Stack
from fraudctl.settings.profile import External, Notify, ServerSettings, Signing
from pipeline.connections.kafka.description import Kafka
from pipeline.settings.document import Told

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

HOME: Final = Path("/var/lib/fraudctl")
METRICS_PORT: Final = 9249
REGION: Final = "${AWS::Region}"
TABLES_REGION: Final = "eu-central-1"
"""stands for the region where a text must be one"""
BUCKET: Final = "training-bucket"
"""stands for the bucket of training data, whose name the template makes"""
KNOWN: Final = ("postgres", "redis", "dynamodb", "parquet")
"""the sinks that the templates have a store for"""


@dataclass(frozen=True, slots=True)
class Store:
    """How a sink's store is reached on AWS: address, further settings of the sink."""

    address: str
    settings: Told


def store(profile: Profile, sink: str) -> Store:
    """That of a sink among `KNOWN`, in words for `Fn::Sub`."""
    settings = dict(profile.sinks[sink])
    if sink == "postgres":
        own = {"sslmode": "verify-full", "ca_file": str(HOME / AUTHORITIES)}
        return Store("postgresql://fraudctl@${PostgresAddress}:5432/risk", settings | own)
    if sink == "redis":
        return Store("rediss://default@${RedisAddress}:6379/0", settings)
    if sink == "dynamodb":
        return Store(f"aws://{REGION}", settings | {"create": False})
    return Store("", settings | {"url": "s3://${TrainingBucket}/decisions", "region": REGION})


def stack(profile: Profile) -> Stack:
    """The stack as the programs in its tasks see it. UsageError for a sink that has no store there."""
    for sink in profile.sinks:
        if sink not in KNOWN:
            raise UsageError(
                f"the templates have no store for the sink {sink}",
                hint=f"leave it out, or run it elsewhere; there are: {', '.join(KNOWN)}",
            )
    kafka = Kafka(bootstrap="${Bootstrap}", security="aws_iam", region=REGION, replication=3, min_insync=2)
    servers: dict[str, ServerSettings] = {"kafka": ServerSettings(external=kafka)}
    for sink in profile.sinks:
        if address := store(profile, sink).address:
            secret = Paths(HOME).secret_file(sink) if sink in ("postgres", "redis") else None
            servers[sink] = ServerSettings(external=External(address, secret))
    sinks = {sink: store(profile, sink).settings for sink in profile.sinks}
    # People are told by a function there (`fraudctl.aws.alerts`), not by a program.
    there = replace(profile, servers=servers, sinks=sinks, notify=Notify(), engine=None)
    # Files of whoever deploys are not there; nobody signs or activates anything there either.
    there = replace(there, signing=Signing(stack=profile.signing.stack), rules=HOME / "rules.yaml")
    programs = ["ticker", "exporter", *(f"sink-{sink}" for sink in profile.sinks)]
    ports = {METRICS: dict.fromkeys(programs, METRICS_PORT)}
    return Stack(HOME, there, chosen.external_addresses(there, ()), ports)


def text(profile: Profile) -> str:
    """The stack for `Fn::Sub`, which knows nothing but the templates' parameters. UsageError as `stack`."""
    return json.dumps(json.loads(stack(profile).as_text()), separators=(",", ":"))
