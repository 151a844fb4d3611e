"""No record of the rules topic stops a reader: what is malformed is put aside, by all of them alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse
from pipeline.scoring import activation
from pipeline.scoring.activation import Activation
from tests.examples import examples
from tests.kernel_process import KernelProcess
from tests.random_streams import random_case
from tests.unit.pipeline.scoring.activation_cases import SHADOW, Case, Topic, cases, first, second, topic

SETTINGS = asdict(PlanSettings())
ODD = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        1,
        2,
        61,
        62,
        64,
        10**6,
        2**31,
        2**63,
        1e300,
        "",
        "1",
        "user_id",
        [],
        [0],
        {},
        {"a": 1},
    ]
)


ROWS = random_case(7, 30, 1).rows


@pytest.fixture(scope="module")
def unchanged(kernel: KernelProcess) -> int:
    """How many answers there are where nothing but the first rule set counts."""
    return len(kernel.run_activations(topic(b"{"), SETTINGS, ROWS, "append"))


def by_specification(records: Topic) -> list[dict[str, Any]]:
    """What counts and what is put aside, in the kernel's form."""
    reading = activation.sorted_out(records)
    said = [{"offset": one.offset, "from_ms": one.from_ms} for one in reading.chain]
    said += [{"offset": one.offset, "aside": one.reason} for one in reading.aside]
    return sorted(said, key=lambda one: one["offset"])


def expected(case: Case, begin: Activation) -> list[dict[str, Any]]:
    """What is said of `activation_cases.topic`: a record that counts overtakes the one after it."""
    said: list[dict[str, Any]] = [{"offset": 0, "from_ms": begin.from_ms}]
    if case.reason is None:
        return [*said, {"offset": 1, "from_ms": 3_000}]
    return [*said, {"offset": 1, "aside": case.reason}, {"offset": 2, "from_ms": 4_000}]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_kernel_and_specification_put_the_same_records_aside_and_go_on(
    kernel: KernelProcess, case: Case
) -> None:
    records = topic(case.value)
    wanted = expected(case, activation.read(records)[0])
    assert by_specification(records) == wanted
    assert kernel.read_rules(records, SETTINGS) == wanted


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_malformed_record_on_an_empty_topic_is_no_rule_set_yet(case: Case) -> None:
    reading = activation.sorted_out([(0, 1_000, case.value), (1, 2_000, first())])
    assert [one.offset for one in reading.chain] == [1]


def test_what_builds_on_a_record_that_was_put_aside_is_put_aside_too(kernel: KernelProcess) -> None:
    orphan = json.dumps(json.loads(second()) | {"previous": 1}).encode()
    records: Topic = [(0, 0, first()), (1, 0, b"{"), (2, 0, orphan), (3, 0, second())]
    said = by_specification(records)
    assert said[2] == {"offset": 2, "aside": "it builds on the record at offset 1, which is put aside"}
    assert said[3] == {"offset": 3, "from_ms": 1_000}
    assert kernel.read_rules(records, SETTINGS) == said


def places(document: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    if way:
        yield way
    if isinstance(document, dict | list):
        for name, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from places(value, (*way, name))


def changed(way: tuple[Any, ...], value: Any) -> bytes:
    """The good record with that value in that place of its plan."""
    record = json.loads(second(shadow=parse(SHADOW)))
    place = record["plan"]
    for part in way[:-1]:
        place = place[part]
    place[way[-1]] = value
    return json.dumps(record).encode()


PLACES = list(places(json.loads(second(shadow=parse(SHADOW)))["plan"]))


@settings(max_examples=examples(300), derandomize=True)
@given(way=st.sampled_from(PLACES), value=ODD)
def test_a_plan_that_counts_is_one_the_kernel_can_compute_by(
    kernel: KernelProcess, unchanged: int, way: tuple[Any, ...], value: Any
) -> None:
    records = topic(changed(way, value))
    assert kernel.read_rules(records, SETTINGS) == by_specification(records)
    assert len(kernel.run_activations(records, SETTINGS, ROWS, "append")) == unchanged
