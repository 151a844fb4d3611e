"""Many decisions read by Arrow at once: the same table as one by one, or none at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import Transaction
from pipeline.records.quantities import Number
from pipeline.sinks.parquet import files, lines
from pipeline.sinks.parquet import table as decision_table
from tests.examples import examples

NOON = 1_764_072_000_000  # 2025-11-25T12:00Z

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
literals = st.one_of(
    st.integers(-(10**17), 10**17).map(str), st.floats(allow_nan=False, allow_infinity=False).map(repr)
).map(Number)
scalars = st.one_of(texts, literals, st.booleans())
fields = st.fixed_dictionaries(
    {},
    optional={
        "ip": texts,
        "country": texts,
        "lat": literals,
        "lon": literals,
        "vip": st.booleans(),
        "note": scalars,
    },
)
features = st.dictionaries(st.sampled_from(["a", "b", "c"]), scalars) | st.fixed_dictionaries(
    {"tx": st.integers(0, 99), "mean": literals, "seq": st.booleans(), "city": texts}
)
decisions = st.builds(
    Decision,
    transaction=st.builds(
        Transaction,
        texts,
        texts,
        st.integers(-62_135_596_800_000, 253_402_300_799_999),
        st.integers(-(10**18) + 1, 10**18 - 1) | st.integers(-(10**7), 10**7),
        fields,
    ),
    score=st.integers(0, 100),
    decision=st.sampled_from(["approve", "review", "block"]),
    source=st.builds(Source, texts, st.integers(0, 9), st.integers(0, 1 << 40)),
    reasons=st.lists(st.builds(Hit, texts, st.integers(-100, 100), texts), max_size=2).map(tuple),
    features=features,
    ruleset_version=texts,
    ruleset_hash=texts,
    late=st.booleans(),
    saturated=st.booleans(),
    warming=st.lists(texts, max_size=1).map(tuple),
)


def delivered(values: Sequence[bytes]) -> list[Delivery]:
    return [Delivery(value, 1, offset, 1, NOON + offset, b"k") for offset, value in enumerate(values)]


def one_by_one(deliveries: Sequence[Delivery]) -> Any:
    return decision_table.table([decision_table.read(delivery) for delivery in deliveries])


def file(table: Any) -> bytes:
    return bytes(files.encode(decision_table.unite([table])))


def plain(offset: int, **changed: Any) -> Decision:
    parts: dict[str, Any] = {
        "transaction": Transaction(f"e{offset}", "ada", NOON, 125_000, {"ip": "10.0.0.1"}),
        "score": 60,
        "decision": "review",
        "source": Source("t", 0, offset),
        "reasons": (Hit("r", 60, "many"),),
        "features": {"tx": offset, "mean": Number("12.25"), "city": "Ürgüp", "seq": True},
        "ruleset_version": "v1",
        "ruleset_hash": "abc",
        "late": False,
        "saturated": False,
    }
    return Decision(**parts | changed)


@settings(max_examples=examples(150))
@given(st.lists(decisions, min_size=1, max_size=6))
def test_the_table_is_the_one_that_is_made_one_by_one(found: list[Decision]) -> None:
    deliveries = delivered([encode_decision(decision) for decision in found])
    at_once = lines.table(deliveries)
    if at_once is not None:
        assert file(at_once) == file(one_by_one(deliveries))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"features": {}},
        {"features": {"only": 1}},
        {"features": {"age": 1 << 60, "mean": Number("-0.0"), "tx": Number("1E3"), "city": "", "seq": False}},
        {"transaction": Transaction("\N{SNOWMAN}\n\x7f", 'a"\\d', NOON, -1, {"vip": True})},
        {"warming": ("user_tx_5m",), "plugin_errors": {"slow": "ValueError"}},
        {"reasons": ()},
    ],
)
def test_what_the_job_writes_is_read_at_once(changed: dict[str, Any]) -> None:
    deliveries = delivered([encode_decision(plain(n, **changed if n == 3 else {})) for n in range(5)])
    at_once = lines.table(deliveries)
    assert at_once is not None
    assert file(at_once) == file(one_by_one(deliveries))


GOOD = encode_decision(plain(0))


@pytest.mark.parametrize(
    "values",
    [
        [GOOD + GOOD, b""],
        [GOOD + GOOD, b" "],
        [GOOD, b"{}"],
        [GOOD, b"[1]"],
        [GOOD, GOOD[:-1]],
        [GOOD[:200], GOOD[200:]],
        [GOOD, GOOD.replace(b',"amount"', b'\n,"amount"')],
        [GOOD, GOOD.replace(b"many", b"\\ud800")],
        [GOOD, GOOD.replace(b"many", b"\xff")],
        [GOOD, GOOD.replace(b',"offset":0}', b"}")],
        [GOOD, GOOD.replace(b'"points":60', b'"points":60,"since":1')],
        [GOOD, GOOD.replace(b'"tx":0', b'"tx":"none"')],
        [GOOD, GOOD.replace(b'"tx":0', b'"tx":[0]')],
        [GOOD, GOOD.replace(b'"score":60', b'"score":60.5')],
        [GOOD, GOOD.replace(b'"score":60', b'"score":null')],
        [GOOD, GOOD.replace(b'"score":60', b'"score":60,"score":61')],
        [GOOD, GOOD.replace(b"T12:00:00.000Z", b"T12:00:00.000+02:00")],
        [GOOD, GOOD.replace(b"2025-11-25", b"2025-11-31")],
        [GOOD, GOOD.replace(b"12.5,", b"0.00001,")],
        [GOOD.replace("Ürgüp".encode(), b"2025-11-25")],
    ],
)
def test_it_gives_up_where_the_two_ways_might_differ(values: list[bytes]) -> None:
    assert values != [GOOD] * len(values)
    assert lines.table(delivered(values)) is None
