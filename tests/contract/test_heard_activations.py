"""An activation that the kernel's decoding comes to know of by a checkpoint's question, on a real broker."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fraudctl.kafka import admin
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.sender import Sender
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring import activation
from tests.kafka_cluster import Cluster
from tests.kernel_process import run_java
from tests.rule_sets import ONE_RULE

PROGRAM = Path(__file__).parents[1] / "java" / "HeardAtCheckpoint.java"
TOPIC = "rules-heard"
PAYMENT = {
    "event_id": "e1",
    "user_id": "ada",
    "event_time": "2026-03-01T10:00:00Z",
    "amount": 12.5,
    "mcc": "5999",
}


def rules(version: str, **more: Any) -> RuleSet:
    return parse({**ONE_RULE, "version": version, **more})


def test_fields_that_a_new_rule_set_asks_for_are_read_after_a_checkpoint_told_of_it(
    broker: Cluster, tmp_path: Path
) -> None:
    admin.create(broker.inner, [TopicSpec(TOPIC, 1, {"message.timestamp.type": "LogAppendTime"})])
    first = activation.following([], "apply", rules("one"))
    sender = Sender(broker.inner)
    sender.send(TOPIC, first)
    assert (sender.flush(30), sender.failed) == (0, 0)
    asks = rules("two", fields=["mcc"], rules={"r": {"when": 'mcc == "5999"', "points": 60}})
    second = activation.following(activation.read([(0, 0, first)]), "apply", asks)
    told = {
        "bootstrap": broker.at("INNER"),
        "topic": TOPIC,
        "settings": asdict(PlanSettings()),
        "activation": second.decode(),
        "payment": json.dumps(PAYMENT),
    }
    (tmp_path / "told.json").write_text(json.dumps(told))
    printed = run_java(PROGRAM, str(tmp_path / "told.json"), heap_mb=256)
    assert json.loads(printed.splitlines()[-1]) == [[], ["5999"]]
