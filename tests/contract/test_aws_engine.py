"""The engine `aws` by the command line, on doubles: moto for stacks, services and logs, ours for the job."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fraudctl import engines
from fraudctl.aws import cloudformation, deployment, programs, template
from fraudctl.aws.account import Account
from fraudctl.engines.aws import kept, start
from fraudctl.engines.contract import Condition
from fraudctl.errors import Failed, UsageError
from fraudctl.home import folder as homes
from fraudctl.home.jobs import write_json
from fraudctl.home.stack import Stack
from fraudctl.observe import overview
from fraudctl.settings import reading
from tests.contract.aws_doubles import REGION, deployed
from tests.managed_flink import Application, ManagedFlink
from tests.waiting import await_that

PROFILE = reading.load(template.PROFILE)
PROGRAMS = programs.names(PROFILE)


@pytest.fixture
def stack(account: Account, flink: ManagedFlink, tmp_path: Path) -> Stack:
    """One that was brought up from this home."""
    deployed(account, PROGRAMS)
    flink.status = "RUNNING"
    home = tmp_path / "home"
    homes.claim(home)
    kept.keep(home, kept.Values("image", "risk@example.com", account.name, REGION))
    made = start.stack_of(Stack(home, PROFILE, {}, engine=start.NAME), account)
    made.save()
    return made


def cli(home: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["exit_code"] == code, (answer, done.stderr)
    return answer


def test_status_tells_stacks_job_alarms_and_every_program(stack: Stack) -> None:
    data = cli(stack.home, "status", code=3)["data"]
    assert (data["job"]["wanted"], data["job"]["state"]) == ("running", "RUNNING")
    assert [one["name"] for one in data["servers"]] == [*deployment.LAYERS, "flink", "alarms", *PROGRAMS]
    told = {one["name"]: one["reason"] for one in data["servers"]}
    # moto runs no task
    assert told == {**dict.fromkeys(told), **dict.fromkeys(PROGRAMS, "it is starting")}


def test_the_job_takes_a_snapshot_stops_with_one_and_goes_on_from_it(
    stack: Stack, flink: ManagedFlink
) -> None:
    taken = cli(stack.home, "job", "savepoint")["data"]["savepoint"]
    assert flink.snapshots == [taken]
    stopped = cli(stack.home, "job", "stop")["data"]
    assert stopped["savepoint"] == flink.snapshots[-1] != taken
    again = cli(stack.home, "job", "stop")["data"]
    assert again == {"job_id": None, "savepoint": stopped["savepoint"]}
    assert cli(stack.home, "job", "status")["data"]["wanted"] == "stopped"
    submitted = cli(stack.home, "job", "submit")["data"]
    assert submitted["keeper"]["restored_from"] == stopped["savepoint"]
    assert flink.starts == [{"ApplicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"}]
    assert cli(stack.home, "job", "status")["data"]["run"] == 4


def test_who_interrupts_a_stop_is_told_that_it_goes_on_and_who_asks_again_hears_what_came_of_it(
    stack: Stack, flink: ManagedFlink
) -> None:
    flink.lingers = 1_000
    argv = [sys.executable, "-m", "fraudctl", "job", "stop", "--home", str(stack.home)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        await_that(lambda: flink.status == "STOPPING", "it stops")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "what was begun at AWS goes on" in said
    flink.live.go(*["STOPPING"] * 5, "READY")
    assert cli(stack.home, "job", "stop")["data"]["savepoint"] == flink.snapshots[-1] == "at-stop-1"


def test_who_starts_a_job_that_runs_only_waits_for_it(stack: Stack, flink: ManagedFlink) -> None:
    cli(stack.home, "job", "submit")
    flink.live.go("STARTING", "RUNNING")
    cli(stack.home, "job", "submit")
    assert flink.starts == []
    taken = cli(stack.home, "job", "savepoint")["data"]["savepoint"]
    answer = cli(stack.home, "job", "submit", "--from", taken, code=2)
    assert answer["error"]["message"] == "the job is already running"


def test_a_job_that_is_stopped_is_rescaled_by_starting_it(stack: Stack, flink: ManagedFlink) -> None:
    stopped = cli(stack.home, "job", "stop")["data"]
    found = cli(stack.home, "job", "rescale", "3")["data"]
    assert (found["parallelism"], found["wanted"], flink.status) == (3, "running", "RUNNING")
    assert found["keeper"]["restored_from"] == stopped["savepoint"]


def test_a_job_that_starts_anew_is_a_new_run(stack: Stack, flink: ManagedFlink) -> None:
    cli(stack.home, "job", "stop", "--no-savepoint")
    found = cli(stack.home, "job", "submit", "--from", "none")["data"]
    assert (found["run"], found["keeper"]["restored_from"]) == (5, None)
    assert flink.starts == [{"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}]


def test_the_job_is_rescaled_by_its_stack(stack: Stack, account: Account) -> None:
    assert cli(stack.home, "job", "rescale", "6")["data"]["parallelism"] == 6
    name = deployment.stack_name(account, deployment.PIPELINE)
    assert cloudformation.parameters(account, name)["Parallelism"] == "6"


def test_a_program_is_stopped_started_and_killed_and_one_that_is_not_there_is_named(stack: Stack) -> None:
    engine = engines.of(stack)
    engine.stop(stack, "ticker")
    assert engine.programs(stack)["ticker"].condition is Condition.STOPPED
    engine.start(stack, "ticker")
    assert engine.programs(stack)["ticker"].is_wanted
    engine.kill(stack, "ticker")
    with pytest.raises(UsageError, match="there is no server or program 'nobody'"):
        engine.stop(stack, "nobody")
    with pytest.raises(Failed, match="no command can be run in a task of ticker"):
        engine.run(stack, "ticker", ["true"], 1.0)


def test_the_newest_lines_of_a_program_are_shown(stack: Stack, account: Account) -> None:
    group, now = f"/fraudctl/{account.name}/programs", int(datetime.now(UTC).timestamp() * 1_000)
    account.ask("logs", "create_log_group", logGroupName=group)
    place = {"logGroupName": group, "logStreamName": "ticker/ticker/1"}
    account.ask("logs", "create_log_stream", **place)
    lines = [{"timestamp": now - 500 + number, "message": f"line {number}\n"} for number in range(500)]
    account.ask("logs", "put_log_events", **place, logEvents=lines)
    argv = [
        sys.executable,
        "-m",
        "fraudctl",
        "logs",
        "ticker",
        "-n",
        "2",
        "--home",
        str(stack.home),
        "--json",
    ]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [json.loads(line)["line"] for line in said] == ["line 498", "line 499"]


def test_down_stops_job_and_programs_and_purge_deletes_the_pipeline_alone(
    stack: Stack, account: Account, flink: ManagedFlink
) -> None:
    cli(stack.home, "down")
    assert (flink.status, flink.snapshots) == ("READY", ["at-stop-1"])
    assert cli(stack.home, "status", code=4)["error"]["code"] == "not_running"
    cli(stack.home, "purge", "--yes")
    found = deployment.layers(account)
    assert [layer for layer, state in found.items() if state is None] == [deployment.PIPELINE]
    assert not stack.home.exists()


def test_a_replay_that_is_there_is_in_the_status_is_named_by_down_and_goes_with_purge(
    stack: Stack, account: Account, flink: ManagedFlink, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{account.name}-replay-0a1b-1"
    flink.others[name] = Application("RUNNING")
    engine = engines.of(stack)
    assert [one.name for one in engine.health(stack) if one.title == "Replay"] == ["replay-0a1b-1"]
    engine.down(stack.home)
    assert f"{name} is still there and is paid for" in capsys.readouterr().err
    assert flink.deleted == []
    engine.purge(stack.home)
    assert flink.deleted == [name]


def test_what_a_replay_may_have_left_whose_command_is_gone_is_in_the_status_and_told_by_down(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(stack.home / "replays" / "0a1b-1.json", {"pid": 4_194_305, "began": "12", "topics": []})
    engine = engines.of(stack)
    [found] = [one for one in engine.health(stack) if one.title == "Replay"]
    assert (found.name, found.healthy) == ("replay-0a1b-1", True)
    assert "fraudctl replay --clean" in found.reason
    rows = {str(row[0]): row[-1] for row in overview.programs_table(engine.health(stack)).rows}
    assert (rows["replay-0a1b-1"], rows["network"]) == (found.reason, "well")
    engine.down(stack.home)
    assert "replay-0a1b-1 did not come to its end" in capsys.readouterr().err


def test_doctor_says_who_we_are_and_what_is_there(stack: Stack) -> None:
    found = {one["name"]: one["state"] for one in cli(stack.home, "doctor", code=0)["data"]["checks"]}
    assert (found["aws"], found["stacks"]) == ("ok", "ok")


def test_its_kafka_is_known_as_one_that_asks_for_rights_of_iam(stack: Stack) -> None:
    again = engines.current(stack.home)
    assert (again.kafka.bootstrap, again.kafka.security) == ("b-1.risk:9098,b-2.risk:9098", "aws_iam")
    assert again.addresses["redis"] == "redis.risk"
    assert replace(again, extra={}) == replace(stack, extra={})


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("image: a\ntell: b\n", [], "of which profile?"),
        ("image: a\n", ["--profile", "aws"], "tell: Field required"),
        ("image: a\ntell: b\nimages: c\n", ["--profile", "aws"], "images: Unexpected keyword argument"),
        ("image: a\ntell: b\n", ["--profile", "aws"], "no secret for its channels is named"),
        ("image: a\ntell: b\n", ["--profile", "aws", "--any-port"], "no servers of ours"),
    ],
)
def test_what_is_not_said_is_asked_for_before_anything_is_made(
    account: Account, tmp_path: Path, text: str, arguments: list[str], said: str
) -> None:
    values, home = tmp_path / "values.yaml", tmp_path / "home"
    values.write_text(text)
    answer = cli(home, "up", "--engine", "aws", "--values", str(values), *arguments, code=2)
    assert said in answer["error"]["message"]
    assert not home.exists()
