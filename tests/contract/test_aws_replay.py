"""A replay on AWS is a second application: made, waited for and deleted, with the answer it has everywhere.

Kafka is real. moto has the bucket and what the template was told; our double has the applications, and the
job of one is the executable specification, told what the zip and the properties of the application say.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudctl.aws import cloudformation, deployment, package, second
from fraudctl.aws.account import Account
from fraudctl.aws.jar import write_zip
from fraudctl.cli import main
from fraudctl.compare import replay, replay_plan, replay_topics
from fraudctl.compare.replay_plan import Plan
from fraudctl.console.progress import Progress
from fraudctl.engines.aws import kept, start
from fraudctl.errors import Failed
from fraudctl.home import folder as homes
from fraudctl.home import signing
from fraudctl.home.jobs import write_json
from fraudctl.home.stack import Paths, Stack
from fraudctl.jobs.activations import RulesTopic
from fraudctl.kafka import admin, tail, wanted
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile, ServerSettings, Signing, Topics
from pipeline import msf
from pipeline.records.decision_record import run_of
from pipeline.rules import ruleset
from tests.contract.aws_doubles import BUCKET, REGION, REPLAY_ROLE, deployed
from tests.contract.aws_jobs import EVENTS, content, decide, job, send, settle, works
from tests.contract.conftest import Server
from tests.kafka_cluster import Cluster
from tests.managed_flink import ManagedFlink

KEY = "job-0a1b.zip"
WAIT_S = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aws-replay")


@pytest.fixture(scope="module")
def profile(folder: Path, broker: Cluster) -> Profile:
    """Of a stack whose Kafka is reached from here, as from a machine in its network."""
    loaded = reading.load("aws")
    names = Topics(**{name: f"aws.{name}" for name in Topics.__dataclass_fields__})
    key = signing.new_key()
    signing.keep(Stack(folder, loaded, {}), key)
    found = replace(
        loaded,
        topics=names,
        signing=Signing(Paths(folder).secret_file(signing.KEY)),
        servers={"kafka": ServerSettings(external=broker.inner)},
    )
    admin.create(broker.inner, wanted.specs(found))
    signer = signing.with_key(found, key)
    RulesTopic(broker.inner, names.rules, folder / "home", None, signer).begin(content(found))
    send(broker.inner, found)
    settle(broker.inner, found)
    decide(broker.inner, job(found, broker.inner), names.decisions)
    return found


@pytest.fixture
def stack(account: Account, profile: Profile, broker: Cluster, flink: ManagedFlink, tmp_path: Path) -> Stack:
    """One that was brought up from this home, with the live job's package in its bucket."""
    deployed(account, [])
    flink.status = "RUNNING"
    home = tmp_path / "home"
    homes.claim(home)
    kept.keep(home, kept.Values("image", "risk@example.com", account.name, REGION))
    told = start.stack_of(Stack(home, profile, {}, engine=start.NAME), account)
    made = replace(told, profile=profile, addresses={**told.addresses, "kafka": broker.inner.bootstrap})
    made.save()
    archive = tmp_path / "live.zip"
    document = json.dumps(job(profile, broker.inner).as_document())
    write_zip(archive, {package.ENTRY: b"", package.JOB: document.encode()})
    account.ask("s3", "put_object", Bucket=BUCKET, Key=KEY, Body=archive.read_bytes())
    flink.works = works(account, broker.inner)
    return made


def left(account: Account, stack: Stack) -> tuple[list[str], list[str]]:
    """Packages and topics of replays."""
    found = account.ask("s3", "list_objects_v2", Bucket=BUCKET).get("Contents", [])
    topics = [name for name in admin.names(stack.kafka) if ".replay-" in name]
    others = [one["Key"] for one in found if not one["Key"].startswith("runs/")]
    return [key for key in others if key != KEY], topics


def planned(stack: Stack) -> Plan:
    return replay_plan.plan(stack, ruleset.parse(content(stack.profile)))


def edited(stack: Stack, folder: Path) -> Path:
    """The live rule set with another rule, which flags every event but the first 200."""
    found = content(stack.profile) | {"version": "edited"}
    found["rules"] = found["rules"] | {"large": {"when": "amount > 200", "points": 100, "reason": "large"}}
    path = folder / "edited.yaml"
    path.write_text(yaml.safe_dump(found))
    return path


