"""Sink writers under an operator's hands, on a small stack: Kafka, Redis and Parquet files, no Flink.

The decisions are put on the log by the tests themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import redis

from fraudctl.engines import workers
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.kafka.sender import Sender
from fraudctl.settings.shipped import data_dir
from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import Transaction
from pipeline.records.names import writer_group
from tests import waiting
from tests.homes import reachable_folder, started
from tests.stack.cli import ask, data_of, fraudctl

PROFILE = """
partitions: 2
rules: {rules}
sinks:
  redis: {{}}
  parquet: {{gather: 100ms}}
"""
_numbers = count()


@pytest.fixture(scope="module")
def small() -> Iterator[Stack]:
    with reachable_folder("sinks") as folder:
        profile = folder / "small.yaml"
        profile.write_text(PROFILE.format(rules=data_dir("profiles") / "rules" / "default.yaml"))
        left_out = ("--without", "flink", "--without", "postgres")
        with started(folder / "home", "--profile", str(profile), *left_out) as made:
            yield made


def send(stack: Stack, *values: bytes) -> None:
    sender = Sender(stack.kafka)
    for value in values:
        sender.send(
            stack.profile.topics.decisions, value, b"ada", {"run": b"1"}, partition=next(_numbers) % 2
        )
    assert sender.flush() == sender.failed == 0


def decisions(number: int) -> list[bytes]:
    hit = Hit("ip_burst", 60, "many")
    return [
        encode_decision(
            Decision(
                transaction=Transaction(f"s-{next(_numbers)}", "ada", 1_764_000_000_000, 125_000, {}),
                score=60,
                decision="review",
                source=Source("risk.transactions", 0, 0),
                reasons=(hit,),
                features={"tx_5m": 3},
                ruleset_version="v1",
                ruleset_hash="abc",
                late=False,
                saturated=False,
            )
        )
        for _ in range(number)
    ]


def sinks(stack: Stack) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in ask(stack, "sinks", "status")["data"]["sinks"]}


def until_delivered(stack: Stack, *names: str) -> dict[str, dict[str, Any]]:
    """What the command says once these sinks have delivered; the log is asked for that, which costs less."""
    topic = stack.profile.topics.decisions
    groups = [writer_group(name) for name in names]
    waiting.await_that(
        lambda: not any(sum(admin.lag(stack.kafka, group, topic).values()) for group in groups),
        f"{names} have delivered",
    )
    return sinks(stack)


def until_superseded(stack: Stack, name: str, records: int) -> None:
    """A writer tells what it did once a second; its offsets may be ahead of that."""
    file = workers.status_file(stack, name)
    waiting.await_that(lambda: json.loads(file.read_text())["superseded"] == records, f"{name} tells of them")
    assert sinks(stack)[name]["superseded"] == records


def stored(stack: Stack) -> list[str]:
    folder = stack.paths.data("parquet")
    return sorted(
        row["event_id"]
        for path in folder.rglob("*.parquet")
        for row in pq.read_table(path, partitioning=None).select(["event_id"]).to_pylist()
    )


def test_decisions_reach_every_sink_and_the_status_says_so(small: Stack) -> None:
    send(small, *decisions(20))
    until_delivered(small, "redis", "parquet")
    assert len(stored(small)) == 20
    answer = ask(small, "sinks", "status")
    assert answer["exit_code"] == 0
    assert {one["state"] for one in answer["data"]["sinks"]} == {"running"}
    listed = {one["name"]: one["address"] for one in data_of(small, "sinks", "list")["sinks"]}
    assert listed["parquet"] == small.paths.data("parquet").as_uri()


def test_a_paused_sink_stands_still_alone_and_goes_on_where_it_was(small: Stack) -> None:
    data_of(small, "sinks", "pause", "redis")
    send(small, *decisions(10))
    found = until_delivered(small, "parquet")
    assert (found["redis"]["state"], found["redis"]["lag"]) == ("paused", 10)
    assert ask(small, "sinks", "status")["exit_code"] == 0
    fraudctl(small.home, "restart", "sink-redis")
    assert sinks(small)["redis"]["state"] == "paused"
    data_of(small, "sinks", "resume", "redis")
    found = until_delivered(small, "redis")
    assert found["redis"]["state"] == "running"


def test_a_store_that_is_full_makes_its_writer_wait_and_status_unwell(small: Stack) -> None:
    config = json.loads((small.paths.run / "sink-redis.json").read_text())
    secret = Path(config["secret_file"]).read_text().strip()
    with redis.Redis.from_url(config["address"], password=secret) as client:
        limit = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 1)
        try:
            send(small, *decisions(10))
            until_delivered(small, "parquet")
            file = workers.status_file(small, "redis")
            waiting.await_that(lambda: json.loads(file.read_text())["paused"], "the writer waits")
            assert sinks(small)["redis"]["state"] == "waiting"
            answer = ask(small, "status")
            assert answer["exit_code"] == 3
            assert "sink-redis" in answer["summary"]
        finally:
            client.config_set("maxmemory", limit)
    until_delivered(small, "redis")


def test_a_rewound_sink_reads_again_and_changes_nothing(small: Stack) -> None:
    before = stored(small)
    files = {path: path.read_bytes() for path in small.paths.data("parquet").rglob("*.parquet")}
    answer = data_of(small, "sinks", "rewind", "parquet", "--to", "earliest", "--yes")
    assert answer["offsets"] == {"0": 0, "1": 0}
    assert sum(answer["before"].values()) == len(before)
    until_delivered(small, "parquet")
    until_superseded(small, "parquet", len(before))
    assert {path: path.read_bytes() for path in files} == files
    one = data_of(small, "sinks", "rewind", "parquet", "--to", "1:3", "--yes")
    assert one["offsets"] == {"1": 3}
    until_delivered(small, "parquet")


@pytest.mark.parametrize("place", ["0:99999", "7:0", "yesterday", "-1"])
def test_a_place_that_is_not_in_the_log_is_refused(small: Stack, place: str) -> None:
    assert ask(small, "sinks", "rewind", "parquet", f"--to={place}", "--yes")["exit_code"] == 2


def test_what_a_sink_refused_is_listed_and_sent_again(small: Stack) -> None:
    send(small, b'{"no":"decision"}')
    until_delivered(small, "redis", "parquet")
    listed = data_of(small, "sinks", "dlq", "parquet")
    assert listed["total"] == 1
    assert listed["records"][0]["reason"].startswith("undecodable: not a decision")
    again = ask(small, "sinks", "dlq", "parquet", "--retry", "--yes")
    assert again["exit_code"] == 0, again
    until_delivered(small, "parquet")
    assert data_of(small, "sinks", "dlq", "parquet")["total"] == 2


def test_an_unknown_sink_is_a_wrong_command_line(small: Stack) -> None:
    for command in (["pause"], ["resume"], ["dlq"], ["rewind", "--to", "earliest", "--yes"]):
        answer = ask(small, "sinks", command[0], "nothing", *command[1:])
        assert (answer["exit_code"], answer["error"]["code"]) == (2, "no_sink")


def test_labels_are_joined_newest_first_and_open_cells_are_not_compacted(
    small: Stack, tmp_path: Path
) -> None:
    event_id = stored(small)[0]
    sender = Sender(small.kafka)
    for label in ("fraud", "legit"):
        document = {"event_id": event_id, "user_id": "ada", "label": label, "by": "analyst"}
        sender.send(small.profile.topics.labels, json.dumps(document).encode(), b"ada")
        assert sender.flush() == 0
    out = tmp_path / "training.parquet"
    made = data_of(small, "export", "labels", "--out", str(out))
    assert (made["rows"], made["labels"]) == (1, {"legit": 1})
    [row] = pq.read_table(out).to_pylist()
    assert (row["event_id"], row["label"], row["label_by"], row["number_tx_5m"]) == (
        event_id,
        "legit",
        "analyst",
        3.0,
    )
    assert data_of(small, "export", "compact")["files_written"] == 0
    given = tmp_path / "labels.csv"
    given.write_text(
        f"event_id,label,label_time,by\n{event_id},1,2026-01-01T00:00Z,bank\nnobody,1,,bank\n{event_id},maybe,,\n"
    )
    told = data_of(small, "label", "--file", str(given))
    assert (told["labels"], told["written"], told["unmatched_rows"], told["refused_rows"]) == (2, 1, 1, 1)
    made = data_of(small, "export", "labels", "--out", str(out))
    assert made["labels"] == {"legit": 1}, "what the bank said was known before the analyst said otherwise"
    given.write_text(f"event_id,user_id,label\n{event_id},ada,1\n")
    made = data_of(small, "export", "labels", "--out", str(out), "--labels", str(given))
    assert made["labels"] == {"fraud": 1}
