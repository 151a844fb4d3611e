"""Profiles: layers, sources, and every problem at once."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from fraudctl.errors import ProfileError, UsageError
from fraudctl.home.stack import Stack
from fraudctl.settings import profile, shipped
from fraudctl.settings.reading import load
from pipeline import sinks
from pipeline.projector import Config


def write(folder: Path, text: str) -> Path:
    (folder / "rules.yaml").write_text("version: 1\n")
    file = folder / "mine.yaml"
    file.write_text(text)
    return file


def again(written: profile.Profile) -> profile.Profile:
    """The profile as it is read back from a file that it was written to."""
    return TypeAdapter(profile.Profile).validate_json(json.dumps(written.as_document()))


def test_every_shipped_profile_is_valid() -> None:
    loaded = {name: load(name) for name in shipped.profile_names()}
    assert {name: one.topics.transactions for name, one in loaded.items()} == {
        "all-sinks": "risk.transactions",
        "bench": "risk.transactions",
        "by-ip": "risk.transactions",
        "default": "risk.transactions",
        "durable": "risk.transactions",
        "aws": "risk.transactions",
        "payments-raw": "payments.raw",
    }


def test_the_default_profile_says_what_the_defaults_are(tmp_path: Path) -> None:
    assert load("default").topics == load(write(tmp_path, "rules: rules.yaml")).topics
    assert load("default").pipeline == load(write(tmp_path, "rules: rules.yaml")).pipeline
    assert load("default").pipeline == profile.Pipeline(1, 50, 3_600_000, 1000, 65_536, 10_000)


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


def test_durations_may_be_texts_or_milliseconds(tmp_path: Path) -> None:
    file = write(tmp_path, "rules: rules.yaml\nretention_ms: 7d\npipeline: {dedup_window_ms: 90000}")
    loaded = load(file)
    assert (loaded.retention_ms, loaded.pipeline.dedup_window_ms) == (604_800_000, 90_000)


def test_an_external_server_names_its_address_and_password_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    file = write(
        tmp_path,
        "rules: rules.yaml\n"
        "servers: {postgres: {external: {address: 'postgresql://me@db:5432/x', credentials_file: secret}}}",
    )
    loaded = load(file)
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
    loaded = load(file)
    assert again(loaded) == loaded


def test_a_servers_own_settings_may_have_dots_in_their_names_and_must_have_values(tmp_path: Path) -> None:
    settings = "rules: rules.yaml\nservers: {kafka: {settings: {num.io.threads: %s}}}"
    loaded = load(write(tmp_path, settings % 2))
    assert loaded.server("kafka").settings == {"num.io.threads": 2}
    with pytest.raises(ProfileError) as caught:
        load(write(tmp_path, settings % ""))
    assert caught.value.problems == ("servers.kafka.settings.num.io.threads: has no value",)


def test_a_file_without_sinks_has_the_usual_two_and_one_with_sinks_has_those(tmp_path: Path) -> None:
    assert set(load(write(tmp_path, "rules: rules.yaml")).sinks) == {"postgres", "redis"}
    assert set(load(write(tmp_path, "rules: rules.yaml\nsinks: {redis: {}}")).sinks) == {"redis"}


def test_the_profile_of_all_sinks_leaves_none_out() -> None:
    assert set(load("all-sinks").sinks) == set(shipped.sink_names())


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


def test_channels_of_notifications_find_their_secrets_beside_the_profile(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("https://example.com/x\n")
    text = "rules: rules.yaml\nsinks: {dynamodb: {}}\nnotify:\n  digest_window_ms: 30s\n"
    loaded = load(write(tmp_path, text + "  channels: {slack: {webhook_file: hook}}\n"))
    assert loaded.notify == profile.Notify({"slack": {"webhook_file": str(tmp_path / "hook")}}, 30_000, 5)
    assert again(loaded).notify == loaded.notify


def test_channels_without_alerts_and_channels_that_are_none_are_problems(tmp_path: Path) -> None:
    text = "rules: rules.yaml\nsinks: {redis: {}}\n"
    text += "notify: {channels: {pager: {}, slack: {webhook_file: gone}}}\n"
    with pytest.raises(ProfileError) as caught:
        load(write(tmp_path, text))
    assert list(caught.value.problems) == [
        f"notify.channels.pager: unknown setting (known: {', '.join(shipped.channel_names())})",
        "notify.channels: needs the sink dynamodb, whose alerts it tells of",
        f"notify.channels.slack.webhook_file: there is no file {tmp_path / 'gone'}",
    ]


def problems_of(file: Path, environ: dict[str, str] | None = None, **overrides: object) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        load(file, {name.replace("__", "."): value for name, value in overrides.items()}, environ)
    assert caught.value.exit_code == 2
    return list(caught.value.problems)


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


def test_files_of_sinks_lie_beside_the_profile_and_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "rules: rules.yaml\nsinks: {parquet: {url: 's3://b/p', credentials_file: s3.secret}}\n"
    text += "servers: {postgres: {external: {address: 'postgresql://x@h/db', credentials_file: pg.secret}}}\n"
    file = write(tmp_path, text)
    assert problems_of(file) == [
        f"sinks.parquet.credentials_file: there is no file {tmp_path / 's3.secret'}",
        f"servers.postgres.external.credentials_file: there is no file {tmp_path / 'pg.secret'}",
    ]
    for name in ("s3.secret", "pg.secret"):
        (tmp_path / name).write_text("k:s")
    stack = Stack(tmp_path, load(file), {})
    monkeypatch.chdir("/")
    assert stack.secret_path("parquet") == tmp_path / "s3.secret"
    assert stack.secret("parquet") == stack.secret("postgres") == "k:s"


@pytest.mark.parametrize("sink", shipped.sink_names())
def test_what_loads_also_starts_and_what_does_not_load_does_not_start(sink: str, tmp_path: Path) -> None:
    chosen = load(write(tmp_path, f"rules: rules.yaml\nsinks: {{{sink}: {{batch: 9, gather: 2s}}}}"))
    config = Config(sink, "", "", "", "", chosen.sinks[sink], "", None, tmp_path)
    assert (config.batch, config.gather_s) == (9, 2.0)
    with pytest.raises(ValueError, match=f"{sink}|gather") as caught:
        sinks.connect(sink, "file:///x", None, {"batch": 0, "gater": "1s"})
    assert str(caught.value) == (
        "batch: must be a whole number from 1 to 1000000, not 0\ngater: unknown; did you mean gather"
    )


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in pairwise("abcdefghijklm"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("partitions: 4\npartitions: 8\n", "line 2: partitions appears twice"),
        ("sinks: {redis: {}}\nsinks: {}\n", "line 2: sinks appears twice"),
        ("sinks:\n  redis: {}\n  redis: {batch: 1}\n", "line 3: redis appears twice"),
        (BOMB, "line 1: anchors and aliases are not allowed"),
        ("partitions: !!python/name:os.system x\n", "line 1: tags are not allowed"),
        ("rules: r\nsinks: " + "[" * 5_000 + "]" * 5_000, "line 2: nested deeper than 10"),
        ("rules: r\n" + "n" * 900 + ": 1\n", "line 2: a name of more than 250 characters"),
        ("? [a, b]\n: 1\n", "line 1: a key must be plain text"),
        ("rules: r\npartitions: 1e999\n", "line 2: 1e999 is too large"),
        ("rules: 'x\n", "line 2: not YAML: found unexpected end of stream"),
        ("a: " + "x" * 1_000_000, "longer than 1000000 characters"),
        ("- a\n", "the file must be a mapping of settings"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused_with_the_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert problems_of(write(tmp_path, text)) == [problem]


def test_no_message_is_long_however_long_what_is_wrong_is(tmp_path: Path) -> None:
    digits, name = "9" * 5_000, "n" * 200
    lines = [f"partitions: {digits}", f"rules: {digits}", f"{name}: 1", f"topics: {{decisions: {digits}}}"]
    lines += [f"sinks: {{redis: {{batch: {digits}, flag_ttl: {digits}, {name}: {digits}}}}}"]
    lines += [f"setting_{number}: {digits}" for number in range(100)]
    with pytest.raises(ProfileError) as caught:
        load(write(tmp_path, "\n".join(lines)))
    assert len(caught.value.problems) == 107
    assert len(caught.value.message) < 10_000
    assert caught.value.message.endswith("\n  and 57 more")


@pytest.mark.parametrize("name", ["x" * 5_000, "x" * 5_000 + ".yaml", "a/" * 3_000, "x\0y", "~nobody-here/x"])
def test_a_name_no_file_can_have_names_no_profile(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(name)
    assert (caught.value.exit_code, len(caught.value.message) < 200) == (2, True)
    assert problems_of(write(tmp_path, f"rules: {json.dumps(name)}"))[0].startswith("rules: ")


def test_what_ids_may_be_is_said_in_a_file_or_the_environment_and_kept_with_the_stack(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("pipeline:\n  ids: {allow: any}\n", encoding="utf-8")
    found = load(file, {}, {"FRAUDCTL_PIPELINE_IDS_MAX_BYTES": "300"})
    assert found.pipeline.ids == profile.Ids("any", 300)
    assert again(found) == found
    file.write_text("pipeline:\n  ids: {allow: some, max_bytes: 5000, width: 1}\n", encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        load(file)
    assert sorted(str(problem).partition(":")[0] for problem in refused.value.problems) == [
        "pipeline.ids.allow",
        "pipeline.ids.max_bytes",
        "pipeline.ids.width",
    ]


def test_fields_are_masked_by_name_and_what_asks_for_a_decision_cannot_be(tmp_path: Path) -> None:
    rules = "rules: rules.yaml\n"
    loaded = load(write(tmp_path, rules + "fields: {ip: {mask: true}, email: {mask: false}, card_id: {}}"))
    assert loaded.masks.fields == {"ip"}
    assert again(loaded).masks == loaded.masks
    with pytest.raises(ProfileError) as caught:
        load(write(tmp_path, rules + "fields: {event_id: {mask: true}, ip: {hide: true}, x: {mask: 3}}"))
    paths = sorted(problem.partition(":")[0] for problem in caught.value.problems)
    assert paths == ["fields.event_id", "fields.ip.hide", "fields.x.mask"]


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


def test_very_many_mistakes_are_refused_at_once(tmp_path: Path) -> None:
    texts = [
        "fields: {" + ",".join(f"f{n}: 1" for n in range(80_000)) + "}\n",
        "servers: {kafka: {" + ",".join(f"memory_m{n}: 1" for n in range(50_000)) + "}}\n",
    ]
    for text in texts:
        began = time.process_time()
        assert problems_of(write(tmp_path, text)) != []
        assert time.process_time() - began < 10
