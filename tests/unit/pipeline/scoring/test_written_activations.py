"""What lies on rules topics since the first version: plans written again byte for byte, and read back whole.

The files hold one activation a line, each building on those above it. Their plans are a contract with every
topic there is: a change here is a change that the kernel, and every job that runs, must be able to read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.records.events import Transaction
from pipeline.records.members import Malformed
from pipeline.rules.plan import Plan, PlanSettings
from pipeline.rules.ruleset import parse
from pipeline.scoring import activation
from pipeline.scoring.order import Stamped
from pipeline.scoring.reference import Reference

FILES = sorted((Path(__file__).parent / "activations").glob("*.jsonl"))


def topic(file: Path) -> list[tuple[int, int, bytes | None]]:
    return [(number, 1_000 * number, line) for number, line in enumerate(file.read_bytes().splitlines())]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_plan_of_an_activation_is_written_as_it_always_was(file: Path) -> None:
    records = topic(file)
    for number, (_, _, value) in enumerate(records):
        written = json.loads(value or b"")
        shadow = None if written["shadow"] is None else parse(written["shadow"])
        chain = activation.read(records[:number])
        live, from_ms = parse(written["ruleset"]), written["effective_from_ms"]
        record = json.loads(activation.following(chain, written["action"], live, shadow, from_ms))
        assert json.dumps(record["plan"]) == json.dumps(written["plan"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_plan_that_is_read_back_is_written_the_same(file: Path) -> None:
    for one in activation.read(topic(file)):
        document = one.record["plan"]
        assert json.dumps(Plan.from_document(document).as_document()) == json.dumps(document)


def test_the_plan_of_a_job_has_the_settings_before_what_is_computed() -> None:
    settings = PlanSettings(30, 60_000, 10, 1_000, 7, 99, True, 5, 6)
    (alone,) = activation.read(topic(next(file for file in FILES if file.stem == "default")))
    plan = parse(alone.content).plan(settings)
    before = {
        "out_of_orderness_ms": 30,
        "dedup_window_ms": 60_000,
        "max_entries": 10,
        "max_event_bytes": 1_000,
        "allowed_lateness_ms": 7,
        "max_id_bytes": 99,
        "any_ids": True,
        "max_age_ms": 5,
        "max_ahead_ms": 6,
    }
    assert json.dumps(plan.as_document()) == json.dumps(before | alone.record["plan"])
    assert Plan.from_document(plan.as_document()) == plan


def plan_of(number: int) -> dict[str, Any]:
    """The plan of an activation among those that follow each other."""
    chain = activation.read(topic(next(file for file in FILES if file.stem == "changes")))
    return dict(chain[number].record["plan"])


def first_plan() -> dict[str, Any]:
    """One with features of every kind."""
    return plan_of(0)


def changed() -> dict[str, Any]:
    """One with a shadow, and with numbers that came later or are free."""
    return plan_of(4)


@pytest.mark.parametrize(
    ("place", "wrong", "said"),
    [
        ((), [], "must be an object"),
        (("epoch",), None, "epoch: must be a whole number from 0 on"),
        (("hops",), {}, "hops: must be a list"),
        (("inputs",), ["a", 1], "inputs: must be a list of texts"),
        (("hops", 0, "key"), 7, "hops[0].key: must be a text"),
        (("hops", 0, "held_ms"), -1, "hops[0].held_ms: must be a whole number from 0 on"),
        (("hops", 0, "columns"), [5, "merchant_id"], "hops[0].columns[0]: is not understood"),
        (
            ("hops", 0, "wheres"),
            [[["loop"]]] * len(plan_of(4)["hops"][0]["wheres"]),
            "hops[0].wheres[0]: is not understood",
        ),
        (("hops", 0, "since", "wheres"), [0], "hops[0].since.wheres: must be as many as wheres"),
        (("hops", 0, "since", "columns"), [9, 9], "hops[0].since: names a plan that comes later"),
        (("hops", 0, "features", 0, "agg"), "median", "hops[0].features[0].agg: median is no aggregate"),
    ],
)
def test_a_malformed_plan_is_refused_with_the_place(
    place: tuple[str | int, ...], wrong: Any, said: str
) -> None:
    plan: Any = {"": changed()}
    *way, last = ("", *place)
    inner = plan
    for step in way:
        inner = inner[step]
    inner[last] = wrong
    with pytest.raises(Malformed) as caught:
        Plan.from_document(plan[""])
    assert str(caught.value) == said


def test_whatever_is_damaged_in_a_plan_it_is_refused_or_can_be_computed_by() -> None:
    fields: dict[str, Any] = {"card_id": "c", "ip": "::1", "device_id": "d", "country": "NO"}
    events = [
        Stamped(Transaction(f"e{n}", "u", 1_000 * n, 10_000, fields), 0, n, 1_000 * n, 1_000 * n, False)
        for n in range(3)
    ]
    refused = 0
    for damaged in damages(first_plan()):
        try:
            plan = Plan.from_document(damaged)
        except Malformed:
            refused += 1
            continue
        assert len(list(Reference(replace(plan, settings=PlanSettings())).process(events))) == 3
    assert refused > 500


def damages(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document with one member after another left out, or with something else in its place."""
    for holder, name in list(members(document)):
        before = dict(holder) if isinstance(holder, dict) else list(holder)
        for wrong in (None, "x", 99, [], {}):
            holder[name] = wrong
            yield document
        del holder[name]
        yield document
        holder.clear()
        holder.update(before) if isinstance(holder, dict) else holder.extend(before)


def members(node: Any) -> Iterator[tuple[Any, Any]]:
    names = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for name in names:
        yield node, name
        yield from members(node[name])
