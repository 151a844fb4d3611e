"""What a scoring job is told: which topics, which rule set, and the cluster that it is handed to, if it is.

Owned by its readers, `pipeline/job.py` and the kernel's `Wiring.java`; whoever submits a job fills it in.
Knows the fields and their JSON; knows nothing of Flink's libraries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Final, Literal, cast

from pipeline.records.members import Members
from pipeline.records.names import JOB_GROUP
from pipeline.rules.plan import PlanSettings
from pipeline.scoring.signature import Trust
from pipeline.settings.document import Content

Time = Literal["append", "event"]
Offsets = Mapping[str, int]
"""Offsets by partition, whose number is text as everywhere in JSON."""
Start = Literal["earliest", "latest"] | Offsets
Python = Literal["thread", "process"]
"""Where the rules run: in the JVM of the tasks, or beside it where that cannot be had."""
Form = Literal["json", "avro", "protobuf"]
FORMS: Final[tuple[Form, ...]] = ("json", "avro", "protobuf")
"""What decisions are written as; in a frame JSON is by a JSON Schema."""


@dataclass(frozen=True, slots=True)
class JobTopics:
    """The topics of a job. With `rules` it follows the activations there; `shadow` is for their shadows."""

    transactions: str
    decisions: str
    refusals: str
    rules: str | None = None
    shadow: str | None = None

    def as_document(self) -> dict[str, str]:
        """As JSON, without those that it has not."""
        return {name: topic for name, topic in asdict(self).items() if topic is not None}

    @classmethod
    def read(cls, document: Members) -> JobTopics:
        """Those in a document. Raises `Malformed`."""
        return cls(
            document.text("transactions"),
            document.text("decisions"),
            document.text("refusals"),
            document.optional_text("rules"),
            document.optional_text("shadow"),
        )


@dataclass(frozen=True, slots=True)
class JobConfig:
    """One job. `ruleset` is the rule set's content, which counts where there is no topic of rules.

    `time` says by what positions are: `append` on live topics, `event` over past data. `start` is where it
    reads from without a state to `restore`; events before `emit_from` only warm the windows. `hops` are the
    keys it has steps by, None where the rule set says. `python` says where the rules run. `trust` says whose
    records on the topic of rules count; a job that follows one needs it.

    `flink` is host and port of a session cluster that the job is handed to; with it `parallelism`, `jars`,
    `checkpoints` (a URI; empty: where the cluster has them), their interval and `restore` count. Without it
    the cluster that runs this description is the one (application mode, a managed service), and all that is
    its own to say.
    """

    name: str
    bootstrap: str
    topics: JobTopics
    ruleset: Content
    run: int
    max_message_bytes: int
    settings: PlanSettings
    flink: str | None = None
    flink_conf_dir: str = ""
    parallelism: int = 0
    jars: tuple[str, ...] = ()
    checkpoints: str = ""
    checkpoint_interval_ms: int = 0
    restore: str | None = None
    group: str = JOB_GROUP
    time: Time = "append"
    bounded: bool = False
    start: Start = "earliest"
    emit_from: Offsets | None = None
    idle_after_ms: int = 0
    plugin_watch: str | None = None
    hops: tuple[str, ...] | None = None
    trust: Trust | None = None
    python: Python = "thread"
    kafka_properties: Mapping[str, str] = field(default_factory=dict)
    schema_registry: Mapping[str, str] = field(default_factory=dict)
    """how the registry of schemas is reached; empty where there is none"""
    decision_schema: int | None = None
    """the number of the schema in whose frame decisions are written, None for none"""
    decision_form: Form = "json"
    """what content that is by that schema"""
    forgotten: Mapping[str, object] = field(default_factory=dict)
    """`Forgotten.as_document` for its transactions: whose past events get no decision again"""
    hot_keys: int = 0
    """of how many keys each step counts the traffic; 0 for none"""
    end_marks: int = 0
    """into how many partitions of its decisions it says that it has ended, for who cannot ask; 0 for none"""

    def as_document(self) -> dict[str, object]:
        """As the job and the kernel read it; JSON without change."""
        document = {one.name: getattr(self, one.name) for one in fields(self)}
        document |= {"topics": self.topics.as_document(), "settings": asdict(self.settings)}
        document |= {"jars": list(self.jars), "hops": None if self.hops is None else list(self.hops)}
        document |= {"trust": None if self.trust is None else self.trust.as_document()}
        absent = {name for name in ("hops", "trust") if document[name] is None}
        absent |= {*_OF_A_SESSION} if self.flink is None else set()
        absent |= set() if self.forgotten else {"forgotten"}
        absent |= set() if self.end_marks else {"end_marks"}
        return {name: one for name, one in document.items() if name not in absent}

    @classmethod
    def from_document(cls, document: object) -> JobConfig:
        """The configuration of such a document. Raises `pipeline.records.members.Malformed`."""
        config = Members(document)
        text, whole = config.text, config.whole
        job = cls(
            name=text("name"),
            bootstrap=text("bootstrap"),
            topics=JobTopics.read(config.within("topics")),
            ruleset=config.mapping("ruleset"),
            run=whole("run", least=0),
            max_message_bytes=whole("max_message_bytes", least=1),
            settings=PlanSettings.read(config.within("settings")),
            group=text("group"),
            time=cast(Time, config.one_of("time", "append", "event")),
            bounded=config.truth("bounded"),
            start=_start(config),
            emit_from=None if config.given("emit_from") is None else _offsets(config, "emit_from"),
            idle_after_ms=whole("idle_after_ms", least=0),
            plugin_watch=config.optional_text("plugin_watch"),
            hops=config.texts("hops") if "hops" in config else None,
            trust=_trust(config),
            python=cast(Python, config.one_of("python", "thread", "process")),
            kafka_properties=_texts(config, "kafka_properties"),
            schema_registry=_texts(config, "schema_registry") if "schema_registry" in config else {},
            decision_schema=whole("decision_schema") if config.holds("decision_schema") else None,
            decision_form=_form(config),
            forgotten=config.mapping("forgotten") if "forgotten" in config else {},
            hot_keys=whole("hot_keys", least=0) if "hot_keys" in config else 0,
            end_marks=whole("end_marks", least=0) if "end_marks" in config else 0,
        )
        return _handed_over(job, config)


_OF_A_SESSION = (
    "flink",
    "flink_conf_dir",
    "parallelism",
    "jars",
    "checkpoints",
    "checkpoint_interval_ms",
    "restore",
)


def _handed_over(job: JobConfig, config: Members) -> JobConfig:
    """With what is said of the session cluster that the job is handed to; unchanged where there is none."""
    if "flink" in config:
        return replace(
            job,
            flink=config.text("flink"),
            flink_conf_dir=config.text("flink_conf_dir"),
            parallelism=config.whole("parallelism", least=1),
            jars=config.texts("jars"),
            checkpoints=config.text("checkpoints"),
            checkpoint_interval_ms=config.whole("checkpoint_interval_ms", least=1),
            restore=config.optional_text("restore"),
        )
    for name in _OF_A_SESSION:
        if name in config:
            raise config.malformed(name, "is not for the job to say where flink is not named")
    return job


def _form(config: Members) -> Form:
    return cast(Form, config.one_of("decision_form", *FORMS)) if "decision_form" in config else "json"


def _trust(config: Members) -> Trust | None:
    if "trust" in config and config.given("trust") is not None:
        return Trust.read(config.within("trust"))
    if config.within("topics").optional_text("rules") is not None:
        raise config.malformed("trust", "a job that follows a topic of rules must be told whom to trust")
    return None


def _start(config: Members) -> Start:
    if isinstance(config.given("start"), str):
        return cast(Start, config.one_of("start", "earliest", "latest"))
    return _offsets(config, "start")


def _offsets(config: Members, name: str) -> Offsets:
    offsets = config.within(name)
    return {partition: offsets.whole(partition, least=0) for partition in config.mapping(name)}


def _texts(config: Members, name: str) -> dict[str, str]:
    texts = config.within(name)
    return {key: texts.text(key) for key in config.mapping(name)}
