"""The template's job: an application of Managed Service for Apache Flink, and what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fraudctl.aws import package, rights
from fraudctl.aws.documents import Document, Resources
from fraudctl.aws.rights import Part
from pipeline import msf

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

RUNTIME: Final = "FLINK-2_2"
CHECKPOINT_MS, PAUSE_MS = 10_000, 1_000
"""After a crash what was decided since the last checkpoint is decided again; else it is a minute."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an application is told that is not the same for all: values, or words for CloudFormation."""

    bucket_arn: Any
    key: Any
    properties: Mapping[str, object]
    """of our group (see `pipeline.msf`)"""
    parallelism: Any
    subnets: Any
    group: Any
    """that of the network for programs"""
    is_kept: bool = True
    """whether it has snapshots and goes back to the version before by itself"""


def resources(profile: Profile) -> Resources:
    """The application, its role and its log."""
    return {
        "JobRole": application_role(rights.job(profile), "${CodeKey}"),
        "JobLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": {"Fn::Sub": "/fraudctl/${Name}/job"}, "RetentionInDays": 30},
        },
        "JobLogStream": log_stream(),
        "Job": {
            "Type": "AWS::KinesisAnalyticsV2::Application",
            "Properties": {
                "ApplicationName": {"Ref": "Name"},
                "RuntimeEnvironment": RUNTIME,
                "ServiceExecutionRole": {"Fn::GetAtt": ["JobRole", "Arn"]},
                "ApplicationConfiguration": configuration(_OF_THE_TEMPLATE),
            },
        },
        "JobLogging": {
            "Type": "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
            "Properties": {
                "ApplicationName": {"Ref": "Job"},
                "CloudWatchLoggingOption": {"LogStreamARN": stream_arn("JobLogStream")},
            },
        },
    }


def log_stream() -> Document:
    """Another stream among the lines of the job."""
    return {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "JobLogs"}}}


def stream_arn(stream: str) -> Document:
    """The ARN of a stream that the template makes."""
    place = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    return {"Fn::Sub": f"{place}${{JobLogs}}:log-stream:${{{stream}}}"}


_OF_THE_TEMPLATE: Final = Told(
    {"Fn::Sub": "arn:${AWS::Partition}:s3:::${CodeBucket}"},
    {"Ref": "CodeKey"},
    {"bootstrap": {"Ref": "Bootstrap"}, "run": {"Ref": "Run"}},
    {"Ref": "Parallelism"},
    {"Ref": "Subnets"},
    {"Ref": "ProgramsGroup"},
)


def configuration(told: Told) -> Document:
    """An application's, in the words that CloudFormation and the service's own interface have in common."""
    return {
        "ApplicationCodeConfiguration": {
            "CodeContentType": "ZIPFILE",
            "CodeContent": {"S3ContentLocation": {"BucketARN": told.bucket_arn, "FileKey": told.key}},
        },
        "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": told.is_kept},
        "ApplicationSystemRollbackConfiguration": {"RollbackEnabled": told.is_kept},
        "EnvironmentProperties": {
            "PropertyGroups": [
                {"PropertyGroupId": package.RUN_OPTIONS_GROUP, "PropertyMap": dict(package.RUN_OPTIONS)},
                {"PropertyGroupId": msf.GROUP, "PropertyMap": dict(told.properties)},
            ]
        },
        "FlinkApplicationConfiguration": {
            "CheckpointConfiguration": {
                "ConfigurationType": "CUSTOM",
                "CheckpointingEnabled": True,
                "CheckpointInterval": CHECKPOINT_MS,
                "MinPauseBetweenCheckpoints": PAUSE_MS,
            },
            "MonitoringConfiguration": {
                "ConfigurationType": "CUSTOM",
                "LogLevel": "INFO",
                "MetricsLevel": "TASK",
            },
            # The number of subtasks is part of no state, but more of them than the profile wants cost money.
            "ParallelismConfiguration": {
                "ConfigurationType": "CUSTOM",
                "Parallelism": told.parallelism,
                "ParallelismPerKPU": 1,
                "AutoScalingEnabled": False,
            },
        },
        "VpcConfigurations": [{"SubnetIds": told.subnets, "SecurityGroupIds": [told.group]}],
    }


def application_role(part: Part, code: str) -> Document:
    """The role of an application that does this in Kafka, whose package has that key in the code bucket."""
    allowed = [
        *rights.on_kafka(part),
        {
            "Sid": "Code",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::${{CodeBucket}}/{code}"},
        },
        {
            "Sid": "Log",
            "Effect": "Allow",
            "Action": ["logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:"
                "log-group:/fraudctl/${Name}/job:*"
            },
        },
        # The service puts the job's network interfaces into the subnets; it asks for these on all of them.
        {
            "Sid": "Network",
            "Effect": "Allow",
            "Action": [
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "Resource": "*",
        },
    ]
    return role("kinesisanalytics.amazonaws.com", allowed)


def role(service: str, statements: list[Document]) -> Document:
    """A role that a service of AWS takes on for this account alone, with these statements."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    policies = [{"PolicyName": "own-work", "PolicyDocument": rights.policy(statements)}]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": rights.policy([trust]),
            "Policies": policies if statements else [],
        },
    }
