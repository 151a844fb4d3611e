"""A whole stack on servers elsewhere that want a certificate of ours: Kafka by that alone, stores beside it.

Each allows what `grants` prints and nothing else. Other ways in: `tests/stack/test_servers_elsewhere.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from fraudctl.engines.contract import WELL
from fraudctl.home.stack import Stack
from fraudctl.kafka import rights as kafka_rights
from fraudctl.settings import reading
from pipeline.sinks import rights
from tests.certificates import Authority
from tests.contract import secured
from tests.contract.conftest import elasticsearch_node
from tests.kafka_cluster import Cluster, running
from tests.stack import test_servers_elsewhere as on_servers_elsewhere
from tests.stack.cli import data_of
from tests.stack.flow import await_sinks

EVENTS = 2_000
KEY = "a2V5OnZhbHVl"
SERVERS = {"kafka", "postgres", "redis", "elasticsearch"}
SIMULATE = ("simulate", "--attack", "ip-burst", "--rate", "200", "--duration", "10s", "--seed", "3")
OURS = "ca_file: ca.pem, cert_file: risk.pem, key_file: risk.key.pem"
PROFILE = """\
pipeline: {{checkpoint_interval_ms: 2000}}
sinks:
  postgres: {{sslmode: verify-full, password_file: password, {ours}}}
  redis: {{password_file: password, {ours}}}
  elasticsearch: {{api_key_file: api.key, {ours}}}
servers:
  postgres: {{external: {{address: "{postgres}"}}}}
  redis: {{external: {{address: "{redis}"}}}}
  elasticsearch: {{external: {{address: "{elasticsearch}"}}}}
  kafka:
    external: {{bootstrap: "{kafka}", security: mtls, {ours}}}
"""

stack = on_servers_elsewhere.stack


@dataclass
class Elsewhere:
    """Servers of others, and the profile of a team with them."""

    profile: Path
    elasticsearch: secured.Elasticsearch


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    authority = Authority(folder / "authority")
    pair = authority.issue("server")
    closed = {"allow.everyone.if.no.acl.found": "false"}
    with ExitStack() as opened:
        kafka = opened.enter_context(running(Cluster(folder / "kafka", authority, closed)))
        postgres = opened.enter_context(secured.postgres(pair))
        redis = opened.enter_context(secured.valkey(pair))
        node = opened.enter_context(elasticsearch_node())
        elasticsearch = opened.enter_context(secured.elasticsearch(node.address, pair))
        for store in (postgres, redis, elasticsearch):
            store.want_certificates(authority.cert)
        made = Elsewhere(folder / "certificates.yaml", elasticsearch)
        _write(made.profile, authority, kafka, postgres, redis, elasticsearch)
        _grant(made, kafka, postgres, redis)
        yield made


def _write(
    profile: Path,
    authority: Authority,
    kafka: Cluster,
    postgres: secured.Postgres,
    redis: secured.Redis,
    elasticsearch: secured.Elasticsearch,
) -> None:
    """The profile, and our files beside it."""
    ours, folder = authority.issue("risk"), profile.parent
    texts = {
        "ca.pem": authority.cert.read_text(),
        "risk.pem": ours.cert.read_text(),
        "risk.key.pem": ours.key.read_text(),
        "password": "first\n",
        "api.key": f"{KEY}\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    profile.write_text(
        PROFILE.format(
            ours=OURS,
            kafka=kafka.at("MTLS"),
            postgres=postgres.address(),
            redis=redis.address(),
            elasticsearch=elasticsearch.address(),
        )
    )


def _grant(made: Elsewhere, kafka: Cluster, postgres: secured.Postgres, redis: secured.Redis) -> None:
    """What `grants` prints for the profile, and nothing beside it."""
    profile = reading.load(made.profile)
    kafka.allow("CN=risk", kafka_rights.needed(profile))
    postgres.ask("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
    postgres.ask("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    postgres.ask(rights.needed("postgres", postgres.address(), profile.sinks["postgres"], "").text)
    with redis.admin() as admin:
        admin.execute_command("ACL", "DELUSER", secured.USER)
        line = rights.needed("redis", redis.address(), profile.sinks["redis"], "").text
        admin.execute_command(*line.split(), ">first")
    role = rights.needed("elasticsearch", "", profile.sinks["elasticsearch"], "").document
    assert isinstance(role, dict)
    guard = made.elasticsearch.guard
    guard.role, guard.keys, guard.passwords = role, {KEY}, {}


def test_what_is_simulated_is_decided_stored_everywhere_verified_and_decided_again_the_same(
    stack: Stack, elsewhere: Elsewhere
) -> None:
    sent = data_of(stack, *SIMULATE)
    assert (sent["sent"], sent["decided"], sent["lost"]) == (EVENTS, EVENTS, 0)
    await_sinks(stack)
    found = data_of(stack, "verify", "sinks")["sinks"]
    assert {name: one["held"] for name, one in found.items()} == {
        "postgres": EVENTS,
        "redis": sent["alerts"],
        "elasticsearch": EVENTS,
    }
    again = data_of(stack, "replay", "--rules", "default", "--diff", "live")
    assert (again["compared"], again["changed"], again["added"], again["removed"]) == (EVENTS, 0, 0, 0)
    assert elsewhere.elasticsearch.guard.refused == []


def test_doctor_finds_every_connection_of_the_profile_well(stack: Stack, elsewhere: Elsewhere) -> None:
    found = data_of(stack, "doctor", "--profile", str(elsewhere.profile))["checks"]
    tried = {one["name"]: one for one in found if one["name"].partition(":")[0] in SERVERS}
    assert {name.partition(":")[0] for name in tried} == SERVERS
    assert [one for one in tried.values() if one["state"] != WELL] == []
