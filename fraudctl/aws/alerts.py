"""The template's alerts: tables and their stream, and the pipe from it to the function that tells people.

The function is `pipeline.notifier.lambda_handler`, packed by `fraudctl.aws.package.function`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from fraudctl.aws import placed, programs
from fraudctl.aws.documents import Document, Resources
from fraudctl.aws.job import role
from fraudctl.errors import UsageError
from pipeline.notifier import CONFIG_VARIABLE
from pipeline.notify.outbox import TABLE, claims_table
from pipeline.sinks import settings_of
from pipeline.sinks.dynamodb.client import Table
from pipeline.sinks.dynamodb.items import alerts_table
from pipeline.sinks.dynamodb.store import runs_name

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

HANDLER: Final = "pipeline.notifier.lambda_handler"
RUNTIME: Final = "python3.12"
TIMEOUT_S: Final = 60
_SUFFIX: Final = "_variable"


def tables(profile: Profile) -> Resources:
    """The tables of the sink dynamodb, as its code would make them; nothing without that sink."""
    if "dynamodb" not in profile.sinks:
        return {}
    name = settings_of("dynamodb", profile.sinks["dynamodb"]).table
    found = {"Alerts": alerts_table(name), "Runs": Table(runs_name(name), (("partition", "N"),), ttl=None)}
    if notifies(profile):
        found["Claims"] = claims_table(TABLE)
    return {logical: _table(table) for logical, table in found.items()}


def notifies(profile: Profile) -> bool:
    """Whether anybody is told of alerts."""
    return bool(profile.notify.channels) and "dynamodb" in profile.sinks


def resources(profile: Profile) -> Resources:
    """The function, the pipe and their roles. UsageError for a secret that lies in a file of this machine."""
    if not notifies(profile):
        return {}
    log = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/fraudctl/${Name}/notify:*"
    logging = {
        "Sid": "Log",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"Fn::Sub": log},
    }
    stored = [one for one in programs.stored(profile, "dynamodb", notifies=True) if one["Sid"] != "Runs"]
    return {
        "NotifyRole": role("lambda.amazonaws.com", [*stored, logging]),
        "NotifyLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": {"Fn::Sub": "/fraudctl/${Name}/notify"}, "RetentionInDays": 30},
        },
        "Notify": _function(profile),
        "PipeRole": role("pipes.amazonaws.com", _of_the_pipe()),
        "Undelivered": {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": True},
        },
        "Pipe": _pipe(),
    }


def _table(table: Table) -> Document:
    attributes = dict(table.key) | ({table.index: "S"} if table.index else {})
    kinds = ("HASH", "RANGE")
    properties: Document = {
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()
        ],
        "KeySchema": [
            {"AttributeName": name, "KeyType": kind}
            for (name, _), kind in zip(table.key, kinds, strict=False)
        ],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "DeletionProtectionEnabled": True,
    }
    if table.ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": table.ttl, "Enabled": True}
    if table.streams:
        properties["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    if table.index:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": table.index,
                "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [{"AttributeName": table.index, "KeyType": "HASH"}],
            }
        ]
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _function(profile: Profile) -> Document:
    config = {
        "address": f"aws://{placed.REGION}",
        "channels": {name: dict(told) for name, told in profile.notify.channels.items()},
        "digest_window_ms": profile.notify.digest_window_ms,
        "digest_over": profile.notify.digest_over,
        "alerts_table": settings_of("dynamodb", profile.sinks["dynamodb"]).table,
        "create": False,
    }
    variables = {
        name: {"Fn::Sub": f"{{{{resolve:secretsmanager:${{NotifySecret}}:SecretString:{name}}}}}"}
        for name in secret_variables(profile)
    }
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": {"Fn::Sub": "${Name}-notify"},
            "Runtime": RUNTIME,
            "Architectures": ["x86_64"],
            "Handler": HANDLER,
            "Timeout": TIMEOUT_S,
            "MemorySize": 512,
            "Role": {"Fn::GetAtt": ["NotifyRole", "Arn"]},
            "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "FunctionKey"}},
            "LoggingConfig": {"LogGroup": {"Ref": "NotifyLogs"}},
            "Environment": {"Variables": {CONFIG_VARIABLE: {"Fn::Sub": json.dumps(config)}, **variables}},
        },
    }


def secret_variables(profile: Profile) -> list[str]:
    """The variables in which the channels' secrets are, members of the secret `NotifySecret` there."""
    found = []
    for channel, told in profile.notify.channels.items():
        for name, value in told.items():
            if name.endswith("_file"):
                raise UsageError(
                    f"notify.channels.{channel}.{name} names a file of this machine",
                    hint=f"name a variable instead ({name.removesuffix('_file')}{_SUFFIX}): see docs/aws.md",
                )
            if name.endswith(_SUFFIX):
                found.append(str(value))
    return found


def _pipe() -> Document:
    return {
        "Type": "AWS::Pipes::Pipe",
        "Properties": {
            "Name": {"Fn::Sub": "${Name}-alerts"},
            "RoleArn": {"Fn::GetAtt": ["PipeRole", "Arn"]},
            "Source": {"Fn::GetAtt": ["Alerts", "StreamArn"]},
            "SourceParameters": {
                "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT", "MODIFY"]}'}]},
                "DynamoDBStreamParameters": {
                    "StartingPosition": "TRIM_HORIZON",
                    "BatchSize": 25,
                    "MaximumBatchingWindowInSeconds": 1,
                    "MaximumRetryAttempts": 200,
                    "MaximumRecordAgeInSeconds": 3_600,
                    "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}},
                },
            },
            "Target": {"Fn::GetAtt": ["Notify", "Arn"]},
            "TargetParameters": {"LambdaFunctionParameters": {"InvocationType": "REQUEST_RESPONSE"}},
        },
    }


def _of_the_pipe() -> list[Document]:
    stream = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]
    return [
        {
            "Sid": "Stream",
            "Effect": "Allow",
            "Action": [f"dynamodb:{one}" for one in stream],
            "Resource": {"Fn::GetAtt": ["Alerts", "StreamArn"]},
        },
        {
            "Sid": "Function",
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction"],
            "Resource": {"Fn::GetAtt": ["Notify", "Arn"]},
        },
        {
            "Sid": "Undelivered",
            "Effect": "Allow",
            "Action": ["sqs:SendMessage"],
            "Resource": {"Fn::GetAtt": ["Undelivered", "Arn"]},
        },
    ]
