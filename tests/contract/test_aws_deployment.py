"""What a deployment asks of AWS, on doubles: moto for CloudFormation and logs, one of ours for the job."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fraudctl.aws import application, cloudformation, deployment, logs, programs, template
from fraudctl.aws.account import Account, Refused
from fraudctl.aws.cloudformation import Template
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, UsageError
from fraudctl.settings import reading
from tests.contract.aws_doubles import account_on
from tests.contract.conftest import Server
from tests.managed_flink import CREATED_S, ManagedFlink, managed_flink

WAIT_S = 60.0
PROFILE = reading.load(template.PROFILE)
SHORT = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters: {Days: {Type: String}}
Resources:
  Kept:
    Type: AWS::SSM::Parameter
    Properties: {Name: /fraudctl/days, Type: String, Value: !Ref Days}
Outputs: {Place: {Value: !Ref Kept}}
"""


@pytest.fixture
def flink() -> Iterator[ManagedFlink]:
    with managed_flink() as double:
        yield double


@pytest.fixture
def account(s3_server: Server, flink: ManagedFlink, monkeypatch: pytest.MonkeyPatch) -> Account:
    return account_on(s3_server, flink, monkeypatch)


def test_a_stack_is_made_updated_and_left_alone_where_nothing_changes(account: Account) -> None:
    name, first, second = account.name, Template(SHORT, {"Days": "7"}), Template(SHORT, {"Days": "14"})
    assert cloudformation.status(account, name) is None
    assert cloudformation.apply(account, name, first, WAIT_S, Progress())
    assert cloudformation.status(account, name) == "CREATE_COMPLETE"
    assert cloudformation.parameter(account, name, "Days") == "7"
    [place] = cloudformation.outputs(account, name).values()
    assert cloudformation.apply(account, name, second, WAIT_S, Progress())
    assert account.ask("ssm", "get_parameter", Name=place)["Parameter"]["Value"] == "14"
    assert cloudformation.delete(account, name, WAIT_S, Progress())
    assert not cloudformation.delete(account, name, WAIT_S, Progress())


def test_a_plan_says_what_would_be_made_and_makes_nothing(account: Account) -> None:
    planned = cloudformation.plan(account, account.name, Template(SHORT, {"Days": "7"}), WAIT_S)
    assert [(one.action, one.resource, one.kind) for one in planned] == [
        ("Add", "Kept", "AWS::SSM::Parameter")
    ]
    assert cloudformation.status(account, account.name) is None


def test_what_aws_refuses_is_an_error_with_its_words_and_its_code(account: Account) -> None:
    with pytest.raises(Refused, match=f"cloudformation describe_stacks: .*{account.name}") as caught:
        cloudformation.outputs(account, account.name)
    assert caught.value.reason == "ValidationError"


def test_a_template_that_is_too_long_needs_a_bucket(account: Account) -> None:
    long = Template(SHORT + "#" * 60_000, {"Days": "7"})
    with pytest.raises(Failed, match="too long to be handed over"):
        cloudformation.apply(account, account.name, long, WAIT_S, Progress())


