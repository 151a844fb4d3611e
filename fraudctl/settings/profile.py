"""Profiles as types: what a stack is built from, checked when it is read (`fraudctl.settings.reading`).

Each type says the names, kinds, defaults and bounds of its settings. This module starts nothing, reads
nothing and knows a server only by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fraudctl.settings.checkpoints import Checkpoints
from pipeline.connections.flink import FlinkRest
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.registry.description import SchemaRegistry
from pipeline.notify import MostSingly, WindowMs
from pipeline.records.clock import DAY_MS, HOUR_MS, MINUTE_MS
from pipeline.records.ids import LONGEST_ID_BYTES, MAX_ID_BYTES, IdLimits
from pipeline.records.masking import Masks
from pipeline.records.placing import FIELDS, USER
from pipeline.settings.document import Told
from pipeline.settings.kinds import Address, Choice, Duration, File, Text, Topic, Truth, Whole
from pipeline.settings.reading import settings

PORT = Whole(1, 65_535)


@settings()
class Topics:
    """The names of our topics, all different."""

    transactions: Annotated[str, Topic()] = "risk.transactions"
    decisions: Annotated[str, Topic()] = "risk.decisions"
    refusals: Annotated[str, Topic()] = "risk.transactions.dlq"
    """transactions that cannot be scored"""
    labels: Annotated[str, Topic()] = "risk.labels"
    rules: Annotated[str, Topic()] = "risk.rules"
    """which rule set is in force since when"""
    shadow: Annotated[str, Topic()] = "risk.shadow"
    """what the shadow of the live rule set would decide"""
    forgotten: Annotated[str, Topic()] = "risk.forgotten"
    """who was forgotten, and up to where"""


KEPT_MS = 400 * DAY_MS
"""A year and the month in which it is looked back upon: enough for chargebacks and yearly comparisons, and
not for ever."""


@settings()
class Log:
    """How the topics are kept."""

    partitions: Annotated[int, Whole(1, 256)] = 4
    retention_ms: Annotated[int, Duration(-1, bare=True)] = KEPT_MS
    """how long topics keep a record; -1: for ever"""
    max_message_bytes: Annotated[int, Whole(100_000, 16 * 1024 * 1024)] = 16 * 1024 * 1024
    """of a transaction or decision; a decision that would be larger is refused"""
    partition_by: Annotated[str, Choice(FIELDS)] = USER
    """by which field `simulate`, `ingest` and `bench` place transactions in partitions"""


@settings()
class Ids:
    """What the ids of events, users, cards and the like may be."""

    allow: Annotated[str, Choice(("visible", "any"))] = "visible"
    """visible: no control characters, line ends, marks of direction, or others that nobody sees"""
    max_bytes: Annotated[int, Whole(16, LONGEST_ID_BYTES)] = MAX_ID_BYTES
    """of UTF-8"""

    @property
    def is_any(self) -> bool:
        """Whether ids may have characters that nobody sees."""
        return self.allow == "any"

    @property
    def limits(self) -> IdLimits:
        """As those who read ids want them."""
        return IdLimits(self.max_bytes, self.is_any)


@settings()
class Pipeline:
    """The settings of the scoring job; times in milliseconds, sizes in bytes."""

    parallelism: Annotated[int, Whole(1, 128)] = 1
    out_of_orderness_ms: Annotated[int, Duration(0, DAY_MS, bare=True)] = 50
    """how long an event is waited for that is out of order"""
    dedup_window_ms: Annotated[int, Duration(1, 90 * DAY_MS, bare=True)] = HOUR_MS
    """how long an event that comes again is recognised"""
    max_entries: Annotated[int, Whole(1, 1_000_000)] = 1000
    """events kept of one key"""
    max_event_bytes: Annotated[int, Whole(256, 8 * 1024 * 1024)] = 65_536
    checkpoint_interval_ms: Annotated[int, Duration(100, DAY_MS, bare=True)] = 10_000
    idle_after_ms: Annotated[int, Duration(0, DAY_MS, bare=True)] = 0
    """0: silence is put into the log, by ticks. Else the topic is left alone, and a partition silent for so
    long by the wall clock holds nobody back, which is not exact."""
    allowed_lateness_ms: Annotated[int, Duration(0, DAY_MS, bare=True)] = 15 * MINUTE_MS
    """how late an event may be and still find the windows it belongs to whole"""
    hot_keys: Annotated[int, Whole(0, 1_000)] = 100
    """of how many keys each step counts the traffic, for `hotkeys`; 0: of none"""
    ids: Ids = Ids()
    max_age_ms: Annotated[int, Duration(0, 36_500 * DAY_MS, bare=True)] | None = None
    """an event older than that when it comes is refused; 0: none is. Without it what is older than the log is
    kept (`retention_ms`), and in any case what is older than 400 days"""
    max_ahead_ms: Annotated[int, Duration(0, 36_500 * DAY_MS, bare=True)] = DAY_MS
    """an event is refused whose time is further in the future when it comes; 0: none is"""


@settings()
class Signing:
    """Whose records on the topic of rules count. Without a key the home makes one, and trusts that alone."""

    key: Annotated[Path, File()] | None = None
    """a private Ed25519 key without a passphrase, PEM or OpenSSH"""
    trusted: Annotated[Path, File()] | None = None
    """who may change the rules: lines `NAME ssh-ed25519 KEY`"""
    stack: Annotated[str, Text()] = "fraudctl"
    """what is signed is for the stack of this name; stacks that share a key have different ones"""

    def as_document(self) -> dict[str, str]:
        """Without what is not set."""
        return {name: str(value) for name, value in vars(self).items() if value is not None}


@settings()
class Field:
    """What a profile says of one field of payments."""

    mask: Annotated[bool, Truth()] = False
    """whether nobody is shown it in full"""


@settings()
class Approval:
    """Four eyes: what changes the live rules waits for others."""

    required: Annotated[int, Whole(0, 5)] = 0
    """how many must approve of a change, each another than its author, of those in `signing.trusted`"""


@settings()
class Digest:
    """When alerts are folded into one message."""

    digest_window_ms: WindowMs = 10_000
    digest_over: MostSingly = 5
    """single messages in one window; what comes on top is folded"""


@settings()
class ServerSize:
    """What every server can be told."""

    port: Annotated[int, PORT] | None = None
    """the port users connect to"""
    memory_mb: Annotated[int, Whole(16, 1_048_576)] | None = None


@settings()
class FlinkSize(ServerSize):
    """What Flink can be told beside that. `memory_mb` is what each TaskManager has."""

    taskmanagers: Annotated[int, Whole(1, 32)] = 1
    """how many TaskManagers the local engine and Compose run"""


@settings()
class External:
    """A server that is not ours to start. The credentials file holds the password alone."""

    address: Annotated[str, Address()]
    credentials_file: Annotated[Path, File()] | None = None


Elsewhere = External | Kafka | FlinkRest
"""how a server is reached that is not ours"""


def address_of(external: Elsewhere) -> str:
    """Where a server is that is not ours."""
    return external.bootstrap if isinstance(external, Kafka) else external.address


@dataclass(frozen=True)
class Notify:
    """Who is told of alerts: channels by name with their settings, and when alerts are folded into one."""

    channels: Mapping[str, Told] = field(default_factory=dict)
    digest_window_ms: int = Digest.digest_window_ms
    digest_over: int = Digest.digest_over


@dataclass(frozen=True)
class ServerSettings:
    """How one server runs; what is None or absent is the server's own default."""

    port: int | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    memory_mb: int | None = None
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    external: Elsewhere | None = None
    taskmanagers: int = 1
    """of Flink: how many TaskManagers there are"""


