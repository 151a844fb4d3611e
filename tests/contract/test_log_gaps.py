"""A real broker whose log no longer holds what somebody is to read next: each reader says so and stops."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import class_path, compiled, java
from fraudctl.errors import Failed
from fraudctl.jobs import reasons
from fraudctl.kafka import admin, tail
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Tail
from fraudctl.verify.log import KafkaLog
from pipeline.connections.kafka.gap import Gap
from pipeline.process.decisions_log import DecisionsLog, Membership
from pipeline.records.decision_record import Delivery
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse
from pipeline.scoring.job_config import JobConfig, JobTopics
from tests.kafka_cluster import Cluster
from tests.kernel_process import classpath
from tests.rule_sets import ONE_RULE
from tests.waiting import LONG_S, await_that

NUMBERS = count()
PROGRAM = Path(__file__).parents[1] / "java" / "ReadTransactions.java"


@pytest.fixture
def topic(broker: Cluster) -> str:
    """A topic with ten records in its first partition, 0 to 9, and two in its second."""
    name = f"decisions-{next(NUMBERS)}"
    admin.create(broker.inner, [TopicSpec(name, 2), TopicSpec(f"{name}.dead", 1)])
    send(broker, name, *[b"%d" % n for n in range(10)])
    send(broker, name, b"a", b"b", partition=1)
    return name


def send(broker: Cluster, topic: str, *values: bytes, partition: int = 0) -> None:
    """Each in a batch of its own."""
    sender = Sender(broker.inner)
    for value in values:
        sender.send(topic, value, partition=partition)
        assert (sender.flush(30), sender.failed) == (0, 0)


def cut(broker: Cluster, topic: str, before: int) -> None:
    """What retention does: the records before that offset go."""
    client = AdminClient({"bootstrap.servers": broker.at("INNER"), "log_level": 0})
    for future in client.delete_records([TopicPartition(topic, 0, before)]).values():
        future.result(timeout=30)
    assert admin.begin_offsets(broker.inner, topic)[0] == before


class Writer:
    """A member of a group, and what it has read."""

    def __init__(self, broker: Cluster, topic: str) -> None:
        self.log = DecisionsLog(Membership(broker.inner, f"{topic}-writers", topic, f"{topic}.dead"))
        self.got: list[Delivery] = []

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.log.close()

    def read(self, number: int) -> list[bytes]:
        """So many, those that were read before included."""

        def come() -> bool:
            self.got += self.log.read(number - len(self.got), 0.2)
            return len(self.got) >= number

        await_that(come, f"{number} records")
        return [one.value for one in self.got]

    def fails(self) -> str:
        """Why reading ends."""

        def come() -> bool:
            self.log.read(100, 0.2)
            return False

        with pytest.raises(Gap) as raised:
            await_that(come, "an end")
        return str(raised.value)


def test_a_new_group_begins_at_the_oldest_record_that_there_is(broker: Cluster, topic: str) -> None:
    cut(broker, topic, 4)
    with Writer(broker, topic) as writer:
        assert sorted(writer.read(8)) == [b"4", b"5", b"6", b"7", b"8", b"9", b"a", b"b"]


def test_a_writer_whose_place_has_expired_stops_and_goes_on_once_it_is_told_where(
    broker: Cluster, topic: str
) -> None:
    with Writer(broker, topic) as writer:
        writer.read(12)
        writer.log.commit({0: 3, 1: 2})
    cut(broker, topic, 5)
    for _ in range(2):
        with Writer(broker, topic) as writer:
            assert writer.fails() == f"{topic}, partition 0: offset 3 has been deleted, the log begins at 5"
    admin.reset(broker.inner, f"{topic}-writers", topic, {0: 5, 1: 2})
    with Writer(broker, topic) as writer:
        assert writer.read(5) == [b"5", b"6", b"7", b"8", b"9"]


def test_a_paused_writer_whose_place_expires_says_so_as_well(broker: Cluster, topic: str) -> None:
    with Writer(broker, topic) as writer:
        writer.read(12)
        writer.log.commit({0: 10, 1: 2})
        writer.log.pause()
        send(broker, topic, b"10", b"11")
        cut(broker, topic, 12)
        with pytest.raises(Gap, match="offset 10 has been deleted"):
            go_on(writer)


def go_on(writer: Writer) -> None:
    """What it had asked for before the pause may tell already that its place is gone."""
    writer.log.idle(0.1)
    writer.log.resume()
    raise Gap(writer.fails())


def test_a_writer_ahead_of_a_log_that_has_lost_its_end_does_not_read_it_again(
    broker: Cluster, topic: str
) -> None:
    with Writer(broker, topic) as writer:
        writer.read(12)
        writer.log.commit({0: 10, 1: 2})
    admin.reset(broker.inner, f"{topic}-writers", topic, {0: 15})
    with Writer(broker, topic) as writer:
        said = (
            f"{topic}, partition 0: the log ends at 10, offset 15 was to be read next: records have been lost"
        )
        assert writer.fails() == said


def test_a_log_that_lost_its_end_and_grew_again_is_not_gone_on_with_by_its_offsets(
    broker: Cluster, topic: str
) -> None:
    """The power goes: what the broker had taken and not yet on disk is gone, and others come in its place."""
    with Writer(broker, topic) as writer:
        writer.read(12)
        writer.log.commit({0: 10, 1: 2})
    broker.kill(1)
    lose_the_end(broker.folder / "broker-1" / f"{topic}-0")
    broker.start(1)
    await_that(lambda: 0 < admin.end_offsets(broker.inner, topic)[0] < 10, "a shorter log")
    send(broker, topic, *[b"new"] * 20)
    with Writer(broker, topic) as writer:
        assert "the log has been cut off and written anew before offset 10" in writer.fails()


def lose_the_end(folder: Path) -> None:
    """The newest segment as it would be, had its last pages never reached the disk."""
    segment = max(folder.glob("*.log"))
    with segment.open("rb+") as file:
        file.truncate(segment.stat().st_size * 2 // 3)


def test_a_broker_that_was_killed_and_lost_nothing_is_gone_on_with(broker: Cluster, topic: str) -> None:
    with Writer(broker, topic) as writer:
        writer.read(12)
        writer.log.commit({0: 10, 1: 2})
    broker.kill(1)
    broker.start(1)
    await_that(lambda: admin.end_offsets(broker.inner, topic)[0] == 10, "the same log")
    send(broker, topic, b"10")
    with Writer(broker, topic) as writer:
        assert writer.read(1) == [b"10"]


def test_commands_that_read_fail_where_the_log_has_expired_under_them(broker: Cluster, topic: str) -> None:
    cut(broker, topic, 5)
    reads = {
        "records": lambda: list(tail.records(broker.inner, topic, {0: 2, 1: 0})),
        "verify": lambda: list(KafkaLog(broker.inner, topic).read({0: 2, 1: 0}, {0: 10, 1: 2})),
    }
    for name, read in reads.items():
        with pytest.raises(Failed) as raised:
            read()
        assert raised.value.code == "log_gap", name
        assert raised.value.message == f"{topic}, partition 0: offset 2 has been deleted, the log begins at 5"
    for way in ("read", "values", "timed"):
        with Tail(broker.inner, topic, {0: 2}) as reader, pytest.raises(Failed, match="has been deleted"):
            await_that(lambda reader=reader, way=way: bool(getattr(reader, way)(0.2)), "an error")
    assert [one.value for one in tail.records(broker.inner, topic) if one.partition == 0] == [
        b"5",
        b"6",
        b"7",
        b"8",
        b"9",
    ]


def test_verification_s_log_is_what_the_broker_says(broker: Cluster, topic: str) -> None:
    log = KafkaLog(broker.inner, topic)
    cut(broker, topic, 2)
    sender = Sender(broker.inner)
    place = {"partition": b"0", "offset": b"7", "run": b"3"}
    sender.send(f"{topic}.dead", b"refused", b"ada", place)
    sender.send(topic, b"last", b"ada", {"run": b"4"}, partition=1)
    assert (sender.flush(30), sender.failed) == (0, 0)
    assert (log.begins(), log.ends()) == ({0: 2, 1: 0}, {0: 10, 1: 3})
    assert log.committed("nobody") == {}
    admin.reset(broker.inner, "somebody", topic, {1: 2})
    assert log.committed("somebody") == {1: 2}
    read = list(log.read({0: 8, 1: 2}, {0: 9, 1: 3}))
    assert [(one.partition, one.offset, one.run, one.value, one.key) for one in read] in (
        [(0, 8, 0, b"8", None), (1, 2, 4, b"last", b"ada")],
        [(1, 2, 4, b"last", b"ada"), (0, 8, 0, b"8", None)],
    )
    assert list(log.read({0: 10, 1: 3}, {0: 10, 1: 3})) == []
    assert log.at(read[0].append_ms + 3_600_000) == log.ends()
    (dead,) = log.dead_letters(f"{topic}.dead")
    assert (dead.partition, dead.offset, dead.run, dead.value, dead.key) == (0, 7, 3, b"refused", b"ada")
    assert list(log.dead_letters("no-such-topic")) == []


JAVA = (
    *("-Xmx512m", "-XX:+UseSerialGC", "-Dlog4j2.level=OFF"),
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
)


def job_file(broker: Cluster, folder: Path, topic: str, start: Mapping[str, int]) -> Path:
    """What a program of the kernel is told: a job over transactions from there on, and its plan."""
    config = JobConfig(
        name="gap",
        bootstrap=broker.at("INNER"),
        topics=JobTopics(topic, f"{topic}.out", f"{topic}.dead"),
        ruleset=ONE_RULE,
        run=1,
        max_message_bytes=1_000_000,
        settings=PlanSettings(),
        start=start,
    )
    plan = parse(ONE_RULE).plan(config.settings)
    config = replace(config, hops=plan.keys)
    file = folder / f"{topic}.json"
    file.write_text(json.dumps({"config": config.as_document(), "plan": plan.as_document()}))
    return file


class Job:
    """The kernel's half of a job in a JVM of its own, over transactions from offset 2 on."""

    def __init__(self, broker: Cluster, folder: Path, topic: str) -> None:
        file = job_file(broker, folder, topic, {"0": 2, "1": 0})
        jars = [Path(jar) for jar in classpath().split(os.pathsep)]
        program = compiled(PROGRAM, jars, artifacts.jars("compiler")[0], artifacts.cache_dir())
        command = [java(), *JAVA, "-cp", class_path([program, *jars]), "fraudctl.kernel.ReadTransactions"]
        done = subprocess.run(
            [*command, str(file)], stdout=subprocess.PIPE, text=True, timeout=LONG_S, check=True
        )
        self.trace = done.stdout


def test_a_job_whose_offsets_have_expired_fails_for_good_and_says_what_to_do(
    broker: Cluster, topic: str, tmp_path: Path
) -> None:
    cut(broker, topic, 5)
    trace = Job(broker, tmp_path, topic).trace
    assert "SuppressRestartsException" in trace
    # asked before anything is read, else `up` has said by then that the job runs
    assert "has the offsets from 5 to before 10, and 2 was to be read next" in trace
    said = reasons.of_kafka(broker.inner, trace)
    assert said is not None
    assert f"the log of {topic}-0 no longer holds what was to be read next, offset 2; " in said
    assert "fraudctl job reset-offsets --to earliest" in said
