"""The template's programs: a service of ECS on Fargate for each, one task for what is done once.

Fargate and not EKS: these are five or six small processes that need no operator and no daemon, and a cluster
of EKS costs more by itself than all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fraudctl.aws import first, inside, placed, rights
from fraudctl.aws.documents import Document, Resources
from fraudctl.aws.job import role

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

SIZES: Final = {"ticker": (256, 512), "exporter": (256, 1024), "setup": (512, 1024)}
"""processor (1,024 are one) and MB of memory; writers have `WRITER`"""
WRITER: Final = (512, 1024)
SECRETS: Final = {"postgres": "PostgresSecret", "redis": "RedisSecret"}
"""the parameter with the secret of a sink's store"""
_ALIVE: Final = (
    "import urllib.request as r;"
    f"r.build_opener(r.ProxyHandler({{}})).open('http://127.0.0.1:{placed.METRICS_PORT}/metrics',timeout=5)"
)


def names(profile: Profile) -> list[str]:
    """The programs that run all the time."""
    ticks = ["ticker"] if profile.pipeline.idle_after_ms == 0 else []
    return [*ticks, "exporter", *(f"sink-{sink}" for sink in profile.sinks)]


def resources(profile: Profile) -> Resources:
    """Cluster, log, the role that starts tasks, and each program with its own role."""
    found: Resources = {
        "Cluster": {
            "Type": "AWS::ECS::Cluster",
            "Properties": {
                "ClusterName": {"Ref": "Name"},
                "ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}],
            },
        },
        "ProgramLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": {"Fn::Sub": "/fraudctl/${Name}/programs"}, "RetentionInDays": 30},
        },
        "StartRole": role("ecs-tasks.amazonaws.com", _starting(profile)),
    }
    for name in (*names(profile), inside.SETUP):
        found |= _program(profile, name)
    return found


def logical(name: str) -> str:
    """A program's name as CloudFormation takes it: `sink-postgres` is `SinkPostgres`."""
    return "".join(word.capitalize() for word in name.split("-"))


def _program(profile: Profile, name: str) -> Document:
    task = logical(name)
    found = {
        f"{task}Role": role("ecs-tasks.amazonaws.com", _statements(profile, name)),
        f"{task}Task": _task(profile, name),
    }
    return found if name == inside.SETUP else {**found, f"{task}Service": _service(name)}


def _service(name: str) -> Document:
    return {
        "Type": "AWS::ECS::Service",
        "Properties": {
            "Cluster": {"Ref": "Cluster"},
            "ServiceName": name,
            "TaskDefinition": {"Ref": f"{logical(name)}Task"},
            "DesiredCount": 1,
            "LaunchType": "FARGATE",
            # A program that is replaced stops before the next begins: two would only wait for each other.
            "DeploymentConfiguration": {
                "MinimumHealthyPercent": 0,
                "MaximumPercent": 100,
                "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
            },
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "AssignPublicIp": "DISABLED",
                    "Subnets": {"Ref": "Subnets"},
                    "SecurityGroups": [{"Ref": "ProgramsGroup"}],
                }
            },
        },
    }


def _task(profile: Profile, name: str) -> Document:
    processor, memory = SIZES.get(name, WRITER)
    return {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": {"Fn::Sub": f"${{Name}}-{name}"},
            "Cpu": str(processor),
            "Memory": str(memory),
            "NetworkMode": "awsvpc",
            "RequiresCompatibilities": ["FARGATE"],
            "ExecutionRoleArn": {"Fn::GetAtt": ["StartRole", "Arn"]},
            "TaskRoleArn": {"Fn::GetAtt": [f"{logical(name)}Role", "Arn"]},
            "ContainerDefinitions": [_container(profile, name)],
        },
    }


def _container(profile: Profile, name: str) -> Document:
    environment = {
        inside.STACK: {"Fn::Sub": placed.text(profile)},
        "FRAUDCTL_HOME": str(placed.HOME),
        "AWS_REGION": {"Ref": "AWS::Region"},
    }
    if name == inside.SETUP:
        environment[inside.FIRST] = {"Fn::Sub": f"${{CodeBucket}}/{first.KEY}"}
    container: Document = {
        "Name": name,
        "Image": {"Ref": "Image"},
        "EntryPoint": ["python", "-m", "fraudctl.aws.inside"],
        "Command": [name],
        "Essential": True,
        "StopTimeout": 60,
        "Environment": [{"Name": key, "Value": value} for key, value in environment.items()],
        "Secrets": [
            {
                "Name": f"{inside.SECRET}{sink.upper()}",
                "ValueFrom": {"Fn::Sub": f"${{{parameter}}}:password::"},
            }
            for sink, parameter in SECRETS.items()
            if name in (f"sink-{sink}", "exporter") and sink in profile.sinks
        ],
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {
                "awslogs-group": {"Ref": "ProgramLogs"},
                "awslogs-region": {"Ref": "AWS::Region"},
                "awslogs-stream-prefix": name,
            },
        },
    }
    if name != inside.SETUP:
        check = ["CMD", "python", "-c", _ALIVE]
        container["HealthCheck"] = {"Command": check, "Interval": 15, "Timeout": 10, "StartPeriod": 60}
    return container


def _statements(profile: Profile, name: str) -> list[Document]:
    found = rights.on_kafka(rights.parts(profile)[name])
    for sink in ("dynamodb", "parquet"):
        if name == f"sink-{sink}":
            found += stored(profile, sink)
    if name == inside.SETUP:
        record = {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::${{CodeBucket}}/{first.KEY}"}
        found.append({"Sid": "First", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": record})
    return found


def stored(profile: Profile, sink: str, notifies: bool = False) -> list[Document]:
    """What the store of a sink of AWS must allow: the store's own statements, for this region and bucket."""
    settings = dict(placed.store(profile, sink).settings)
    if sink == "parquet":
        settings |= {"url": f"s3://{placed.BUCKET}/decisions", "region": placed.TABLES_REGION}
    address = f"aws://{placed.TABLES_REGION}" if sink == "dynamodb" else f"s3://{placed.BUCKET}/decisions"
    found = rights.on_store(sink, address, settings, notifies)
    for statement in found:
        for resource in statement["Resource"]:
            resource["Fn::Sub"] = (
                resource["Fn::Sub"]
                .replace(f":{placed.TABLES_REGION}:", ":${AWS::Region}:")
                .replace(f":::{placed.BUCKET}", ":::${TrainingBucket}")
            )
    return found


def _starting(profile: Profile) -> list[Document]:
    """What ECS itself does to start a task: fetch the image and the secrets, make the log."""
    secrets = [{"Ref": SECRETS[sink]} for sink in SECRETS if sink in profile.sinks]
    image = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    place = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/${Repository}"
    logs = (
        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/fraudctl/${Name}/programs:*"
    )
    found: list[Document] = [
        {"Sid": "Login", "Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"},
        {"Sid": "Image", "Effect": "Allow", "Action": image, "Resource": {"Fn::Sub": place}},
        {
            "Sid": "Log",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::Sub": logs},
        },
    ]
    if secrets:
        action = ["secretsmanager:GetSecretValue"]
        found.append({"Sid": "Secrets", "Effect": "Allow", "Action": action, "Resource": secrets})
    return found
