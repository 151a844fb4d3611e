"""A program in a task finds the stack that the template tells it of, and becomes itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fraudctl.aws import inside, placed, programs, template
from fraudctl.engines import workers
from fraudctl.errors import UsageError
from fraudctl.settings import reading

PROFILE = reading.load(template.PROFILE)
GIVEN = {
    "AWS::Region": "eu-central-1",
    "Bootstrap": "b-1.kafka:9098,b-2.kafka:9098",
    "PostgresAddress": "db.internal",
    "RedisAddress": "cache.internal",
    "TrainingBucket": "training-1",
}


def environ(home: Path) -> dict[str, str]:
    """As ECS gives it, once CloudFormation has filled the template in."""
    text = re.sub(r"\$\{([^}]+)\}", lambda found: GIVEN[found[1]], placed.text(PROFILE))
    text = text.replace(str(placed.HOME), str(home))
    return {
        inside.STACK: text,
        f"{inside.SECRET}POSTGRES": "of-postgres",
        f"{inside.SECRET}REDIS": "of-redis",
    }


def test_a_task_has_every_program_of_the_template_with_its_servers_and_secrets(tmp_path: Path) -> None:
    stack = inside.placed(tmp_path, environ(tmp_path))
    assert [one.name for one in workers.programs(stack)] == [
        "ticker",
        *(f"sink-{sink}" for sink in PROFILE.sinks),
        "exporter",
    ]
    assert {one.name for one in workers.programs(stack)} == set(programs.names(PROFILE))
    assert stack.kafka.bootstrap == GIVEN["Bootstrap"]
    assert (stack.kafka.security, stack.kafka.region) == ("aws_iam", "eu-central-1")
    assert stack.addresses == {
        "kafka": GIVEN["Bootstrap"],
        "postgres": "postgresql://fraudctl@db.internal:5432/risk",
        "redis": "rediss://default@cache.internal:6379/0",
        "dynamodb": "aws://eu-central-1",
    }
    assert (stack.secret("postgres"), stack.secret("redis")) == ("of-postgres", "of-redis")
    told = json.loads((tmp_path / "run" / "sink-parquet.json").read_text())
    assert told["address"] == "s3://training-1/decisions"
    assert told["metrics_port"] == placed.METRICS_PORT


def test_secrets_lie_in_files_for_their_owner_alone(tmp_path: Path) -> None:
    inside.placed(tmp_path, environ(tmp_path))
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "secrets").iterdir()} == {0o600}


def test_without_what_the_template_tells_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="FRAUDCTL_AWS_STACK is not set"):
        inside.placed(tmp_path, {})