@dataclass(frozen=True)
class Profile:
    """Everything a stack is built from. `sources` maps each dotted path to where its value came from."""

    name: str
    topics: Topics
    partitions: int
    retention_ms: int
    max_message_bytes: int
    rules: Path
    pipeline: Pipeline
    sinks: Mapping[str, Told]
    servers: Mapping[str, ServerSettings]
    notify: Notify = field(default_factory=Notify)
    schema_registry: SchemaRegistry | None = None
    """where schemas are asked for of transactions that come with a schema's number"""
    signing: Signing = field(default_factory=Signing)
    approval: Approval = field(default_factory=Approval)
    engine: str | None = None
    """what runs it; None: what ran the home before, at first the local engine"""
    partition_by: str = USER
    checkpoints: Checkpoints | None = None
    """where checkpoints and savepoints live; None: in the home"""
    fields: Mapping[str, Field] = field(default_factory=dict)
    """what is said of fields of payments, by their name"""
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def server(self, name: str) -> ServerSettings:
        """The settings of a server, all defaults if the profile says nothing of it."""
        return self.servers.get(name, ServerSettings())

    @property
    def masks(self) -> Masks:
        """What of payments is masked where they are shown."""
        return Masks(frozenset(name for name, one in self.fields.items() if one.mask))

    def as_document(self) -> dict[str, object]:
        """The profile as a plain JSON-able document, which pydantic reads back as a `Profile`."""
        document: dict[str, object] = {"name": self.name}
        document |= {name: getattr(self, name) for name in _PLAIN_FIELDS} | {"rules": str(self.rules)}
        document |= {"engine": self.engine} if self.engine else {}
        document |= {"checkpoints": self.checkpoints.as_document()} if self.checkpoints else {}
        if self.schema_registry is not None:
            document["schema_registry"] = self.schema_registry.as_document()
        document["topics"] = vars(self.topics).copy()
        document["pipeline"] = vars(self.pipeline) | {"ids": vars(self.pipeline.ids).copy()}
        document["notify"] = vars(self.notify).copy()
        document["fields"] = {name: vars(one).copy() for name, one in self.fields.items()}
        document |= {"signing": self.signing.as_document(), "approval": vars(self.approval).copy()}
        document["sinks"] = {name: dict(settings) for name, settings in self.sinks.items()}
        document["servers"] = {name: _server_document(name, value) for name, value in self.servers.items()}
        return document


_PLAIN_FIELDS = tuple(vars(Log()))


def _server_document(name: str, server: ServerSettings) -> dict[str, object]:
    document: dict[str, object] = {
        "port": server.port,
        "ports": dict(server.ports),
        "memory_mb": server.memory_mb,
        "settings": dict(server.settings),
    }
    if name == "flink":
        document["taskmanagers"] = server.taskmanagers
    if isinstance(server.external, Kafka | FlinkRest):
        document["external"] = server.external.as_document()
    elif server.external:
        secret = server.external.credentials_file
        document["external"] = {
            "address": server.external.address,
            "credentials_file": str(secret) if secret else None,
        }
    return document
