"""The template of a profile's pipeline on AWS, made whole from what job, programs and tables say themselves.

`network.yaml` and `data.yaml` beside it in `deploy/aws` are written by hand: they are the same for all.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from fraudctl.aws import alerts, job, programs, replays, watch
from fraudctl.aws.documents import Document, Resources
from fraudctl.settings import reading, shipped

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

PROFILE: Final = "aws"
"""the shipped profile of which `deploy/aws/pipeline.yaml` is made"""
FILE: Final = "pipeline.yaml"
HEAD: Final = "# Made by `make aws` from profiles/aws.yaml; of a profile of yours by: fraudctl aws template\n"

PARAMETERS: Final[Resources] = {
    "Name": {"Type": "String", "Default": "fraudctl", "AllowedPattern": "[a-z][a-z0-9-]{1,20}"},
    "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"},
    "ProgramsGroup": {"Type": "AWS::EC2::SecurityGroup::Id"},
    "ClusterArn": {"Type": "String", "AllowedPattern": "arn:[a-z-]+:kafka:.+:cluster/.+/.+"},
    "ClusterName": {"Type": "String"},
    "ClusterPath": {"Type": "String", "Description": "of the cluster's ARN what follows cluster/"},
    "Bootstrap": {"Type": "String", "Description": "the brokers for IAM, as GetBootstrapBrokers gives them"},
    "CodeBucket": {"Type": "String"},
    "CodeKey": {"Type": "String", "Description": "the job's package in that bucket"},
    "Run": {"Type": "Number", "MinValue": 1, "Description": "one more for each start without a snapshot"},
    "Parallelism": {"Type": "Number", "MinValue": 1, "MaxValue": 64, "Default": 1},
    "Image": {"Type": "String", "Description": "the image of the programs, with its digest"},
    "Repository": {"Type": "String", "Default": "fraudctl", "Description": "of ECR, where the image lies"},
    "TellWhom": {"Type": "String", "Description": "the e-mail address that alarms go to"},
    "BudgetUsd": {"Type": "Number", "Default": 2000, "MinValue": 1},
}
OF_SINKS: Final = {
    "postgres": ("PostgresAddress", "PostgresSecret"),
    "redis": ("RedisAddress", "RedisSecret"),
    "parquet": ("TrainingBucket",),
}
OF_NOTIFYING: Final = ("FunctionKey", "NotifySecret")


def document(profile: Profile) -> Document:
    """The template. UsageError for a profile that has what there is nothing for on AWS."""
    resources = {
        **job.resources(profile),
        **replays.resources(profile),
        **programs.resources(profile),
        **alerts.tables(profile),
        **alerts.resources(profile),
        **watch.resources(profile),
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "fraudctl: job, programs, tables and alarms",
        "Parameters": parameters(profile),
        "Resources": resources,
        "Outputs": {
            "Application": {"Value": {"Ref": "Job"}},
            "Cluster": {"Value": {"Ref": "Cluster"}},
            "SetupTask": {"Value": {"Ref": "SetupTask"}},
            **replays.OUTPUTS,
        },
    }


def parameters(profile: Profile) -> Resources:
    """What the template of this profile is told."""
    more = [name for sink, names in OF_SINKS.items() if sink in profile.sinks for name in names]
    more += OF_NOTIFYING if alerts.notifies(profile) else ()
    return PARAMETERS | {name: {"Type": "String"} for name in more}


def text(profile: Profile) -> str:
    """The template as YAML, without its head."""
    return dumped(document(profile))


def dumped(content: Document) -> str:
    """A template as YAML."""
    return yaml.safe_dump(content, sort_keys=False, width=110)


def folder() -> Path:
    """The shipped templates."""
    return shipped.data_dir("deploy/aws")


if __name__ == "__main__":
    (folder() / FILE).write_text(HEAD + text(reading.load(PROFILE)), encoding="utf-8")
