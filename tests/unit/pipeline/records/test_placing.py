"""Under which key a transaction is sent."""

from __future__ import annotations

import pytest

from pipeline.records.placing import key_of

VALUE = b'{"event_id":"e","user_id":"u","ip":"10.0.0.1","device_id":"","card_id":null}'


@pytest.mark.parametrize(
    ("field", "key"),
    [("user_id", b"u"), ("ip", b"10.0.0.1"), ("device_id", b"u"), ("card_id", b"u"), ("merchant_id", b"u")],
)
def test_the_key_is_the_value_of_the_field_or_the_user_where_it_has_none(field: str, key: bytes) -> None:
    assert key_of(field, b"u", VALUE) == key
