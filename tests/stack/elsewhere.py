"""Servers that are not a stack's own: Kafka, PostgreSQL, Valkey, schema registry; with TLS and logins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fraudctl.kafka import rights as kafka_rights
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile
from pipeline.sinks import rights
from tests.certificates import Authority
from tests.contract import secured
from tests.kafka_cluster import Cluster, running
from tests.schema_registry import SchemaRegistryDouble, schema_registry

PROFILE = """\
partitions: 3
pipeline: {{checkpoint_interval_ms: 2000}}
sinks:
  postgres: {{sslmode: verify-full, ca_file: ca.pem, password_file: postgres.password}}
  redis: {{ca_file: ca.pem, password_file: redis.password}}
schema_registry:
  url: "{registry}"
  decisions: {decisions}
  ca_file: registry.pem
  username: risk
  password_file: registry.password
servers:
  postgres: {{external: {{address: "{postgres}"}}}}
  redis: {{external: {{address: "{redis}"}}}}
  kafka:
    external:
      bootstrap: "{kafka}"
      security: scram
      username: risk
      password_file: kafka.password
      ca_file: ca.pem
      cert_file: risk.pem
      key_file: risk.key.pem
      replication: 3
      min_insync: 2
"""
CLOSED = {"allow.everyone.if.no.acl.found": "false", "listener.name.sasl.ssl.client.auth": "required"}


@dataclass
class Elsewhere:
    """Servers of others: each lets in whom it knows, to do what `grants` prints and nothing else.

    Our files lie in the folder, beside the profile.
    """

    folder: Path
    authority: Authority
    kafka: Cluster
    postgres: secured.Postgres
    redis: secured.Redis
    registry: SchemaRegistryDouble

    @property
    def profile(self) -> Path:
        return self.folder / "elsewhere.yaml"

    def take(self, authority: Authority, kafka: str, store: str) -> None:
        """Our files from now on: whom we trust, by what we are known."""
        ours = authority.issue("risk")
        self.put("ca.pem", authority.cert.read_text())
        self.put("risk.pem", ours.cert.read_text())
        self.put("kafka.password", kafka)
        self.put("registry.password", kafka)
        self.put("risk.key.pem", ours.key.read_text())
        for name in ("postgres", "redis"):
            self.put(f"{name}.password", store)

    def renew(self, authority: Authority, kafka: str, store: str) -> None:
        """All servers show other certificates, want others, know other passwords, and end what is open; the
        registry has its certificate still."""
        self.kafka.user("risk", kafka)
        self.registry.password = kafka
        for broker in self.kafka.brokers:
            self.kafka.kill(broker.number)
        self.kafka.renew(authority)
        for end in (self.postgres.end, self.redis.end):
            end.pair = authority.issue("server")
        self.postgres.set_password(store)
        with self.redis.admin() as admin:
            admin.execute_command("ACL", "SETUSER", secured.USER, "resetpass", f">{store}")
        self.redis.end.drop()
        self.kafka.start()

    def grant(self) -> None:
        """What `grants` prints for the profile, and nothing beside it."""
        profile = reading.load(self.profile)
        self.kafka.allow("risk", kafka_rights.needed(profile))
        self.postgres.ask("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
        self.postgres.ask("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        self.postgres.ask(self._rights(profile, "postgres"))
        with self.redis.admin() as admin:
            admin.execute_command("ACL", "DELUSER", secured.USER)
            admin.execute_command(*self._rights(profile, "redis").split(), ">first")

    def _rights(self, profile: Profile, sink: str) -> str:
        return rights.needed(sink, getattr(self, sink).address(), profile.sinks[sink], "").text

    def put(self, name: str, text: str) -> None:
        file = self.folder / f"{name}.next"
        file.write_text(text)
        file.replace(self.folder / name)


@contextmanager
def servers_elsewhere(folder: Path, password: str, decisions: str = "avro") -> Iterator[Elsewhere]:
    """Three brokers and one of each other, which know us by this password, or by `first`; decisions are
    written as that."""
    authority = Authority(folder / "authority")
    pair = authority.issue("server")
    brokers = Cluster(folder / "kafka", authority, CLOSED)
    with (
        running(brokers, 3) as kafka,
        secured.postgres(pair) as postgres,
        secured.valkey(pair) as valkey,
        schema_registry(pair) as registry,
    ):
        kafka.user("risk", password)
        registry.password = password
        made = Elsewhere(folder, authority, kafka, postgres, valkey, registry)
        made.put("registry.pem", authority.cert.read_text())
        made.take(authority, password, "first")
        places = {"kafka": kafka.at("SASL"), "postgres": postgres.address(), "redis": valkey.address()}
        places["registry"] = registry.url
        made.profile.write_text(PROFILE.format(**places, decisions=decisions))
        made.grant()
        yield made
