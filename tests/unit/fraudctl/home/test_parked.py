"""Secrets that come with a profile end in files of the home."""

from __future__ import annotations

import json
from pathlib import Path

from fraudctl.home import parked
from fraudctl.settings import reading
from fraudctl.settings.profile import External

PROFILE = """\
sinks: {dynamodb: {}, redis: {}, postgres: {}}
notify:
  channels:
    slack: {webhook_variable: FRAUDCTL_HOOK}
    email: {host: h, from: a@b, to: c@d, password: CANARY-mail}
servers:
  redis: {external: {address: "redis://me:CANARY%2Fredis@r:1/0"}}
"""


def test_no_secret_stays_in_a_profile_or_its_environment_and_programs_find_each(tmp_path: Path) -> None:
    file, folder = tmp_path / "p.yaml", tmp_path / "home" / "secrets"
    file.write_text(PROFILE)
    environ = {
        "FRAUDCTL_HOOK": "https://CANARY-hook",
        "FRAUDCTL_SERVERS_POSTGRES_EXTERNAL_ADDRESS": "postgresql://me:CANARY-pg@h/d",
    }
    left = parked.park(reading.load(file, environ=environ), folder, environ)
    assert environ == {}
    assert "CANARY" not in json.dumps(left.as_document())
    assert {one.name: one.read_text() for one in folder.iterdir()} == {
        "notify-slack-webhook": "https://CANARY-hook\n",
        "notify-email-password": "CANARY-mail\n",
        "external-redis": "CANARY/redis\n",
        "external-postgres": "CANARY-pg\n",
    }
    assert left.notify.channels["slack"] == {"webhook_file": str(folder / "notify-slack-webhook")}
    assert left.server("redis").external == External("redis://me@r:1/0", folder / "external-redis")
    without = {"FRAUDCTL_SERVERS_POSTGRES_EXTERNAL_ADDRESS": "postgresql://me:CANARY-pg@h/d"}
    again = parked.park(reading.load(file, environ=without), folder, without)
    assert again.as_document() == left.as_document()


def test_a_profile_is_shown_without_its_secrets() -> None:
    assert parked.shown("notify.channels.slack.webhook", "https://x") == parked.HIDDEN
    assert parked.shown("notify.channels.slack.webhook_file", "/f") == "/f"
    assert parked.shown("servers.redis.external.address", "redis://a:b@c/0") == "redis://a:(secret)@c/0"
    assert parked.shown("servers.redis.external.address", "redis://c/0") == "redis://c/0"
    assert parked.shown("partitions", 4) == 4
