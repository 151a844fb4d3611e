"""Profiles: what they say, and what of it is kept with a stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.errors import ProfileError
from fraudctl.home.stack import Stack
from fraudctl.settings import profile, shipped
from fraudctl.settings.reading import load
from pipeline import sinks
from pipeline.projector import Config
from tests.unit.fraudctl.settings.profiles import again, problems_of, write


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
