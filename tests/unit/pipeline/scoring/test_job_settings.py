"""What Flink is told of a job, by its submitter and by the job itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.records.members import Malformed
from pipeline.rules.plan import PlanSettings
from pipeline.scoring import job_settings
from pipeline.scoring.job_config import JobConfig, JobTopics
from pipeline.scoring.signature import Trust

ALONE = JobConfig(
    name="live",
    bootstrap="kafka:9092",
    topics=JobTopics("t", "d", "r", "rules", "shadow"),
    ruleset={"version": "1"},
    run=3,
    max_message_bytes=1_000_000,
    settings=PlanSettings(),
    hops=("user_id",),
    trust=Trust("prod", "rules", ("a2V5",)),
)
HANDED_OVER = replace(
    ALONE,
    flink="127.0.0.1:8081",
    flink_conf_dir="/conf",
    parallelism=2,
    jars=("/c/kernel.jar", "/c/connector.jar"),
    checkpoints="file:///c/run-3",
    checkpoint_interval_ms=10_000,
    restore="file:///c/run-3/chk-7",
)
ITS_OWN = {
    "pipeline.name": "live",
    "pipeline.object-reuse": "true",
    "pipeline.max-parallelism": "128",
    "pipeline.generic-types": "false",
    "python.execution-mode": "thread",
}


def test_a_job_of_its_own_cluster_says_nothing_of_where_it_runs() -> None:
    assert job_settings.of_the_session(ALONE) == {}
    assert job_settings.of_the_job(ALONE) == ITS_OWN == job_settings.of_the_job(HANDED_OVER)


def test_a_session_cluster_is_told_all_that_its_submitter_knows() -> None:
    assert job_settings.of_the_session(HANDED_OVER) == {
        "execution.target": "remote",
        "execution.attached": "false",
        "rest.address": "127.0.0.1",
        "rest.port": "8081",
        "pipeline.jars": "file:///c/kernel.jar;file:///c/connector.jar",
        "parallelism.default": "2",
        "pipeline.auto-watermark-interval": "0 ms",
        "execution.checkpointing.interval": "10000 ms",
        "execution.checkpointing.dir": "file:///c/run-3",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.state-recovery.path": "file:///c/run-3/chk-7",
    }


@pytest.mark.parametrize("config", [ALONE, HANDED_OVER, replace(ALONE, python="process")])
def test_a_configuration_is_read_back_as_it_was(config: JobConfig) -> None:
    assert JobConfig.from_document(json.loads(json.dumps(config.as_document()))) == config


@pytest.mark.parametrize(("name", "value"), [("restore", "file:///c/chk-1"), ("parallelism", 4)])
def test_what_only_a_session_cluster_is_told_is_refused_without_one(name: str, value: object) -> None:
    with pytest.raises(Malformed) as caught:
        JobConfig.from_document(ALONE.as_document() | {name: value})
    assert str(caught.value) == (f"{name}: is not for the job to say where flink is not named")
