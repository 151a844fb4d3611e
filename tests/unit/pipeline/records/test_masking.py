"""What is shown of fields that nobody is shown in full."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.records.masking import NONE, Masks, hidden

MASKS = Masks(frozenset({"ip", "email", "lat", "pin"}))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("203.0.113.9", "***.9"),
        ("a@b.example", "***le"),
        ("1234567", "***"),
        ("", "***"),
        (52.5, "***"),
        (None, None),
    ],
)
def test_of_a_long_text_the_last_two_characters_are_shown(value: Any, shown: Any) -> None:
    assert hidden(value) == shown


def test_a_masked_field_is_masked_wherever_a_text_says_it() -> None:
    document: dict[str, Any] = {
        "event_id": "evt-203.0.113.9",
        "ip": "203.0.113.9",
        "ip_net": "203.0.113.0/24",
        "lat": 52.5,
        "country": "DE",
        "amount": "12.50",
        "reasons": [{"rule": "ip_burst", "points": 60, "text": "5 users from 203.0.113.9 in 2 minutes"}],
        "extra": {"email": "ada@example.org", "note": "ada@example.org again"},
        "email": None,
    }
    assert MASKS.document(document) == {
        "event_id": "evt-203.0.113.9",
        "ip": "***.9",
        "ip_net": "***24",
        "lat": "***",
        "country": "DE",
        "amount": "12.50",
        "reasons": [{"rule": "ip_burst", "points": 60, "text": "5 users from ***.9 in 2 minutes"}],
        "extra": {"email": "***rg", "note": "***rg again"},
        "email": None,
    }


def test_a_short_value_is_not_looked_for_within_words() -> None:
    assert MASKS.document({"pin": "12", "text": "12 of 123 say 12."}) == {
        "pin": "***",
        "text": "*** of 123 say ***.",
    }


def test_features_that_are_former_values_of_a_masked_field_are_masked_with_what_is_said_of_them() -> None:
    document = {
        "features": {"last_ip": {"value": "198.51.100.7", "declared": {"of": "ip"}}, "n": {"value": 3}},
        "rules": [{"compared": {"last_ip": "198.51.100.7"}, "text": "was at 198.51.100.7"}],
    }
    assert MASKS.document(document, ["last_ip"]) == {
        "features": {"last_ip": {"value": "***.7", "declared": {"of": "ip"}}, "n": {"value": 3}},
        "rules": [{"compared": {"last_ip": "***.7"}, "text": "was at ***.7"}],
    }


def test_without_masks_all_is_shown_as_it_is() -> None:
    document = {"ip": "203.0.113.9", "reasons": [{"text": "from 203.0.113.9"}]}
    assert NONE.document(document) == document
    assert NONE.value("ip", "203.0.113.9") == "203.0.113.9"
    assert MASKS.value("ip", "203.0.113.9") == "***.9"
    assert MASKS.value("user_id", "ada") == "ada"
