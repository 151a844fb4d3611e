"""The template's job: an application of Managed Service for Apache Flink, and what it may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fraudctl.aws import package, rights
from pipeline import msf

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

RUNTIME: Final = "FLINK-2_2"
CHECKPOINT_MS, PAUSE_MS = 10_000, 1_000
"""After a crash what was decided since the last checkpoint is decided again; else it is a minute."""


def resources(profile: Profile) -> dict[str, Any]:
    """The application, its role and its log."""
    return {
        "JobRole": _role(profile),
        "JobLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": {"Fn::Sub": "/fraudctl/${Name}/job"}, "RetentionInDays": 30},
        },
        "JobLogStream": {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "JobLogs"}}},
        "Job": {
            "Type": "AWS::KinesisAnalyticsV2::Application",
            "Properties": {
                "ApplicationName": {"Ref": "Name"},
                "RuntimeEnvironment": RUNTIME,
                "ServiceExecutionRole": {"Fn::GetAtt": ["JobRole", "Arn"]},
                "ApplicationConfiguration": _configuration(),
            },
        },
        "JobLogging": {
            "Type": "AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption",
            "Properties": {
                "ApplicationName": {"Ref": "Job"},
                "CloudWatchLoggingOption": {
                    "LogStreamARN": {
                        "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
                        "${JobLogs}:log-stream:${JobLogStream}"
                    }
                },
            },
        },
    }


def _configuration() -> dict[str, Any]:
    return {
        "ApplicationCodeConfiguration": {
            "CodeContentType": "ZIPFILE",
            "CodeContent": {
                "S3ContentLocation": {
                    "BucketARN": {"Fn::Sub": "arn:${AWS::Partition}:s3:::${CodeBucket}"},
                    "FileKey": {"Ref": "CodeKey"},
                }
            },
        },
        "ApplicationSnapshotConfiguration": {"SnapshotsEnabled": True},
        "ApplicationSystemRollbackConfiguration": {"RollbackEnabled": True},
        "EnvironmentProperties": {
            "PropertyGroups": [
                {"PropertyGroupId": package.RUN_OPTIONS_GROUP, "PropertyMap": dict(package.RUN_OPTIONS)},
                {
                    "PropertyGroupId": msf.GROUP,
                    "PropertyMap": {"bootstrap": {"Ref": "Bootstrap"}, "run": {"Ref": "Run"}},
                },
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
                "Parallelism": {"Ref": "Parallelism"},
                "ParallelismPerKPU": 1,
                "AutoScalingEnabled": False,
            },
        },
        "VpcConfigurations": [
            {"SubnetIds": {"Ref": "Subnets"}, "SecurityGroupIds": [{"Ref": "ProgramsGroup"}]}
        ],
    }


def _role(profile: Profile) -> dict[str, Any]:
    allowed = [
        *rights.on_kafka(rights.job(profile)),
        {
            "Sid": "Code",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::${CodeBucket}/${CodeKey}"},
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


def role(service: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
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
