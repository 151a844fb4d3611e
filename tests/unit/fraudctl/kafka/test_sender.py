"""What is handed over many at a time, against a broker that answers and one that does not."""

from __future__ import annotations

from collections import defaultdict

from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender
from tests.mock_kafka import MockKafka

RECORDS = [(b"%d" % number, b"user-%d" % (number % 7)) for number in range(500)]


def test_all_come_whole_each_key_in_its_order_where_single_ones_of_that_key_go() -> None:
    with MockKafka("paid", "other") as cluster:
        sender = Sender(cluster.kafka)
        for begin in range(0, 500, 100):
            sender.send_all("paid", RECORDS[begin : begin + 100])
        for value, key in RECORDS:
            sender.send("other", value, key)
        sender.finish()
        assert (sender.failed, dict(sender.failed_of)) == (0, {})
        assert found(cluster, "paid") == found(cluster, "other")
        values = [value for lines in found(cluster, "paid").values() for value in lines]
        assert sorted(values, key=int) == [value for value, _ in RECORDS]


def found(cluster: MockKafka, topic: str) -> dict[int, list[bytes | None]]:
    by_partition = defaultdict(list)
    for record in tail.records(cluster.kafka, topic):
        by_partition[record.partition].append(record.value)
    return dict(by_partition)


def test_what_no_broker_takes_is_counted_by_topic() -> None:
    with MockKafka("paid", "labels") as cluster:
        cluster.fall_silent()
        sender = Sender(cluster.kafka, give_up_s=0.3)
        sender.send_all("paid", RECORDS[:3])
        sender.send_all("labels", RECORDS[:2])
        sender.finish()
        assert (sender.failed, dict(sender.failed_of)) == (5, {"paid": 3, "labels": 2})


def test_values_alone_are_those_of_the_records_from_a_place_on() -> None:
    with MockKafka("paid") as cluster:
        cluster.append("paid", b"a", b"b", b"c", partition=0)
        cluster.append("paid", b"d", partition=2)
        start = admin.begin_offsets(cluster.kafka, "paid") | {0: 1}
        lists = tail.values(cluster.kafka, "paid", start)
        assert sorted(value for one in lists for value in one) == [b"b", b"c", b"d"]
