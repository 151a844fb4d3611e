"""Kafka for tests of how it is reached: brokers of ours with every kind of security, one or three of them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import class_path, java
from fraudctl.kafka.rights import Acl
from pipeline.connections.kafka.description import Kafka
from tests.certificates import Authority
from tests.ports import free_ports
from tests.waiting import await_that

LISTENERS = {
    "INNER": "PLAINTEXT",
    "TLS": "SSL",
    "MTLS": "SSL",
    "SASL": "SASL_SSL",
    "OPEN": "SASL_PLAINTEXT",
    "OAUTH": "SASL_SSL",
    "IAM": "SASL_SSL",
    "CONTROLLER": "PLAINTEXT",
}
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"
_MODULES = "org.apache.kafka.common.security"
_BEARER = f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required;"


@dataclass
class Broker:
    """One node, broker and controller in one process."""

    number: int
    ports: dict[str, int]
    process: subprocess.Popen[bytes] | None = None


@dataclass
class Cluster:
    """Brokers whose files lie in a folder; `start` them, and let `running` end them."""

    folder: Path
    authority: Authority
    settings: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    jars: tuple[Path, ...] = ()
    plain_password: str = "plain-secret"
    program: str = "kafka.Kafka"
    brokers: list[Broker] = field(default_factory=list)
    host: str = "127.0.0.1"

    def place(self, count: int) -> None:
        """Ports and storage for so many brokers."""
        self.brokers = [
            Broker(n, dict(zip(LISTENERS, free_ports(len(LISTENERS)), strict=True)))
            for n in range(1, count + 1)
        ]
        formats = []
        for broker in self.brokers:
            (self.folder / f"broker-{broker.number}").mkdir(parents=True)
            self._file(broker).write_text(self._properties(broker))
            tool = ("kafka.tools.StorageTool", "format", f"--cluster-id={CLUSTER_ID}", "-c")
            formats.append(self._java(broker, *tool))
        assert [one.wait(120) for one in formats] == [0] * count

    def start(self, *numbers: int) -> None:
        """Start these, all without a number; returns when each answers."""
        for broker in self.brokers:
            if not numbers or broker.number in numbers:
                broker.process = self._java(broker, self.program)
        for broker in self.brokers:
            if not numbers or broker.number in numbers:
                await_that(lambda broker=broker: self._answers(broker), f"broker {broker.number}")

    def _answers(self, broker: Broker) -> bool:
        assert broker.process is not None
        assert broker.process.poll() is None, self._log(broker).read_text()[-3000:]
        return _listens(self.host, broker.ports["INNER"])

    def kill(self, number: int) -> None:
        """As when the power goes."""
        process = self.brokers[number - 1].process
        assert process is not None
        process.send_signal(signal.SIGKILL)
        process.wait(30)

    def at(self, listener: str) -> str:
        """The bootstrap addresses of a listener."""
        return ",".join(f"{self.host}:{broker.ports[listener]}" for broker in self.brokers)

    @property
    def inner(self) -> Kafka:
        """Without security, for the test's own questions."""
        return Kafka(bootstrap=self.at("INNER"))

    def renew(self, authority: Authority) -> None:
        """Brokers that are started anew show a certificate of this authority, and trust no other."""
        self.authority = authority
        for broker in self.brokers:
            self._file(broker).write_text(self._properties(broker))

    def user(self, name: str, password: str) -> None:
        """Give a user a password for SCRAM-SHA-512, or another one."""
        strength = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        client = self._admin()
        wanted = [UserScramCredentialUpsertion(name, strength, password.encode())]
        for future in client.alter_user_scram_credentials(wanted).values():
            future.result(timeout=30)

    def close_topic(self, topic: str) -> None:
        """Only somebody else may touch it."""
        self.allow("somebody", [Acl("topic", topic, ("All",))])

    def allow(self, who: str, acls: Sequence[Acl]) -> None:
        """Give these to a user, beside what it has."""
        bindings = [_binding(AclBinding, who, acl, one) for acl in acls for one in acl.operations]
        client = self._admin()
        for future in client.create_acls(bindings).values():
            future.result(timeout=30)

    def forbid(self, who: str, acl: Acl) -> None:
        """Take these away again."""
        filters = [_binding(AclBindingFilter, who, acl, one) for one in acl.operations]
        client = self._admin()
        for future in client.delete_acls(filters).values():
            assert future.result(timeout=30)

    def forbid_all(self, who: str) -> None:
        """Take away whatever a user has."""
        anything = (ResourceType.ANY, None, ResourcePatternType.ANY)
        anywhere = (f"User:{who}", None, AclOperation.ANY, AclPermissionType.ANY)
        client = self._admin()
        for future in client.delete_acls([AclBindingFilter(*anything, *anywhere)]).values():
            future.result(timeout=30)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.at("INNER"), "log_level": 0})

    def _file(self, broker: Broker) -> Path:
        return self.folder / f"broker-{broker.number}.properties"

    def _log(self, broker: Broker) -> Path:
        return self.folder / f"broker-{broker.number}.log"

    def _java(self, broker: Broker, *program: str) -> subprocess.Popen[bytes]:
        jars = [*self.jars, *artifacts.jars("kafka")]
        options = ["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *self.flags]
        options += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        command = [str(java()), *options, "-cp", class_path(jars), *program, str(self._file(broker))]
        with self._log(broker).open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _properties(self, broker: Broker) -> str:
        voters = ",".join(f"{one.number}@{self.host}:{one.ports['CONTROLLER']}" for one in self.brokers)
        places = {name: f"{name}://{self.host}:{port}" for name, port in broker.ports.items()}
        shown = ",".join(place for name, place in places.items() if name != "CONTROLLER")
        copies = str(min(3, len(self.brokers)))
        keystore = _keystore(self.authority)
        found = {
            "process.roles": "broker,controller",
            "node.id": str(broker.number),
            "controller.quorum.voters": voters,
            "listeners": ",".join(places.values()),
            "advertised.listeners": shown,
            "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in LISTENERS.items()),
            "inter.broker.listener.name": "INNER",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / f"broker-{broker.number}"),
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": "1",
            "transaction.state.log.replication.factor": copies,
            "group.initial.rebalance.delay.ms": "0",
            "group.consumer.min.session.timeout.ms": "6000",
            "message.max.bytes": "67108864",
            "replica.fetch.max.bytes": "67108864",
            "broker.session.timeout.ms": "4000",
            "log.cleaner.dedupe.buffer.size": "16777216",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "allow.everyone.if.no.acl.found": "true",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority.cert),
            "listener.name.mtls.ssl.client.auth": "required",
            **self._logins(),
            **self.settings,
        }
        return "".join(f"{name}={value}\n" for name, value in found.items())

    def _logins(self) -> dict[str, str]:
        plain = f'{_MODULES}.plain.PlainLoginModule required user_risk="{self.plain_password}";'
        scram = f"{_MODULES}.scram.ScramLoginModule required;"
        found = {}
        for listener in ("sasl", "open"):
            place = f"listener.name.{listener}"
            found[f"{place}.sasl.enabled.mechanisms"] = "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN"
            found[f"{place}.plain.sasl.jaas.config"] = plain
            found |= {f"{place}.scram-sha-{n}.sasl.jaas.config": scram for n in (256, 512)}
        for listener in ("oauth", "iam"):
            place = f"listener.name.{listener}"
            found[f"{place}.sasl.enabled.mechanisms"] = "OAUTHBEARER"
            found[f"{place}.oauthbearer.sasl.jaas.config"] = _BEARER
        return found


def _binding(kind: type[AclBinding], who: str, acl: Acl, operation: str) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if acl.is_prefix else ResourcePatternType.LITERAL
    named = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()
    user, resource = f"User:{who}", ResourceType[acl.kind.upper()]
    return kind(resource, acl.name, pattern, user, "*", AclOperation[named], AclPermissionType.ALLOW)


@contextmanager
def running(cluster: Cluster, count: int = 1) -> Iterator[Cluster]:
    """So many brokers; killed at the end."""
    artifacts.fetch([one for one in artifacts.lock() if one.use == "kafka"])
    cluster.place(count)
    try:
        cluster.start()
        yield cluster
    finally:
        for broker in cluster.brokers:
            if broker.process is not None:
                broker.process.kill()
                broker.process.wait(30)


def _keystore(authority: Authority) -> Path:
    """One file with key and certificate, as a broker wants it."""
    path = authority.folder / "broker-keystore.pem"
    if not path.exists():
        pair = authority.issue("broker")
        path.write_text(pair.key.read_text() + pair.cert.read_text())
    return path


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == os.EX_OK