def test_the_job_starts_anew_then_from_its_newest_snapshot_then_from_one_by_name(
    account: Account, flink: ManagedFlink
) -> None:
    application.start(account, application.NONE, WAIT_S)
    named = application.snapshot(account, WAIT_S)
    assert application.stop(account, WAIT_S) == "at-stop-2"
    application.start(account, application.LATEST, WAIT_S)
    assert application.stop(account, WAIT_S, with_snapshot=False) == "at-stop-2"
    application.start(account, named, WAIT_S)
    assert flink.starts == [
        {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"},
        {"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"},
        {"ApplicationRestoreType": "RESTORE_FROM_CUSTOM_SNAPSHOT", "SnapshotName": named},
    ]
    newest = application.state(account).snapshots[0]
    assert (newest.name, newest.taken_ms, newest.is_ready) == ("at-stop-2", (CREATED_S + 1) * 1_000, True)


def test_what_the_job_cannot_do_is_refused_before_the_service_is_asked(
    account: Account, flink: ManagedFlink
) -> None:
    with pytest.raises(UsageError, match="the job does not run"):
        application.stop(account, WAIT_S)
    with pytest.raises(UsageError, match="there is no snapshot 'nope'"):
        application.start(account, "nope", WAIT_S)
    application.start(account, application.NONE, WAIT_S)
    with pytest.raises(UsageError, match="already running"):
        application.start(account, application.NONE, WAIT_S)
    assert len(flink.starts) == 1


def test_a_job_that_ends_at_its_start_is_an_error_at_once(account: Account, flink: ManagedFlink) -> None:
    flink.fails = True
    with pytest.raises(Failed, match="the job did not start: the application is READY again"):
        application.start(account, application.NONE, WAIT_S)


def test_a_start_without_state_is_a_new_run_and_one_with_a_snapshot_is_not(
    account: Account, flink: ManagedFlink
) -> None:
    stack, text = (
        deployment.stack_name(account, deployment.PIPELINE),
        SHORT.replace("Days", "Run").replace("days", "run"),
    )
    told = Template(text.replace("/fraudctl/run", f"/{account.name}/run"), {"Run": "4"})
    cloudformation.apply(account, stack, told, WAIT_S, Progress())
    deployment.submit(account, application.NONE, WAIT_S, Progress())
    assert cloudformation.parameter(account, stack, "Run") == "5"
    application.stop(account, WAIT_S)
    deployment.submit(account, application.LATEST, WAIT_S, Progress())
    assert cloudformation.parameter(account, stack, "Run") == "5"
    assert len(flink.starts) == 2


def test_down_takes_a_snapshot_and_leaves_no_program(account: Account, flink: ManagedFlink) -> None:
    flink.status = "RUNNING"
    account.ask("ecs", "create_cluster", clusterName=account.name)
    container = {"name": "one", "image": "image", "memory": 64}
    account.ask("ecs", "register_task_definition", family=account.name, containerDefinitions=[container])
    for program in programs.names(PROFILE):
        made = {"serviceName": program, "taskDefinition": account.name, "desiredCount": 1}
        account.ask("ecs", "create_service", cluster=account.name, **made)
    assert deployment.down(account, PROFILE, WAIT_S) == "at-stop-1"
    names = programs.names(PROFILE)
    found = account.ask("ecs", "describe_services", cluster=account.name, services=names)["services"]
    assert [one["desiredCount"] for one in found] == [0] * len(names)


def test_the_command_says_what_is_not_there_and_ends_so(account: Account) -> None:
    command = [sys.executable, "-m", "fraudctl", "aws", "status", "--name", account.name, "--json"]
    done = subprocess.run([*command, "--region", "eu-central-1"], capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    answer = json.loads(done.stdout)["data"]
    assert answer["stacks"] == {"network": None, "data": None, "pipeline": None}
    assert (answer["job"], answer["is_well"]) == (None, False)


def test_the_lines_of_a_program_are_read_from_the_group_of_programs(account: Account) -> None:
    group, now = f"/fraudctl/{account.name}/programs", int(datetime.now(UTC).timestamp() * 1_000)
    account.ask("logs", "create_log_group", logGroupName=group)
    place = {"logGroupName": group, "logStreamName": "ticker/ticker/1"}
    account.ask("logs", "create_log_stream", **place)
    account.ask("logs", "put_log_events", **place, logEvents=[{"timestamp": now, "message": "it ticks\n"}])
    assert logs.tail(account, "ticker", now - 60_000, 10) == ["it ticks"]


def test_a_deployment_that_is_not_there_is_said_to_be_nowhere(account: Account) -> None:
    found = deployment.overview(account, PROFILE)
    assert (dict(found.stacks), found.is_well) == (dict.fromkeys(deployment.LAYERS), False)


def test_a_profile_that_tells_people_needs_a_secret(account: Account) -> None:
    with pytest.raises(UsageError, match="no secret for its channels is named") as caught:
        deployment.plan(account, deployment.Wanted(PROFILE, "image", "risk@example.com"), WAIT_S)
    assert "SES_PASSWORD, SLACK_WEBHOOK" in caught.value.hint


def test_the_first_plan_is_that_of_the_network(account: Account) -> None:
    wanted = deployment.Wanted(PROFILE, "image", "risk@example.com", "arn:aws:secretsmanager:x:1:secret:s")
    planned = deployment.plan(account, wanted, WAIT_S)
    assert {one.stack for one in planned} == {f"{account.name}-network"}
    assert ("Add", "Vpc") in {(one.action, one.resource) for one in planned}
