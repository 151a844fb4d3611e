"""Every problem of a profile at once, by its path, in few words and without a secret."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from fraudctl.errors import ProfileError, UsageError
from fraudctl.settings.reading import load
from tests.unit.fraudctl.settings.profiles import problems_of, write


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
        load(file)
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
        "servers.redis.external.credentials_file",
        "sinks.oracle",
        "topics.decisions",
        "topics.labels",
        "topics.rules",
    ]
    assert all(problem in caught.value.message for problem in caught.value.problems)


def test_a_profile_is_any_file_a_path_names_also_without_a_suffix_and_below_the_users_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "rules: rules.yaml\npartitions: 7").rename(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [load(name).partitions for name in ("mine", "./mine", "~/mine", tmp_path / "mine")] == [7] * 4


def test_an_unknown_profile_is_a_usage_error_that_names_the_shipped_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load("nope")
    assert caught.value.exit_code == 2
    assert "all-sinks, aws, bench, by-ip, default, durable, payments-raw" in caught.value.hint


def test_a_sink_refuses_what_it_cannot_be_told_with_the_name_that_was_perhaps_meant(tmp_path: Path) -> None:
    text = """
rules: rules.yaml
sinks:
  redis: {flag_ttll: 5m, mark_ttl: banana, gather: 1m}
  postgres: {batch: many}
  dynamodb: {create: maybe, threads: 0, table: a b}
  elasticsearch: {flagged_only: 1, index: Risk, colour: red}
  parquet: {url: "http://x/y", batch: , endpoint: here}
"""
    assert problems_of(write(tmp_path, text)) == [
        "sinks.dynamodb.table: must be a table's name, not 'a b'",
        "sinks.dynamodb.threads: must be a whole number from 1 to 256, not 0",
        "sinks.dynamodb.create: must be true or false, not 'maybe'",
        "sinks.elasticsearch.colour: unknown setting (known: api_key_file, batch, ca_certs, ca_file, "
        "cert_file, flagged_only, gather, index, key_file, key_password_file, password_file, retention)",
        "sinks.elasticsearch.flagged_only: must be true or false, not 1",
        "sinks.elasticsearch.index: must be an index's name in small letters, not 'Risk'",
        "sinks.parquet.batch: has no value",
        "sinks.parquet.url: must be file:///folder or s3://bucket/prefix, not 'http://x/y'",
        "sinks.parquet.endpoint: must be a URL, not 'here'",
        "sinks.postgres.batch: must be a whole number from 1 to 1000000, not 'many'",
        "sinks.redis.flag_ttll: unknown; did you mean flag_ttl",
        "sinks.redis.gather: must be from 1ms to 5s, not 1m",
        "sinks.redis.mark_ttl: 'banana' is not a duration such as 500ms, 30s, 5m, 24h or 30d",
    ]


def test_a_channel_and_a_server_refuse_what_they_cannot_be_told(tmp_path: Path) -> None:
    text = """
rules: rules.yaml
sinks: {dynamodb: {}}
notify:
  digest_windw_ms: 3s
  channels:
    slack: {timeout: soon, webhok: x}
    email: {host: h, port: 0, security: sometimes}
servers:
  kafka:
    ports: {brocker: 1, controller: 99999}
    settings: {"log.dirs ": x, num.io.threads: [1], a: "b\\nc=d"}
  redis: {settings: {maxmemory: 1}, memory: 3}
"""
    kafka, names = "servers.kafka", "a setting's name: letters, digits, dot, dash, underscore"
    assert problems_of(write(tmp_path, text)) == [
        f"{kafka}.ports.brocker: unknown; did you mean broker",
        f"{kafka}.ports.controller: must be a whole number from 1 to 65535, not 99999",
        f"{kafka}.settings.log.dirs : must be {names}, not 'log.dirs '",
        f"{kafka}.settings.num.io.threads: must be a text, a number, true or false",
        f"{kafka}.settings.a: must be one line of at most 1000 characters",
        "servers.redis.memory: unknown; did you mean memory_mb",
        "servers.redis.settings.maxmemory: unknown setting (known: none)",
        "notify.digest_windw_ms: unknown; did you mean digest_window_ms",
        "notify.channels.email.from: is missing",
        "notify.channels.email.to: is missing",
        "notify.channels.email.port: must be a whole number from 1 to 65535, not 0",
        "notify.channels.email.security: must be one of starttls, tls, none, is 'sometimes'",
        "notify.channels.slack.webhok: unknown; did you mean webhook",
        "notify.channels.slack.timeout: must be above 0 and at most 25, not 'soon'",
    ]
    text = "rules: rules.yaml\nsinks: {dynamodb: {}}\nnotify: {channels: {slack: {timeout: 5}}}\n"
    assert problems_of(write(tmp_path, text)) == [
        "notify.channels.slack: slack needs webhook_file (or webhook): the URL of an incoming webhook"
    ]


@pytest.mark.parametrize("name", ["x" * 5_000, "x" * 5_000 + ".yaml", "a/" * 3_000, "x\0y", "~nobody-here/x"])
def test_a_name_no_file_can_have_names_no_rule_set(tmp_path: Path, name: str) -> None:
    assert problems_of(write(tmp_path, f"rules: {json.dumps(name)}"))[0].startswith("rules: ")


@pytest.mark.parametrize(
    "text",
    [
        'notify: {channels: {slack: {webhook: "hooks.slack.com/services/CANARY"}}}',
        'servers: {redis: {external: {address: "redis://me:CAN/ARY@127.0.0.1:1/0"}}}',
        'servers: {redis: {external: {address: "redis://me:CAN#ARY@127.0.0.1:1/0"}}}',
        'servers: {redis: {external: {address: "redis://127.0.0.1:1/0?password=CANARY"}}}',
        'servers: {postgres: {external: {address: "postgresql://me:CAN%ARY@127.0.0.1:1/db"}}}',
        'servers: {postgres: {external: {address: "postgresql://me@127.0.0.1:1/db?password=CANARY"}}}',
        'servers: {postgres: {external: {address: "host=127.0.0.1 user=me password=CANARY"}}}',
        'servers: {kafka: {external: {bootstrap: "me:CANARY@127.0.0.1:9092"}}}',
        'servers: {kafka: {external: {bootstrap: "h:1", security: oauth, token_url: "https://me:CANARY@h/t"}}}',
        'servers: {flink: {external: {address: "http://me:CANARY@127.0.0.1:1"}}}',
        'schema_registry: {url: "me:CANARY@127.0.0.1:1"}',
        'sinks: {parquet: {url: "s3://bucket/x", endpoint: "https://me:CANARY@127.0.0.1:1"}}',
        'sinks: {parquet: {url: "s3://me:CANARY@bucket/x"}}',
        'checkpoints: {url: "s3://bucket/x", endpoint: "https://me:CANARY@127.0.0.1:1"}',
    ],
    ids=range(14),
)
def test_a_password_where_none_is_looked_for_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    found = problems_of(write(tmp_path, text))
    assert found != []
    assert "CAN" not in "".join(found)
    assert "ARY" not in "".join(found)


@pytest.mark.slow
def test_very_many_mistakes_are_refused_at_once(tmp_path: Path) -> None:
    texts = [
        "fields: {" + ",".join(f"f{n}: 1" for n in range(80_000)) + "}\n",
        "servers: {kafka: {" + ",".join(f"memory_m{n}: 1" for n in range(50_000)) + "}}\n",
    ]
    for text in texts:
        began = time.process_time()
        assert problems_of(write(tmp_path, text)) != []
        assert time.process_time() - began < 10
