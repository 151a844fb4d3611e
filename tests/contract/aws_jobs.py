"""What runs in an application of the double of Managed Flink: the executable specification, told by a zip."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fraudctl.aws import package
from fraudctl.aws.account import Account
from fraudctl.jobs.application import application
from fraudctl.jobs.end_marks import HEADER
from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender
from fraudctl.settings.profile import Profile
from pipeline import msf
from pipeline.connections.kafka.description import Kafka
from pipeline.records import clock
from pipeline.records.decisions import encode_decision
from pipeline.records.names import REPLAY_GROUPS
from pipeline.rules import ruleset
from pipeline.scoring import order, reference, scorer
from pipeline.scoring.job_config import JobConfig
from tests.contract.aws_doubles import BUCKET
from tests.waiting import await_that

EVENTS, USERS = 300, 20


def content(profile: Profile) -> dict[str, Any]:
    return dict(application(profile, "", 0, {}).ruleset)


def job(profile: Profile, kafka: Kafka) -> JobConfig:
    """The live one, as its package has it."""
    return application(profile, kafka.bootstrap, 0, {})


def send(kafka: Kafka, profile: Profile) -> None:
    sender, now = Sender(kafka), clock.now_ms()
    for number in range(EVENTS):
        user = f"u{number % USERS}"
        event = {
            "event_id": f"e{number}",
            "user_id": user,
            "event_time": now - 5_000 + number,
            "currency": "EUR",
        }
        event |= {"amount": number + 0.5, "ip": f"10.0.0.{number % 7}"}
        sender.send(profile.topics.transactions, json.dumps(event).encode(), user.encode())
    assert (sender.flush(), sender.failed) == (0, 0)


def settle(kafka: Kafka, profile: Profile) -> None:
    """Silence behind the events, in every partition, so that no event yet to come could be before them."""
    topic = profile.topics.transactions
    last = max(admin.newest_appends(kafka, topic).values()) + profile.pipeline.out_of_orderness_ms
    sender, partitions = Sender(kafka), admin.end_offsets(kafka, topic)

    def is_silent() -> bool:
        for partition in partitions:
            sender.send(topic, None, None, {"tick": b"0"}, partition=partition)
        sender.flush()
        return min(admin.newest_appends(kafka, topic).values()) > last

    await_that(is_silent, "nothing was sent for a while")


def decide(kafka: Kafka, config: JobConfig, topic: str) -> None:
    """Puts there what a job of this configuration decides about the log, by the executable specification."""
    rules, transactions = ruleset.parse(config.ruleset), config.topics.transactions
    found = tail.records(kafka, transactions)
    log = [order.Record(r.partition, r.offset, r.append_ms, r.value, r.headers) for r in found]
    settings = config.settings
    stamping = order.stamp(log, settings.out_of_orderness_ms, "append", settings.max_event_bytes)
    sender, headers = Sender(kafka), {"run": str(config.run).encode()}
    for one in reference.Reference(rules.plan(settings)).process(stamping):
        place = one.stamped.partition, one.stamped.offset
        if not one.duplicate and place[1] >= (config.emit_from or {}).get(str(place[0]), 0):
            decision = encode_decision(scorer.decide(one, rules, transactions))
            sender.send(topic, decision, b"user", headers, partition=place[0])
    for partition in range(config.end_marks):
        sender.send(topic, None, None, {HEADER: b"0/1"}, partition=partition)
    assert (sender.flush(), sender.failed) == (0, 0)


def works(account: Account, kafka: Kafka) -> Callable[[dict[str, Any]], None]:
    """What the service does with an application: it starts the job of its package by its properties."""

    def start(asked: dict[str, Any]) -> None:
        told = asked["ApplicationConfiguration"]
        place = told["ApplicationCodeConfiguration"]["CodeContent"]["S3ContentLocation"]
        assert place["BucketARN"] == f"arn:aws:s3:::{BUCKET}"
        body = account.ask("s3", "get_object", Bucket=BUCKET, Key=place["FileKey"])["Body"].read()
        groups = told["EnvironmentProperties"]["PropertyGroups"]
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            config = msf.configured(json.loads(packed.read(package.JOB)), groups)
        assert config.group.startswith(REPLAY_GROUPS)
        assert (config.bounded, config.time, config.flink) == (True, "append", None)
        decide(kafka, replace(config, bootstrap=kafka.bootstrap), config.topics.decisions)

    return start
