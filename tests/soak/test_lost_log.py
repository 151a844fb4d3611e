"""A job goes on from its state where the broker has lost the end of its log: it sees what is there now."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import class_path, compiled, java
from fraudctl.jobs import reasons
from fraudctl.kafka import admin
from tests.certificates import Authority
from tests.contract import test_log_gaps as gaps
from tests.kafka_cluster import Cluster, running
from tests.kernel_process import classpath
from tests.waiting import await_that

PROGRAM = Path(__file__).parents[1] / "java" / "ReadAgain.java"

topic = gaps.topic


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("kafka")
    with running(Cluster(folder, Authority(folder))) as made:
        yield made


def refused(broker: Cluster, topic: str) -> int:
    """How many records the job has refused: all that it has read here."""
    return sum(admin.end_offsets(broker.inner, f"{topic}.dead").values())


@contextmanager
def job(broker: Cluster, folder: Path, topic: str) -> Iterator[subprocess.Popen[str]]:
    file = gaps.job_file(broker, folder, topic, {"0": 0, "1": 0})
    jars = [Path(jar) for jar in classpath().split(os.pathsep)]
    program = compiled(PROGRAM, jars, artifacts.jars("compiler")[0], artifacts.cache_dir())
    argv = [*gaps.JAVA, "-cp", class_path([program, *jars]), "fraudctl.kernel.ReadAgain", str(file)]
    savepoints = (folder / "savepoints").as_uri()
    with subprocess.Popen(
        [java(), *argv, savepoints], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def stop(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    say(process)
    assert process.stdout.readline() == "stopped\n"


def test_a_job_does_not_go_on_in_a_log_that_lost_its_end_and_grew_again(
    broker: Cluster, topic: str, tmp_path: Path
) -> None:
    with job(broker, tmp_path, topic) as process:
        await_that(lambda: refused(broker, topic) == 12, "all that there is")
        stop(process)
        gaps.send(broker, topic, b"10")
        say(process)
        await_that(lambda: refused(broker, topic) >= 13, "one more and none again")
        stop(process)
        assert refused(broker, topic) == 13

        broker.kill(1)
        gaps.lose_the_end(broker.folder / "broker-1" / f"{topic}-0")
        broker.start(1)
        await_that(lambda: 0 < admin.end_offsets(broker.inner, topic)[0] < 11, "a shorter log")
        gaps.send(broker, topic, *[b"new"] * 20)
        say(process)
        assert process.stdout is not None
        trace = process.stdout.read()
    assert "SuppressRestartsException" in trace
    said = reasons.of_kafka(broker.inner, trace)
    assert said is not None
    assert f"the log of {topic}-0 has been cut off and written anew before offset 11" in said
    assert "fraudctl job reset-offsets --to earliest" in said
    assert refused(broker, topic) == 13


def test_a_job_goes_on_behind_records_whose_retention_is_over(
    broker: Cluster, topic: str, tmp_path: Path
) -> None:
    """Also where the one that it has read last is gone as well: nothing is missing."""
    with job(broker, tmp_path, topic) as process:
        await_that(lambda: refused(broker, topic) == 12, "all that there is")
        stop(process)
        gaps.cut(broker, topic, 10)
        gaps.send(broker, topic, b"10")
        say(process)
        await_that(lambda: refused(broker, topic) == 13, "the next one")