def answer(capsys: pytest.CaptureFixture[str], stack: Stack, *words: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*words, "--home", str(stack.home), "--json"]) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_the_answer_is_that_of_every_engine_and_nothing_is_left(
    stack: Stack, account: Account, flink: ManagedFlink, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = ruleset.parse(content(stack.profile))
    same = answer(capsys, stack, "replay", "--rule-version", live.version, "--diff", "live", "--yes")["data"]
    assert [same[name] for name in ("compared", "changed", "added", "removed")] == [EVENTS, 0, 0, 0]
    path = edited(stack, tmp_path)
    other = answer(capsys, stack, "replay", "--rules", str(path), "--diff", "live", "--yes")["data"]
    assert (other["compared"], other["changed"]) == (EVENTS, EVENTS - 200)
    assert flink.deleted == [same["job"]["job_id"], other["job"]["job_id"]]
    assert (left(account, stack), flink.live.status) == (([], []), "RUNNING")


def test_its_application_is_told_what_the_live_one_is_and_may_be_no_more_than_a_replay(
    stack: Stack, account: Account, flink: ManagedFlink
) -> None:
    seen: list[dict[str, Any]] = []
    work = flink.works
    flink.works = lambda asked: (seen.append(asked), work(asked))[1]
    replay.run(stack, planned(stack), None, keep=False, wait_s=WAIT_S, progress=Progress())
    [asked] = seen
    told = asked["ApplicationConfiguration"]
    assert asked["ApplicationName"].startswith(f"{account.name}-replay-")
    assert asked["ServiceExecutionRole"] == REPLAY_ROLE
    assert told["VpcConfigurations"] == [
        {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    ]
    groups = {
        one["PropertyGroupId"]: one["PropertyMap"] for one in told["EnvironmentProperties"]["PropertyGroups"]
    }
    assert groups == {
        package.RUN_OPTIONS_GROUP: dict(package.RUN_OPTIONS),
        msf.GROUP: {"bootstrap": "b-1.risk:9098,b-2.risk:9098", "run": "4"},
    }
    assert told["ApplicationSnapshotConfiguration"] == {"SnapshotsEnabled": False}


def test_an_interrupt_leaves_neither_application_nor_package_nor_topic(
    stack: Stack, account: Account, flink: ManagedFlink
) -> None:
    class Impatient(Progress):
        def update(self, done: int, text: str = "") -> None:
            if "is running" in text:
                raise KeyboardInterrupt

    flink.works, flink.is_busy = lambda asked: None, 1
    with pytest.raises(KeyboardInterrupt):
        replay.run(stack, planned(stack), None, keep=False, wait_s=WAIT_S, progress=Impatient())
    assert len(flink.deleted) == 1
    assert left(account, stack) == ([], [])


def test_one_whose_application_stops_by_itself_has_failed(stack: Stack, flink: ManagedFlink) -> None:
    def stop(asked: dict[str, Any]) -> None:
        flink.others[asked["ApplicationName"]].go("RUNNING", "READY")

    flink.works = stop
    with pytest.raises(Failed, match="is READY, and its job has not decided all"):
        replay.run(stack, planned(stack), None, keep=False, wait_s=WAIT_S, progress=Progress())
    assert len(flink.deleted) == 1


def test_what_a_killed_one_left_goes_with_the_next_and_what_another_machine_left_is_asked_about(
    stack: Stack, account: Account, flink: ManagedFlink, capsys: pytest.CaptureFixture[str]
) -> None:
    decisions = stack.profile.topics.decisions
    for name in ("dead-1", "away-2"):
        topic = f"{decisions}.replay-{name}"
        admin.create(stack.kafka, [wanted.spec(stack.profile, one, 1) for one in (topic, f"{topic}.dlq")])
        account.ask(
            "s3", "put_object", Bucket=BUCKET, Key=f"replays/{account.name}-replay-{name}.zip", Body=b""
        )
        flink._CreateApplication({"ApplicationName": f"{account.name}-replay-{name}"})
    marker = stack.home / "replays" / "dead-1.json"
    dead = f"{decisions}.replay-dead-1"
    write_json(marker, {"pid": 4_194_305, "began": "12", "topics": [dead, f"{dead}.dlq"]})
    kept_topic = f"{decisions}.replay-kept"
    admin.create(stack.kafka, [wanted.spec(stack.profile, kept_topic, 1)])
    assert replay_topics.sweep(stack) == [dead, f"{dead}.dlq"]
    assert flink.deleted == [f"{account.name}-replay-dead-1"]
    away = f"{decisions}.replay-away-2"
    seen = answer(capsys, stack, "replay", "--clean", "--dry-run")["data"]
    assert seen == {"topics": [away, f"{away}.dlq"], "dry_run": True}
    assert main(["replay", "--clean", "--home", str(stack.home)]) != 0  # nobody is there who says yes
    assert len(flink.deleted) == 1
    assert answer(capsys, stack, "replay", "--clean", "--yes")["data"]["topics"] == seen["topics"]
    assert flink.deleted[1:] == [f"{account.name}-replay-away-2"]
    assert left(account, stack) == ([], [kept_topic])
    admin.delete(stack.kafka, [kept_topic])


def test_it_is_asked_whether_one_may_be_made(
    stack: Stack, flink: ManagedFlink, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "--rules", "default", "--home", str(stack.home)]) != 0
    assert "Make an application of" in capsys.readouterr().err
    assert (flink.others, flink.deleted) == ({}, [])


def test_a_stack_of_before_says_how_it_comes_to_what_a_replay_needs(
    stack: Stack, account: Account, flink: ManagedFlink
) -> None:
    deployed(account, [], is_old=True)
    with pytest.raises(Failed, match="was made without ReplayLog, ReplayRole"):
        replay.run(stack, planned(stack), None, keep=False, wait_s=WAIT_S, progress=Progress())
    assert flink.others == {}


def test_moto_takes_the_application_and_describes_it_as_it_was_asked_for(
    stack: Stack, account: Account, s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS_ANALYTICS_V2", s3_server.address)
    its = second.make(account, "replay-0a1b-1", 3, lambda live: replace(live, bounded=True))
    asked = {"ApplicationName": its.name}
    found = its.ask("kinesisanalyticsv2", "describe_application", **asked)["ApplicationDetail"]
    told = found["ApplicationConfigurationDescription"]
    code = told["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
    assert code["S3ApplicationCodeLocationDescription"]["FileKey"] == f"replays/{its.name}.zip"
    flink = told["FlinkApplicationConfigurationDescription"]
    assert flink["ParallelismConfigurationDescription"]["Parallelism"] == 3
    assert flink["CheckpointConfigurationDescription"]["CheckpointInterval"] == 10_000
    assert told["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"][0]["PropertyMap"] == dict(
        package.RUN_OPTIONS
    )
    logs = [one["LogStreamARN"] for one in found["CloudWatchLoggingOptionDescriptions"]]
    assert logs == [f"arn:aws:logs:{REGION}:123456789012:log-group:job:log-stream:replay"]
    assert second.there(account) == ["replay-0a1b-1"]
    account.ask("s3", "delete_object", Bucket=BUCKET, Key=f"replays/{its.name}.zip")


def test_a_published_one_replaces_the_decisions_that_stand_under_a_run_that_no_job_has(
    stack: Stack, account: Account, flink: ManagedFlink, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last of this module, whose log it changes."""
    topic = stack.profile.topics.decisions
    before = admin.end_offsets(stack.kafka, topic)
    words = ["replay", "--rules", str(edited(stack, tmp_path)), "--yes"]
    assert answer(capsys, stack, *words, "--publish")["data"]["published"] == {"run": 5, "decisions": EVENTS}
    published = list(tail.records(stack.kafka, topic, before))
    assert len(published) == EVENTS
    assert {run_of(record.headers.items()) for record in published} == {5}
    again = answer(capsys, stack, *words, "--diff", "live")["data"]
    assert [again[name] for name in ("compared", "changed", "added", "removed")] == [EVENTS, 0, 0, 0]
    assert left(account, stack) == ([], [])
    flink.status = "READY"
    deployment.submit(account, "none", WAIT_S, Progress())
    stack_name = deployment.stack_name(account, deployment.PIPELINE)
    assert cloudformation.parameter(account, stack_name, "Run") == "6"
