"""What a deployment asks of AWS, on doubles: moto for CloudFormation and logs, one of ours for the job."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from fraudctl.aws import application, cloudformation, deployment, logs, programs, run_numbers, template
from fraudctl.aws.account import Account, Refused
from fraudctl.aws.cloudformation import Template
from fraudctl.cli import main
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, UsageError
from fraudctl.settings import reading
from tests.contract.aws_doubles import BUCKET, REGION, deployed
from tests.managed_flink import CREATED_S, Application, ManagedFlink

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
    deployed(account, [])
    stack = deployment.stack_name(account, deployment.PIPELINE)
    deployment.submit(account, application.NONE, WAIT_S, Progress())
    assert cloudformation.parameter(account, stack, "Run") == "5"
    application.stop(account, WAIT_S)
    deployment.submit(account, application.LATEST, WAIT_S, Progress())
    assert cloudformation.parameter(account, stack, "Run") == "5"
    assert len(flink.starts) == 2


@dataclass
class Overtaken(Account):
    """Between its look at the newest number and its write another takes one, as often as this says."""

    times: int = 0

    def ask(self, service: str, operation: str, /, **arguments: Any) -> Any:
        answer = super().ask(service, operation, **arguments)
        if operation == "get_object" and self.times:
            self.times -= 1
            run_numbers.take(Account(self.name, self.region), BUCKET, 0)
        return answer


def test_no_number_of_a_run_is_given_twice_also_where_another_is_quicker(account: Account) -> None:
    deployed(account, [])
    assert [deployment.next_run(account) for _ in range(2)] == [5, 6]
    assert deployment.next_run(Overtaken(account.name, account.region, times=3)) == 10
    with pytest.raises(Failed, match="others take numbers of runs all the time"):
        deployment.next_run(Overtaken(account.name, account.region, times=99))
    there = deployment.next_run(account)
    run_numbers.note(account, BUCKET, 7)
    assert deployment.next_run(account) == there + 1
    run_numbers.note(account, BUCKET, 200)
    assert deployment.next_run(account) == 201


def test_the_first_run_of_a_new_stack_is_above_those_of_one_that_was_deleted(account: Account) -> None:
    deployed(account, [])
    assert deployment._run(account, BUCKET) == "4"
    assert deployment.next_run(account) == 5
    deployment.delete(account, WAIT_S, Progress())
    assert [deployment._run(account, BUCKET) for _ in range(2)] == ["6", "7"]


def test_a_number_that_cannot_be_read_is_not_guessed(account: Account) -> None:
    deployed(account, [])
    account.ask("s3", "put_object", Bucket=BUCKET, Key=f"{run_numbers.FOLDER}/{account.name}", Body=b"many")
    with pytest.raises(Failed, match="is damaged: 'many' is no number of a run"):
        deployment.next_run(account)


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


def test_replays_are_in_the_status_are_named_by_down_and_go_with_delete(
    account: Account, flink: ManagedFlink, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(account, programs.names(PROFILE))
    flink.status = "RUNNING"
    name = f"{account.name}-replay-0a1b-1"
    flink.others[name] = Application("RUNNING")
    place = ["--name", account.name, "--region", REGION, "--json"]
    main(["aws", "status", *place])
    assert json.loads(capsys.readouterr().out)["data"]["replays"] == ["replay-0a1b-1"]
    assert main(["aws", "down", "--yes", *place]) == 0
    assert f"{name} is still there and is paid for" in capsys.readouterr().err
    assert main(["aws", "delete", "--yes", *place]) == 0
    deleted = json.loads(capsys.readouterr().out)["data"]["deleted"]
    assert (deleted, flink.deleted) == (["replay-0a1b-1", f"{account.name}-pipeline"], [name])


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
