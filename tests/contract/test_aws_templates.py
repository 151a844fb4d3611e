"""The doubles of AWS' services take what the templates describe, and the code can use tables they make."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.config import Config

from fraudctl.aws import alerts, template
from fraudctl.settings import reading
from pipeline.connections import aws
from pipeline.notify.outbox import TABLE, claims_table
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.items import alerts_table
from tests.contract.conftest import Server

PROFILE = reading.load(template.PROFILE)
REGION = "eu-central-1"
ARN = "arn:aws:iam::123456789012:role/one"
"""stands for whatever CloudFormation fills in"""
VALUES = {
    "Subnets": "subnet-1,subnet-2,subnet-3",
    "ProgramsGroup": "sg-1",
    "ClusterArn": "arn:aws:kafka:eu-central-1:123456789012:cluster/fraudctl/c-1",
    "ClusterName": "fraudctl",
    "ClusterPath": "fraudctl/c-1",
    "Bootstrap": "b-1.kafka:9098",
    "CodeBucket": "code-1",
    "CodeKey": "fraudctl-job.zip",
    "FunctionKey": "fraudctl-notify.zip",
    "Run": "1",
    "Image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/fraudctl:1",
    "TellWhom": "risk@example.com",
    "PostgresAddress": "db.internal",
    "PostgresSecret": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:postgres-1",
    "RedisAddress": "cache.internal",
    "RedisSecret": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:redis-1",
    "TrainingBucket": "training-1",
    "NotifySecret": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:notify-1",
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "double")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "double")


@pytest.fixture
def service(s3_server: Server) -> Iterator[Any]:
    """A client of any service of the double."""

    def client(name: str) -> Any:
        return aws.client(name, Config(), endpoint_url=s3_server.address, region_name=REGION)

    return client


def test_every_parameter_without_a_default_is_one_that_a_deployment_knows() -> None:
    asked = {name for name, one in template.parameters(PROFILE).items() if "Default" not in one}
    assert asked == VALUES.keys()


def test_the_tables_of_the_template_are_those_that_writer_and_notifier_want(
    service: Any, s3_server: Server
) -> None:
    tables = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": alerts.tables(PROFILE)}
    stack = f"tables-{uuid.uuid4().hex[:8]}"
    service("cloudformation").create_stack(StackName=stack, TemplateBody=template.dumped(tables))
    client = dynamo.client(s3_server.address, region=REGION)
    dynamo.ensure(client, alerts_table("fraud_alerts"), create=False)
    dynamo.ensure(client, claims_table(TABLE), create=False)
    found = client.describe_table(TableName="fraud_alerts")["Table"]
    assert found["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_cloudformations_double_makes_the_network(service: Any) -> None:
    stack, file = f"network-{uuid.uuid4().hex[:8]}", template.folder() / "network.yaml"
    service("cloudformation").create_stack(StackName=stack, TemplateBody=file.read_text())
    [made] = service("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}
    assert outputs.keys() == {
        "VpcId",
        "Subnets",
        "ProgramsGroup",
        "KafkaGroup",
        "PostgresGroup",
        "RedisGroup",
    }
    assert len(outputs["Subnets"].split(",")) == 3


def test_cloudformations_double_makes_the_programs_and_the_function(service: Any, s3_server: Server) -> None:
    place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    service("s3").create_bucket(Bucket=VALUES["CodeBucket"], **place)
    for key in (VALUES["CodeKey"], VALUES["FunctionKey"]):
        service("s3").put_object(Bucket=VALUES["CodeBucket"], Key=key, Body=b"zip")
    name = f"risk-{uuid.uuid4().hex[:8]}"
    document = template.document(PROFILE)
    tables = alerts.tables(PROFILE).keys()
    for one in tables - {"Alerts"}:
        del document["Resources"][one]
    document["Resources"]["Alerts"]["Properties"]["TableName"] = name
    given = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in {**VALUES, "Name": name}.items()
    ]
    service("cloudformation").create_stack(
        StackName=name, TemplateBody=template.dumped(document), Parameters=given
    )
    tasks = service("ecs").describe_services(cluster=name, services=["ticker", "sink-postgres"])["services"]
    assert [one["serviceName"] for one in tasks] == ["ticker", "sink-postgres"]
    assert [one["desiredCount"] for one in tasks] == [1, 1]
    function = service("lambda").get_function(FunctionName=f"{name}-notify")["Configuration"]
    assert (function["Handler"], function["Runtime"]) == (alerts.HANDLER, alerts.RUNTIME)


class Described(yaml.SafeLoader):
    """Reads a template's file with something in the place of what CloudFormation fills in."""


def _filled_in(_: Described, __: str, node: yaml.Node) -> object:
    told = {"Subnets": ["subnet-1", "subnet-2", "subnet-3"], "BrokerStorageGb": 200, "KafkaVersion": "3.9.x"}
    return told.get(str(node.value), ARN) if isinstance(node, yaml.ScalarNode) else ARN


Described.add_multi_constructor("!", _filled_in)


def filled_in(node: Any) -> Any:
    """The same of a template that is at hand."""
    if not isinstance(node, dict):
        return [filled_in(one) for one in node] if isinstance(node, list) else node
    if len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref")):
        return ARN
    return {name: filled_in(one) for name, one in node.items()}


def test_kafka_takes_the_cluster_as_the_template_describes_it(service: Any) -> None:
    document = yaml.load((template.folder() / "data.yaml").read_text(), Described)
    asked = document["Resources"]["Kafka"]["Properties"]
    volumes = asked["BrokerNodeGroupInfo"]["StorageInfo"]
    # The one name that is written otherwise there.
    volumes["EbsStorageInfo"] = volumes.pop("EBSStorageInfo")
    asked["ClusterName"] = f"risk-{uuid.uuid4().hex[:8]}"
    made = service("kafka").create_cluster(**asked)
    found = service("kafka").describe_cluster(ClusterArn=made["ClusterArn"])["ClusterInfo"]
    assert found["ClientAuthentication"] == {
        "Sasl": {"Iam": {"Enabled": True}},
        "Unauthenticated": {"Enabled": False},
    }
    assert found["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    assert found["NumberOfBrokerNodes"] == 3


def test_pipes_takes_the_pipe_as_the_template_describes_it(service: Any) -> None:
    [pipe] = [
        one["Properties"]
        for one in template.document(PROFILE)["Resources"].values()
        if one["Type"] == "AWS::Pipes::Pipe"
    ]
    asked = filled_in(pipe) | {"Name": f"risk-{uuid.uuid4().hex[:8]}"}
    service("pipes").create_pipe(**asked)
    found = service("pipes").describe_pipe(Name=asked["Name"])
    assert {name: found[name] for name in asked} == asked
