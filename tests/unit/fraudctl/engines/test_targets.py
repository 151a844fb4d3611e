"""Whom Prometheus is told to ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from fraudctl.engines import targets
from fraudctl.home.stack import METRICS, Stack

PORTS = {
    "flink": {"rest": 1, "jobmanager-metrics": 2, "taskmanager-metrics": 3},
    METRICS: {"keeper": 4, "ticker": 5, "exporter": 6, "sink-redis": 7},
}


def test_each_program_that_answers_is_a_target_named_by_its_label(make_stack: Callable[..., Stack]) -> None:
    stack = replace(make_stack(kafka="127.0.0.1:9", flink="127.0.0.1:1"), ports=PORTS)
    assert targets.of(stack) == {
        "exporter": "127.0.0.1:6",
        "flink-jobmanager": "127.0.0.1:2",
        "flink-taskmanager": "127.0.0.1:3",
        "keeper": "127.0.0.1:4",
        "sink-redis": "127.0.0.1:7",
        "ticker": "127.0.0.1:5",
    }
    groups = json.loads(targets.text(stack))
    assert groups[0] == {"targets": ["127.0.0.1:6"], "labels": {"program": "exporter"}}


def test_programs_in_containers_are_targets_by_their_names(make_stack: Callable[..., Stack]) -> None:
    ports = {METRICS: {"keeper": 9249, "sink-redis": 9249}}
    stack = replace(make_stack(kafka="kafka:9", flink="flink:1"), ports=ports, engine="compose")
    assert targets.of(stack) == {"keeper": "keeper:9249", "sink-redis": "sink-redis:9249"}


def test_what_a_stack_does_not_run_is_no_target(make_stack: Callable[..., Stack]) -> None:
    of_kafka = replace(make_stack(kafka="127.0.0.1:9"), ports={METRICS: PORTS[METRICS]})
    assert "keeper" not in targets.of(of_kafka)
    assert targets.of(replace(make_stack(), ports={METRICS: PORTS[METRICS]})) == {}
