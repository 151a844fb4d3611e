"""A bounded job's marks are found in its topic, wherever others have written behind them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from fraudctl.errors import Failed
from fraudctl.jobs.end_marks import HEADER, LAST_RECORDS, EndMarks
from fraudctl.kafka import admin
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.sender import Sender
from pipeline.connections.kafka.description import Kafka
from tests.kafka_cluster import Cluster

LOOKS = 6


class Job:
    """Subtasks that write into a topic of two partitions."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka, self.topic = kafka, f"marks-{uuid.uuid4().hex[:8]}"
        admin.create(kafka, [TopicSpec(self.topic, 2, {})])

    def decides(self, many: int, partition: int = 0) -> None:
        self._send([(partition, b"{}", {})] * many)

    def ends(self, subtask: int, of: int) -> None:
        mark = {HEADER: f"{subtask}/{of}".encode()}
        self._send([(partition, None, mark) for partition in (0, 1)])

    def _send(self, records: list[tuple[int, bytes | None, dict[str, bytes]]]) -> None:
        sender = Sender(self.kafka)
        for partition, value, headers in records:
            sender.send(self.topic, value, None, headers, partition=partition)
        assert (sender.flush(), sender.failed) == (0, 0)


@pytest.fixture
def job(broker: Cluster) -> Iterator[Job]:
    made = Job(broker.inner)
    yield made
    admin.delete(made.kafka, [made.topic])


def test_it_has_ended_when_every_subtask_says_so_in_every_partition(job: Job) -> None:
    marks = EndMarks(job.kafka, job.topic)
    assert not marks.are_there()
    job.decides(10)
    assert (marks.are_there(), marks.records) == (False, 10)
    job.ends(1, of=2)
    assert [marks.are_there() for _ in range(LOOKS)] == [False] * LOOKS
    job.ends(0, of=2)
    assert (marks.are_there(), marks.records) == (True, 14)


def test_a_mark_is_found_that_others_have_written_behind_since_the_last_look(job: Job) -> None:
    marks = EndMarks(job.kafka, job.topic)
    job.decides(LAST_RECORDS)
    assert not marks.are_there()
    job.ends(0, of=2)
    job.decides(8 * LAST_RECORDS)
    job.ends(1, of=2)
    assert True in [marks.are_there() for _ in range(LOOKS)]


def test_what_is_no_mark_is_said(job: Job) -> None:
    job.ends(-1, of=2)
    with pytest.raises(Failed, match="has a mark that is none: '-1/2'"):
        EndMarks(job.kafka, job.topic).are_there()
