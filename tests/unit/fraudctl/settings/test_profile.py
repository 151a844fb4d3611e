"""Profiles: layers, sources, and every problem at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraudctl.errors import ProfileError, UsageError
from fraudctl.settings import profile


def write(folder: Path, text: str) -> Path:
    (folder / "rules.yaml").write_text("version: 1\n")
    file = folder / "mine.yaml"
    file.write_text(text)
    return file


def test_every_shipped_profile_is_valid() -> None:
    loaded = {name: profile.load(name) for name in profile.names()}
    assert {name: one.topics.transactions for name, one in loaded.items()} == {
        "all-sinks": "risk.transactions",
        "bench": "risk.transactions",
        "default": "risk.transactions",
        "payments-raw": "payments.raw",
    }


def test_the_default_profile_says_what_the_defaults_are(tmp_path: Path) -> None:
    assert profile.load("default").topics == profile.load(write(tmp_path, "rules: rules.yaml")).topics
    assert profile.load("default").pipeline == profile.load(write(tmp_path, "rules: rules.yaml")).pipeline
    assert profile.load("default").pipeline == profile.Pipeline(1, 50, 3_600_000, 1000, 65_536, 10_000)


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path: Path) -> None:
    file = write(tmp_path, "rules: rules.yaml\npartitions: 2\npipeline: {parallelism: 2, max_entries: 20}")
    environ = {"FRAUDCTL_PIPELINE_PARALLELISM": "3", "FRAUDCTL_PARTITIONS": "3"}
    loaded = profile.load(file, {"partitions": 4}, environ)
    assert (loaded.partitions, loaded.pipeline.parallelism, loaded.pipeline.max_entries) == (4, 3, 20)
    asked = ("partitions", "pipeline.parallelism", "pipeline.max_entries", "pipeline.max_event_bytes")
    assert [loaded.sources[path] for path in asked] == [
        "flag",
        "environment FRAUDCTL_PIPELINE_PARALLELISM",
        "file",
        "default",
    ]


def test_every_problem_is_reported_at_once_by_its_path(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
rules: nowhere.yaml
partitions: 0
colour: red
topics: {decisions: "a b", labels: risk.rules}
pipeline: {parallelism: two, checkpoint_interval_ms: 10 seconds, speed: 3}
sinks: {oracle: {}}
servers:
  kafka: {port: 70000, heap: 1}
  redis: {external: {credentials_file: x}}
  flink: {external: {address: "flink:8081", credentials_file: rules.yaml}}
  mongo: {}
""",
    )
    with pytest.raises(ProfileError) as caught:
        profile.load(file)
    paths = sorted(problem.partition(":")[0] for problem in caught.value.problems)
    assert paths == [
        "colour",
        "partitions",
        "pipeline.checkpoint_interval_ms",
        "pipeline.parallelism",
        "pipeline.speed",
        "rules",
        "servers.flink.external.credentials_file",
        "servers.kafka.heap",
        "servers.kafka.port",
        "servers.mongo",
        "servers.redis.external.address",
        "sinks.oracle",
        "topics.decisions",
        "topics.labels",
        "topics.rules",
    ]
    assert all(problem in caught.value.message for problem in caught.value.problems)


def test_durations_may_be_texts_or_milliseconds(tmp_path: Path) -> None:
    file = write(tmp_path, "rules: rules.yaml\nretention_ms: 7d\npipeline: {dedup_window_ms: 90000}")
    loaded = profile.load(file)
    assert (loaded.retention_ms, loaded.pipeline.dedup_window_ms) == (604_800_000, 90_000)


def test_an_external_server_names_its_address_and_password_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    file = write(
        tmp_path,
        "rules: rules.yaml\n"
        "servers: {postgres: {external: {address: 'postgresql://me@db:5432/x', credentials_file: secret}}}",
    )
    loaded = profile.load(file)
    assert loaded.server("postgres").external == profile.External(
        "postgresql://me@db:5432/x", tmp_path / "secret"
    )
    assert loaded.server("kafka").external is None


def test_a_profile_survives_being_written_and_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    file = write(
        tmp_path,
        "rules: rules.yaml\nsinks: {redis: {flag_ttl: 24h}}\n"
        "servers: {kafka: {settings: {num.io.threads: 2}, ports: {controller: 1234}},\n"
        "          redis: {external: {address: 'redis://r:1/0', credentials_file: secret}}}",
    )
    loaded = profile.load(file)
    assert profile.from_document(json.loads(json.dumps(loaded.as_document()))) == loaded


def test_a_servers_own_settings_may_have_dots_in_their_names_and_must_have_values(tmp_path: Path) -> None:
    settings = "rules: rules.yaml\nservers: {kafka: {settings: {num.io.threads: %s}}}"
    loaded = profile.load(write(tmp_path, settings % 2))
    assert loaded.server("kafka").settings == {"num.io.threads": 2}
    with pytest.raises(profile.ProfileError) as caught:
        profile.load(write(tmp_path, settings % ""))
    assert caught.value.problems == ("servers.kafka.settings.num.io.threads: has no value",)


def test_a_file_without_sinks_has_the_usual_two_and_one_with_sinks_has_those(tmp_path: Path) -> None:
    assert set(profile.load(write(tmp_path, "rules: rules.yaml")).sinks) == {"postgres", "redis"}
    assert set(profile.load(write(tmp_path, "rules: rules.yaml\nsinks: {redis: {}}")).sinks) == {"redis"}


def test_the_profile_of_all_sinks_leaves_none_out() -> None:
    assert set(profile.load("all-sinks").sinks) == set(profile.sink_names())


def test_an_unknown_profile_is_a_usage_error_that_names_the_shipped_ones() -> None:
    with pytest.raises(UsageError) as caught:
        profile.load("nope")
    assert caught.value.exit_code == 2
    assert "all-sinks, bench, default, payments-raw" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("24h", 86_400_000), ("30d", 2_592_000_000)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: int) -> None:
    assert profile.parse_duration_ms(text) == expected


@pytest.mark.parametrize("text", ["", "5", "m", "-1s", "1.5s", "5 weeks", "1s2s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        profile.parse_duration_ms(text)


def test_channels_of_notifications_find_their_secrets_beside_the_profile(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("https://example.com/x\n")
    text = "rules: rules.yaml\nsinks: {dynamodb: {}}\nnotify:\n  digest_window_ms: 30s\n"
    loaded = profile.load(write(tmp_path, text + "  channels: {slack: {webhook_file: hook}}\n"))
    assert loaded.notify == profile.Notify({"slack": {"webhook_file": str(tmp_path / "hook")}}, 30_000, 5)
    assert profile.from_document(json.loads(json.dumps(loaded.as_document()))).notify == loaded.notify


def test_channels_without_alerts_and_channels_that_are_none_are_problems(tmp_path: Path) -> None:
    text = "rules: rules.yaml\nsinks: {redis: {}}\n"
    text += "notify: {channels: {pager: {}, slack: {webhook_file: gone}}}\n"
    with pytest.raises(ProfileError) as caught:
        profile.load(write(tmp_path, text))
    assert list(caught.value.problems) == [
        f"notify.channels.pager: unknown setting (known: {', '.join(profile.channel_names())})",
        "notify.channels: needs the sink dynamodb, whose alerts it tells of",
        f"notify.channels.slack.webhook_file: there is no file {tmp_path / 'gone'}",
    ]
