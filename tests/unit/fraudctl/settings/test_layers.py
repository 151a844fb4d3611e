"""Where a setting comes from: a flag, the environment, the file, a default."""

from __future__ import annotations

from pathlib import Path

from fraudctl.settings import profile
from fraudctl.settings.reading import load
from tests.unit.fraudctl.settings.profiles import problems_of, write


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path: Path) -> None:
    file = write(tmp_path, "rules: rules.yaml\npartitions: 2\npipeline: {parallelism: 2, max_entries: 20}")
    environ = {"FRAUDCTL_PIPELINE_PARALLELISM": "3", "FRAUDCTL_PARTITIONS": "3"}
    loaded = load(file, {"partitions": 4}, environ)
    assert (loaded.partitions, loaded.pipeline.parallelism, loaded.pipeline.max_entries) == (4, 3, 20)
    asked = ("partitions", "pipeline.parallelism", "pipeline.max_entries", "pipeline.max_event_bytes")
    assert [loaded.sources[path] for path in asked] == [
        "flag",
        "environment FRAUDCTL_PIPELINE_PARALLELISM",
        "file",
        "default",
    ]


def test_an_environment_variable_that_sets_nothing_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "rules: rules.yaml\nsinks: {redis: {}}")
    environ = {
        "FRAUDCTL_PARTITION": "8",
        "FRAUDCTL_PARTITIONS": "8",
        "FRAUDCTL_SINKS_REDIS_FLAGTTL": "5m",
        "FRAUDCTL_SINKS_PARQUET_URL": "file:///x",
        "FRAUDCTL_ZZZ": "1",
        "FRAUDCTL_HOME": "/x",
        "PARTITION": "8",
    }
    assert problems_of(file, environ) == [
        "FRAUDCTL_SINKS_PARQUET_URL: sets nothing: this profile has no sinks.parquet",
        "FRAUDCTL_PARTITION: unknown; did you mean FRAUDCTL_PARTITIONS",
        "FRAUDCTL_SINKS_REDIS_FLAGTTL: unknown; did you mean FRAUDCTL_SINKS_REDIS_FLAG_TTL",
        "FRAUDCTL_ZZZ: unknown",
    ]
    assert problems_of(file, {}, partition=8) == ["partition: unknown; did you mean partitions"]


def test_a_variable_that_a_channel_reads_its_secret_from_is_no_unknown_one(tmp_path: Path) -> None:
    text = "rules: rules.yaml\nsinks: {dynamodb: {}}\n"
    text += "notify: {channels: {slack: {webhook_variable: FRAUDCTL_HOOK}}}\n"
    loaded = load(write(tmp_path, text), environ={"FRAUDCTL_HOOK": "https://example.com/x"})
    assert loaded.notify.channels == {"slack": {"webhook_variable": "FRAUDCTL_HOOK"}}


def test_the_environment_sets_what_a_plug_in_can_be_told_also_where_the_file_does_not(tmp_path: Path) -> None:
    file = write(tmp_path, "rules: rules.yaml\nsinks: {redis: {batch: 7}}")
    names = ("SINKS_REDIS_GATHER", "SERVERS_KAFKA_PORTS_CONTROLLER", "SERVERS_REDIS_EXTERNAL_ADDRESS")
    environ = dict(zip([f"FRAUDCTL_{name}" for name in names], ["20ms", "1234", "redis://r/0"], strict=True))
    loaded = load(file, environ=environ)
    assert loaded.sinks == {"redis": {"batch": 7, "gather": "20ms"}}
    assert loaded.server("kafka").ports == {"controller": 1234}
    assert loaded.server("redis").external == profile.External("redis://r/0")
    assert loaded.sources["sinks.redis.gather"] == "environment FRAUDCTL_SINKS_REDIS_GATHER"
