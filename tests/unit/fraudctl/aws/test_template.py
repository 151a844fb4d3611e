"""The templates are whole: cfn-lint finds nothing, finds what is wrong, and names are those of the code."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudctl.aws import alerts, package, programs, replays, rights, template, watch
from fraudctl.errors import UsageError
from fraudctl.monitoring.alerts import ALERTS
from fraudctl.settings import reading
from fraudctl.settings.profile import Notify
from pipeline import msf
from pipeline.connections.registry.description import SchemaRegistry

PROFILE = reading.load(template.PROFILE)
ROOT = Path(template.__file__).parents[2]
RUN = "import sys; from cfnlint.runner import main; sys.argv[0] = 'cfn-lint'; sys.exit(main())"
CFN_LINT = [sys.executable, "-W", "ignore", "-c", RUN, "--regions", "eu-central-1"]
SHIPPED = sorted((ROOT / "deploy" / "aws").glob("*.yaml"))
WRONG: Mapping[str, Any] = {
    "RuntimeEnvironment": "FLINK-9_9",
    "ServiceExecutionRole": None,
    "RuntimeEnvironmnt": "FLINK-2_2",
}
"""Properties of an application that is wrong in three ways: another value, none, another name."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """What cfn-lint finds, warnings included, by the file's name; it is asked once for all, being slow."""
    folder = tmp_path_factory.mktemp("templates")
    small = replace(PROFILE, notify=Notify(), sinks={"redis": {}})
    (folder / "small.yaml").write_text(template.text(small))
    (folder / "wrong.yaml").write_text(yaml.safe_dump(application_alone(WRONG)))
    files = [*SHIPPED, *sorted(folder.iterdir())]
    argv = [*CFN_LINT, "--format", "parseable", "--", *map(str, files)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    found: dict[str, list[str]] = {file.name: [] for file in files}
    for line in done.stdout.splitlines():
        found[Path(line.partition(":")[0]).name].append(line)
    return found


def application_alone(changes: Mapping[str, Any]) -> dict[str, Any]:
    """A template of the application, with these properties and without those that are None."""
    document = template.document(PROFILE)
    job = document["Resources"]["Job"]
    told = {name: value for name, value in (job["Properties"] | changes).items() if value is not None}
    return {"Parameters": document["Parameters"], "Resources": {"Job": {**job, "Properties": told}}}


def resources(kind: str) -> dict[str, Any]:
    found = template.document(PROFILE)["Resources"]
    return {name: one["Properties"] for name, one in found.items() if one["Type"] == kind}


def texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for one in node.values():
            yield from texts(one)
    elif isinstance(node, list):
        for one in node:
            yield from texts(one)


def test_the_shipped_template_is_the_one_of_the_shipped_profile() -> None:
    shipped = (ROOT / "deploy" / "aws" / template.FILE).read_text()
    assert shipped == template.HEAD + template.text(PROFILE), "run: make aws"


@pytest.mark.slow
def test_cfn_lint_finds_nothing_in_any_template(said: Mapping[str, list[str]]) -> None:
    names = ["data.yaml", "network.yaml", "pipeline.yaml"]
    assert [file.name for file in SHIPPED] == names
    assert [line for name in names for line in said[name]] == []


@pytest.mark.slow
def test_a_profile_without_people_and_with_one_sink_makes_a_whole_template_too(
    said: Mapping[str, list[str]],
) -> None:
    assert said["small.yaml"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "wanted",
    [
        "'FLINK-9_9' is not one of",
        "'ServiceExecutionRole' is a required property",
        "'RuntimeEnvironmnt' was unexpected",
    ],
)
def test_cfn_lint_finds_what_is_wrong_with_the_application(
    said: Mapping[str, list[str]], wanted: str
) -> None:
    assert any(wanted in line for line in said["wrong.yaml"])


def test_the_application_is_told_what_the_package_is_and_what_the_job_reads() -> None:
    [job] = resources("AWS::KinesisAnalyticsV2::Application").values()
    groups = job["ApplicationConfiguration"]["EnvironmentProperties"]["PropertyGroups"]
    told = {group["PropertyGroupId"]: group["PropertyMap"] for group in groups}
    assert told.keys() == {package.RUN_OPTIONS_GROUP, msf.GROUP}
    assert told[package.RUN_OPTIONS_GROUP] == {
        "python": "main.py",
        "jarfile": "lib/fraudctl-job.jar",
        "pyFiles": "python/",
    }
    assert told[msf.GROUP].keys() <= msf.SAID.keys()


def test_no_part_may_do_more_than_grants_prints() -> None:
    assert rights.beyond_grants(PROFILE) == []
    known = {"Create", "Delete", "Describe", "DescribeConfigs", "Read", "Write"}
    assert known == rights.TOPIC_ACTIONS.keys()


def test_every_topic_and_group_in_a_role_is_one_of_the_profile() -> None:
    roles = [resources("AWS::IAM::Role"), resources("AWS::IAM::ManagedPolicy")]
    marks = (":topic/${ClusterPath}/", ":group/${ClusterPath}/")
    named = {text.split("${ClusterPath}/")[1] for text in texts(roles) if any(mark in text for mark in marks)}
    parts = rights.parts(PROFILE).values()
    assert named == {name for part in parts for name in (*part.topics, *part.reads_as, *part.looks_at)}


def test_only_what_cannot_be_narrowed_is_allowed_on_everything() -> None:
    wide = [
        (statement["Sid"], statement["Action"])
        for role in resources("AWS::IAM::Role").values()
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Resource"] == "*"
    ]
    # The service asks for interfaces of the live job and of a replay alike.
    assert [sid for sid, _ in wide] == ["Network", "Network", "Login"]
    assert not [action for _, actions in wide for action in actions if action.endswith(":*")]


def test_who_asks_for_a_replay_may_touch_nothing_of_the_live_job() -> None:
    policy = resources("AWS::IAM::ManagedPolicy")["ReplayRights"]
    statements = policy["PolicyDocument"]["Statement"]
    names = {text.rpartition("/")[2] for one in statements for text in texts(one["Resource"])}
    live = {PROFILE.topics.transactions, PROFILE.topics.decisions, PROFILE.topics.rules}
    changes = ("Write", "Create", "Delete", "Put", "Start", "Stop", "Alter")
    changing = {
        (action, text)
        for one in statements
        for action in one["Action"]
        if action.split(":")[1].startswith(changes)
        for text in texts(one["Resource"])
    }
    assert live <= names
    own = ("risk.decisions.replay-*", "application/${Name}-replay-*", "${CodeBucket}/replays/*")
    assert {text for _, text in changing if not text.endswith(own)} == set()
    assert {next(end for end in own if text.endswith(end)) for _, text in changing} == set(own)
    assert "*" not in [one["Resource"] for one in statements]


def test_who_publishes_a_replay_may_beside_that_write_decisions_and_number_runs_and_no_more() -> None:
    policy = resources("AWS::IAM::ManagedPolicy")["PublishRights"]
    allowed = {
        (action, text.rpartition(":")[2].replace("${ClusterPath}", "CLUSTER"))
        for one in policy["PolicyDocument"]["Statement"]
        for action in one["Action"]
        for text in texts(one["Resource"])
    }
    assert allowed == {
        *((f"kafka-cluster:{it}", "${ClusterArn}") for it in ("Connect", "DescribeCluster")),
        ("kafka-cluster:WriteDataIdempotently", "${ClusterArn}"),
        *((f"kafka-cluster:{it}", "topic/CLUSTER/risk.decisions") for it in ("DescribeTopic", "WriteData")),
        *((f"s3:{it}", "${CodeBucket}/runs/${Name}") for it in ("GetObject", "PutObject")),
    }


def test_packages_of_replays_do_not_stay_in_the_bucket() -> None:
    text = (ROOT / "deploy" / "aws" / "data.yaml").read_text()
    [rule] = re.findall(r"- Id: replays\n((?: {12}.*\n)+)", text)
    assert f"Prefix: {replays.FOLDER}/\n" in rule
    assert "ExpirationInDays: 7" in rule


def test_the_job_of_a_replay_may_write_to_topics_of_replays_alone() -> None:
    [policy] = resources("AWS::IAM::Role")["ReplayRole"]["Policies"]
    written = [
        text.partition("${ClusterPath}/")[2]
        for one in policy["PolicyDocument"]["Statement"]
        if "kafka-cluster:WriteData" in one["Action"]
        for text in texts(one["Resource"])
    ]
    assert written == ["risk.decisions.replay-*"]


def test_every_program_is_a_service_with_a_role_of_its_own() -> None:
    services = resources("AWS::ECS::Service")
    assert {one["ServiceName"] for one in services.values()} == set(programs.names(PROFILE))
    tasks = resources("AWS::ECS::TaskDefinition")
    roles = [task["TaskRoleArn"]["Fn::GetAtt"][0] for task in tasks.values()]
    assert len(roles) == len(set(roles)) == len(services) + 1


def test_every_alert_rule_is_an_alarm_or_is_named_as_one_that_needs_prometheus() -> None:
    assert watch.MAPPED.keys() | watch.UNMAPPED == {alert.name for alert in ALERTS}
    page = (ROOT / "docs" / "aws.md").read_text()
    assert [name for name in sorted(watch.UNMAPPED) if f"`{name}`" not in page] == []
    alarms = resources("AWS::CloudWatch::Alarm")
    assert {next(one for one in watch.MAPPED if name.startswith(one)) for name in alarms} == set(watch.MAPPED)


def test_secrets_of_channels_come_from_variables_and_a_file_of_this_machine_is_refused() -> None:
    assert alerts.secret_variables(PROFILE) == ["SES_PASSWORD", "SLACK_WEBHOOK"]
    wrong = replace(PROFILE, notify=Notify(channels={"slack": {"webhook_file": "/run/webhook"}}))
    with pytest.raises(UsageError, match=r"notify\.channels\.slack\.webhook_file names a file"):
        template.document(wrong)


def test_a_registry_of_schemas_is_refused_by_the_package(tmp_path: Path) -> None:
    told = replace(PROFILE, schema_registry=SchemaRegistry(url="https://registry.example.org"))
    with pytest.raises(UsageError, match="no place for what a schema registry asks"):
        package.of_profile(told, tmp_path / "job.zip")


def test_a_sink_without_a_store_there_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match="no store for the sink elasticsearch"):
        template.document(replace(PROFILE, sinks={"elasticsearch": {}}))


def test_no_path_of_the_machine_that_made_it_is_in_a_template() -> None:
    for file in (ROOT / "deploy" / "aws").glob("*.yaml"):
        assert str(ROOT) not in file.read_text(), file
        assert str(PROFILE.rules) not in file.read_text(), file


def test_the_template_fits_into_what_cloudformation_takes_from_a_bucket() -> None:
    assert len(template.text(PROFILE)) < 1_000_000
