"""Faults as data: every problem of a file is named, shortly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fraudctl.chaos import means
from fraudctl.chaos import reading as faults
from fraudctl.chaos.reading import FaultError
from fraudctl.errors import UsageError

GOOD = {"description": "It is down", "means": "stop", "target": "redis", "lasts": "30s"}


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"means": "burn"}, ["means: there is no 'burn' (known: " + ", ".join(means.names()) + ")"]),
        ({"lasts": None}, ["lasts: 'None' is not a duration such as 500ms, 30s, 5m, 24h or 30d"]),
        ({"lasts": "0s"}, ["lasts: must be above 0"]),
        ({"share": 2}, ["share: unknown to stop (it takes: target, lasts)"]),
        ({"description": ""}, ["description: must be a text"]),
        ({"last": "30s"}, ["last: unknown; did you mean lasts"]),
        ({"means": 3, "description": [1]}, ["description: must be a text", "means: must be a text"]),
        ({"means": "n" * 900}, [f"means: there is no {'n' * 60!r}… (known: {', '.join(means.names())})"]),
        (
            {"target": 3, "lasts": "x"},
            ["lasts: 'x' is not a duration such as 500ms, 30s, 5m, 24h or 30d", "target: must be a text"],
        ),
    ],
)
def test_every_problem_of_a_fault_is_named(changes: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(FaultError) as raised:
        faults.parse("mine", GOOD | changes)
    assert list(raised.value.problems) == problems


def test_a_target_that_the_means_cannot_strike_is_refused() -> None:
    with pytest.raises(FaultError) as raised:
        faults.parse("mine", GOOD | {"means": "refuse", "target": "kafka"})
    assert raised.value.problems == (
        "target: refuse cannot strike 'kafka' (but: elasticsearch, postgres, redis)",
    )


def test_any_taskmanager_can_be_struck_by_its_name() -> None:
    second = "flink-taskmanager-2"
    assert faults.parse("mine", GOOD | {"target": second}).target == second
    shipped = faults.find("kill-taskmanager", faults.folder())
    assert faults.aimed(shipped, second) == replace(shipped, settings={"target": second})


@pytest.mark.parametrize(
    ("fault", "program"),
    [("kill-taskmanager", "nobody"), ("refuse-redis", "flink-taskmanager-2"), ("delay-events", "redis")],
)
def test_a_fault_is_not_aimed_at_what_its_means_cannot_strike(fault: str, program: str) -> None:
    with pytest.raises(UsageError, match=f"{fault} cannot strike {program}"):
        faults.aimed(faults.find(fault, faults.folder()), program)
