"""A job of a test's own: topics, a rule set and settings that nobody else uses, on the stack of all tests."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fraudctl.console.progress import Progress
from fraudctl.flink.file_uri import local_path
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs.bounded import await_end
from fraudctl.jobs.reasons import why_failed
from fraudctl.jobs.submission import job_config, submit
from fraudctl.kafka import admin, tail, wanted
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Record
from pipeline.records.decisions import decode_decision, encode_decision
from pipeline.records.position import pack
from pipeline.rules import ruleset
from pipeline.scoring import order, reference, scorer
from pipeline.scoring.job_config import JobConfig, JobTopics
from tests.stack.flow import await_that
from tests.streams import Row
from tests.waiting import LONG_S

END_S = 180.0


@dataclass(frozen=True)
class Setup:
    """What the job computes, over which topics. `time` is `append` or `event`; `settings` fill the plan."""

    stack: Stack
    content: Mapping[str, Any]
    time: str = "append"
    settings: ruleset.PlanSettings = field(default_factory=ruleset.PlanSettings)
    partitions: int = 4
    token: str = field(default_factory=lambda: f"own.{time.time_ns():x}")

    def topic(self, kind: str) -> str:
        return f"{self.token}.{kind}"

    @property
    def transactions(self) -> str:
        return self.topic("transactions")

    def create(self, *kinds: str) -> None:
        """Creates the topics of these kinds, in the layout of the live ones."""
        wide = {"max.message.bytes": str(self.stack.profile.max_message_bytes)}
        topics = [wanted.spec(self.stack.profile, self.topic(kind), self.partitions, wide) for kind in kinds]
        admin.create(self.stack.kafka, topics)

    def config(self, decisions: str = "decisions", **changes: Any) -> JobConfig:
        """The job's configuration; its decisions go to the topic of that kind."""
        name = f"{self.token}.{decisions}"
        own: dict[str, Any] = {
            "topics": JobTopics(self.transactions, self.topic(decisions), self.topic("refusals")),
            "group": name,
            "time": self.time,
            "bounded": True,
            "settings": self.settings,
            "checkpoints": (self.stack.paths.checkpoints / f"own-{name}").as_uri(),
        }
        return job_config(self.stack, 1, name=name, ruleset=self.content, **(own | changes))


@contextmanager
def running(setup: Setup, config: JobConfig) -> Iterator[str]:
    """Submits the job, yields its id, and cancels it at the end if it still runs."""
    flink = Flink(setup.stack.flink)
    job_id = submit(setup.stack, config)
    try:
        yield job_id
    finally:
        flink.cancel(job_id)


def finish(setup: Setup, job_id: str, wait_s: float = END_S) -> None:
    """Waits for the end of a bounded job, which must be a good one."""
    flink = Flink(setup.stack.flink)
    job = await_end(flink, job_id, wait_s, Progress())
    assert job.state == "FINISHED", why_failed(flink, setup.stack.kafka, job_id)


def run(setup: Setup, decisions: str = "decisions", **changes: Any) -> None:
    """Runs the job over the whole topic, once."""
    with running(setup, setup.config(decisions, **changes)) as job_id:
        finish(setup, job_id)


def await_tasks(setup: Setup, job_id: str, wait_s: float = LONG_S) -> None:
    """Waits until every task of the job runs."""
    flink = Flink(setup.stack.flink)
    await_that(lambda: flink.job(job_id).running, wait_s, lambda: f"job {job_id} does not run")


def savepoint_folder(setup: Setup) -> str:
    return (setup.stack.paths.savepoints / setup.token).as_uri()


def bytes_in(uri: str) -> int:
    """The size of everything below a checkpoint's or savepoint's folder."""
    return sum(file.stat().st_size for file in local_path(uri).rglob("*") if file.is_file())


def write(setup: Setup, rows: Iterable[Row]) -> None:
    """Puts the rows' values and headers into the partitions they name, in their order."""
    sender = Sender(setup.stack.kafka, linger_ms=5)
    for row in rows:
        sender.send(setup.transactions, row.value, headers=row.headers or None, partition=row.partition)
    assert (sender.flush(), sender.failed) == (0, 0)


def recorded(setup: Setup) -> list[order.Record]:
    """The transactions topic as it lies there, with the append times the broker gave."""
    found = tail.records(setup.stack.kafka, setup.transactions)
    return [order.Record(r.partition, r.offset, r.append_ms, r.value, r.headers) for r in found]


def by_reference(
    setup: Setup, log: Iterable[order.Record]
) -> tuple[dict[tuple[int, int], bytes], set[tuple[int, int]]]:
    """The decisions by their transaction's place, as the reference makes them, and the refused places."""
    rules, settings = ruleset.parse(setup.content), setup.settings
    time_kind: order.Time = "append" if setup.time == "append" else "event"
    stamping = order.stamp(log, settings.out_of_orderness_ms, time_kind, settings.max_event_bytes)
    made = {
        (one.stamped.partition, one.stamped.offset): encode_decision(
            scorer.decide(one, rules, setup.transactions)
        )
        for one in reference.Reference(rules.plan(settings)).process(stamping)
        if not one.duplicate
    }
    return made, {(one.record.partition, one.record.offset) for one in stamping.refused}


def decided(setup: Setup, decisions: str = "decisions") -> list[Record]:
    """Every record of the decisions topic."""
    return list(tail.records(setup.stack.kafka, setup.topic(decisions)))


def folded(setup: Setup, decisions: str) -> dict[tuple[str, str], bytes]:
    """The decision that holds for each event: the one that stands last in the log of its run."""
    newest: dict[tuple[str, str], tuple[int, bytes]] = {}
    for record in decided(setup, decisions):
        value = record.value or b""
        identity = identity_of(value)
        place = pack(int(record.headers["run"]), record.offset)
        if identity not in newest or newest[identity][0] < place:
            newest[identity] = (place, value)
    return {identity: value for identity, (_, value) in newest.items()}


def identity_of(value: bytes) -> tuple[str, str]:
    """From the first two keys of a decision; reading the whole of every one would take a minute."""
    parts = value.split(b'"', 8)
    return parts[7].decode(), parts[3].decode()


def written(setup: Setup, decisions: str = "decisions") -> int:
    """How many records the decisions topic has, without reading them."""
    return sum(admin.end_offsets(setup.stack.kafka, setup.topic(decisions)).values())


def by_place(made: Iterable[Record]) -> dict[tuple[int, int], list[bytes]]:
    """The values of decisions by the place of their transaction, in the order of the log."""
    found: dict[tuple[int, int], list[bytes]] = {}
    for record in made:
        value = record.value or b""
        source = decode_decision(value).source
        assert source.partition == record.partition
        found.setdefault((source.partition, source.offset), []).append(value)
    return found


def assert_same(answer: Mapping[Any, Any], expected: Mapping[Any, Any]) -> None:
    """The short way to the first differences: pytest's own takes minutes for so many values."""
    differing = [one for one in answer.keys() | expected.keys() if answer.get(one) != expected.get(one)]
    first = [(one, expected.get(one), answer.get(one)) for one in sorted(differing)[:3]]
    assert not differing, f"{len(differing)} differ, the first of them (place, expected, answer): {first}"


def refused(setup: Setup) -> set[tuple[int, int]]:
    """The places of the refused transactions."""
    letters = tail.records(setup.stack.kafka, setup.topic("refusals"))
    return {(int(one.headers["partition"]), int(one.headers["offset"])) for one in letters}
