"""An account of AWS made of doubles: moto for what it knows, and one of ours for Managed Flink."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import pytest

from fraudctl.aws import cloudformation, deployment
from fraudctl.aws.account import Account, Refused
from fraudctl.aws.cloudformation import Template
from fraudctl.console.progress import Progress
from tests.managed_flink import ManagedFlink

REGION = "eu-central-1"
BUCKET: Final = "code"
"""where packages lie, and the newest number of a run"""
WAIT_S = 60.0
_TOLD = {
    "Run": "4",
    "Parallelism": "2",
    "Bootstrap": "b-1.risk:9098,b-2.risk:9098",
    "RedisAddress": "redis.risk",
    "CodeBucket": BUCKET,
    "CodeKey": "job-0a1b.zip",
    "Subnets": "subnet-1,subnet-2",
    "ProgramsGroup": "sg-1",
}
REPLAY_ROLE = "arn:aws:iam::123456789012:role/replay"
_MADE = f"""
Outputs:
  ReplayRole: {{Value: "{REPLAY_ROLE}"}}
  ReplayLog: {{Value: "arn:aws:logs:{REGION}:123456789012:log-group:job:log-stream:replay"}}
"""
_STACK = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters: PARAMETERS
Resources:
  Kept:
    Type: AWS::SSM::Parameter
    Properties: {Name: /NAME, Type: String, Value: !Join ["-", [VALUES]]}
"""


def account_on(address: str, flink: ManagedFlink, patch: pytest.MonkeyPatch) -> Account:
    """One of a name of its own, for commands of this process and of those it starts."""
    patch.setenv("AWS_ACCESS_KEY_ID", "double")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "double")
    patch.setenv("AWS_ENDPOINT_URL", address)
    patch.setenv("AWS_ENDPOINT_URL_KINESIS_ANALYTICS_V2", flink.url)
    return Account(f"risk-{uuid.uuid4().hex[:8]}", REGION)


def deployed(account: Account, programs: Sequence[str], is_old: bool = False) -> None:
    """What `deploy` leaves, as far as anybody asks for it: three stacks, a bucket, services of programs.

    With `is_old` a version did that knew no replays.
    """
    with suppress(Refused):  # the account of the test before has it
        placed = {"LocationConstraint": REGION}
        account.ask("s3", "create_bucket", Bucket=BUCKET, CreateBucketConfiguration=placed)
    for layer in deployment.LAYERS:
        told = _TOLD if layer == deployment.PIPELINE else {"Days": "7"}
        shapes = ", ".join(f"{name}: {{Type: String}}" for name in told)
        values = ", ".join(f"!Ref {name}" for name in told)
        stack = deployment.stack_name(account, layer)
        template = _STACK + (_MADE if layer == deployment.PIPELINE and not is_old else "")
        text = (
            template.replace("PARAMETERS", f"{{{shapes}}}").replace("NAME", stack).replace("VALUES", values)
        )
        cloudformation.apply(account, stack, Template(text, told), WAIT_S, Progress())
    account.ask("ecs", "create_cluster", clusterName=account.name)
    container = {"name": "one", "image": "image", "memory": 64}
    account.ask("ecs", "register_task_definition", family=account.name, containerDefinitions=[container])
    for program in programs:
        made = {"serviceName": program, "taskDefinition": account.name, "desiredCount": 1}
        account.ask("ecs", "create_service", cluster=account.name, **made)
