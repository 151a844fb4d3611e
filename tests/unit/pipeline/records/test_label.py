from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import label
from pipeline.records.label import Label


def test_a_label_is_a_record_with_its_keys_in_order_and_is_read_back_whole() -> None:
    one = label.label(("ada", "e-1"), True, "simulate", 1_764_000_000_123, "ip_burst", "ip_burst-3")
    assert one.value.decode() == (
        '{"event_id":"e-1","user_id":"ada","label":"fraud","label_time":"2025-11-24T16:00:00.123Z",'
        '"scenario":"ip_burst","instance":"ip_burst-3","by":"simulate"}'
    )
    assert label.read(one.value) == one
    assert (one.identity, one.is_fraud) == (("ada", "e-1"), True)


@given(*(st.none() | st.text(st.characters(exclude_categories=["Cs"])) for _ in range(4)))
def test_a_label_is_written_as_json_writes_it(
    event_id: str | None, scenario: str | None, instance: str | None, by: str | None
) -> None:
    one = Label(event_id or "e", "ada", "legit", None, scenario, instance, by)
    assert one.value == json.dumps(one.document, ensure_ascii=False, separators=(",", ":")).encode()


def test_a_label_that_others_wrote_needs_only_the_event_its_user_and_the_word() -> None:
    value = json.dumps({"event_id": 7, "user_id": "ada", "label": "legit", "note": "x"}).encode()
    assert label.read(value) == Label("7", "ada", "legit")


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b'{"event_id":"e","label":"fraud"}', b"\xff"])
def test_what_is_no_label_is_none(value: bytes | None) -> None:
    assert label.read(value) is None
