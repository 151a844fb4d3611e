"""Rule sets that follow each other over one log: kernel and reference agree, and each with itself alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rules.expression.tree import Kind
from pipeline.rules.ruleset import PlanSettings, parse
from pipeline.scoring import activation
from pipeline.scoring.activation import Activation
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference, Scored
from tests.examples import each_seed, each_size, examples
from tests.kernel_process import KernelProcess
from tests.random_streams import Change, LogShape, random_case, random_changes
from tests.streams import UNITS, Case, content

Topic = list[tuple[int, int, bytes]]
Kinds = Mapping[str, Kind]

many = settings(max_examples=examples(100), derandomize=True)
seeds = st.integers(0, 2**32)


def live_case(seed: int, size: int = 120, features: int = 5, shape: LogShape | None = None) -> Case:
    """One on a live topic: activations have append times too."""
    case = random_case(seed, size, features, shape)
    return replace(case, settings=replace(case.settings, time="append"))


def settings_of(case: Case) -> PlanSettings:
    chosen = case.settings
    return PlanSettings(
        chosen.out_of_orderness_ms,
        chosen.dedup_window_ms,
        chosen.max_entries,
        allowed_lateness_ms=chosen.allowed_lateness_ms,
    )


def written(changes: Sequence[Change]) -> Topic:
    """The rules topic; every other record is one that must be ignored."""
    topic: Topic = []
    for number, change in enumerate(changes):
        chain = activation.read(topic)
        shadow = None if change.shadow is None else named(f"s{number}", change.shadow)
        value = activation.following(
            chain, "apply", named(f"v{number}", change.features), shadow, change.effective_from_ms
        )
        topic.append((3 * number, change.append_ms, value))
        topic.append((3 * number + 1, change.append_ms, value if number % 2 else b"[not an activation"))
    return topic


def named(version: str, features: Any) -> Any:
    return parse(content(features) | {"version": version})


def by_reference(case: Case, chain: Sequence[Activation]) -> list[Scored]:
    return [
        one
        for one in activation.reference(chain, settings_of(case)).process(stamped(case))
        if not one.duplicate
    ]


def stamped(case: Case) -> Any:
    records = [Record(row.partition, row.offset, row.append_ms, row.value, row.headers) for row in case.rows]
    return stamp(records, case.settings.out_of_orderness_ms, "append")


def answer_of(scored: Scored, one: Activation) -> dict[str, Any]:
    place = scored.stamped
    said = {"partition": place.partition, "offset": place.offset, "due": place.due} | said_of(scored)
    return said | ({"shadow": said_of(scored.shadow)} if scored.shadow else {})


def said_of(scored: Scored) -> dict[str, Any]:
    warming = {"warming": list(scored.warming)} if scored.warming else {}
    return {"saturated": scored.saturated, "features": dict(scored.values)} | warming


def by_kernel(kernel: KernelProcess, case: Case, topic: Topic) -> list[dict[str, Any]]:
    answers = kernel.run_activations(topic, asdict(settings_of(case)), case.rows, "append")
    chain = activation.read(topic)
    kinds = {one.offset: (kinds_of(one.content), kinds_of(one.shadow)) for one in chain}
    return [
        _raw(one, *kinds[activation.in_force(chain, one["due"]).offset])
        for one in answers
        if "duplicate" not in one and "refused" not in one
    ]


def kinds_of(ruleset: Mapping[str, Any] | None) -> Kinds:
    return {} if ruleset is None else {name: one.kind for name, one in parse(ruleset).features.items()}


def _raw(answer: dict[str, Any], live: Kinds, shadow: Kinds) -> dict[str, Any]:
    kept = {name: answer[name] for name in ("partition", "offset", "due")} | _part(answer, live)
    return kept | ({"shadow": _part(answer["shadow"], shadow)} if "shadow" in answer else {})


def _part(answer: dict[str, Any], kinds: Kinds) -> dict[str, Any]:
    values = {name: _value(value, kinds[name]) for name, value in answer["features"].items()}
    warming = {"warming": answer["warming"]} if "warming" in answer else {}
    return {"saturated": answer["saturated"], "features": values} | warming


def _value(value: Any, kind: Kind) -> Any:
    if kind is Kind.MONEY:
        return int(Decimal(value) * UNITS)
    return float(value) if isinstance(value, Decimal) else value


@many
@given(seed=seeds, count=st.integers(1, 5))
def test_the_kernel_says_what_the_reference_says_while_rule_sets_change(
    kernel: KernelProcess, seed: int, count: int
) -> None:
    case = live_case(seed)
    topic = written(random_changes(seed, case, count))
    chain = activation.read(topic)
    expected = [answer_of(one, chain[one.version]) for one in by_reference(case, chain)]
    assert by_kernel(kernel, case, topic) == expected


@pytest.mark.parametrize("seed", each_seed(3))
@pytest.mark.parametrize("size", each_size(2_500))
def test_they_agree_on_longer_logs_with_keys_whose_state_lies_in_pieces(
    kernel: KernelProcess, seed: int, size: int
) -> None:
    shape = LogShape(partitions=3, ids=4_000, users=5, jumps=0.001)
    case = live_case(300 + seed, size, 10, shape)
    topic = written(random_changes(seed, case, 6))
    chain = activation.read(topic)
    expected = [answer_of(one, chain[one.version]) for one in by_reference(case, chain)]
    assert by_kernel(kernel, case, topic) == expected


@many
@given(seed=seeds, count=st.integers(2, 5))
def test_what_is_not_warming_is_as_if_the_rule_set_had_always_been_in_force(seed: int, count: int) -> None:
    case = live_case(seed)
    chain = activation.read(written(random_changes(seed, case, count)))
    together, log = by_reference(case, chain), list(stamped(case))
    for number, one in enumerate(chain):
        rules = parse(one.content)
        alone = Reference(rules.plan(settings_of(case))).process(log)
        pairs = zip(together, (s for s in alone if not s.duplicate), strict=True)
        for scored, always in pairs:
            if scored.version != number:
                continue
            known = [name for name in rules.features if name not in scored.warming]
            assert [scored.values.get(name) for name in known] == [always.values.get(name) for name in known]
            assert always.saturated or not scored.saturated


@many
@given(seed=seeds, count=st.integers(2, 5))
def test_a_shadow_changes_nothing_of_the_live_features(seed: int, count: int) -> None:
    case = live_case(seed)
    changes = random_changes(seed, case, count)
    with_shadows, without = (
        by_reference(case, activation.read(written(some)))
        for some in (changes, [replace(change, shadow=None) for change in changes])
    )
    first = next((number for number, change in enumerate(changes) if change.shadow), len(changes))
    for one, alone in zip(with_shadows, without, strict=True):
        if one.version <= first:
            assert replace(one, shadow=None) == alone
            continue
        # What a shadow has held is there for a version after it, which then warms less.
        assert set(one.warming) <= set(alone.warming)
        assert warm_part(one, alone.warming) == warm_part(alone, alone.warming)


def warm_part(scored: Scored, warming: tuple[str, ...]) -> tuple[object, ...]:
    """What must be the same whatever the state held before these features were there."""
    values = {name: value for name, value in scored.values.items() if name not in warming}
    return scored.stamped, scored.version, values, scored.saturated, scored.duplicate
