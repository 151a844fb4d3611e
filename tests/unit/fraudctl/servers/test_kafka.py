"""What Kafka is told."""

from __future__ import annotations

import pytest

from fraudctl.servers.kafka import escaped


@pytest.mark.parametrize(
    ("value", "text"),
    [("a=b: c", "a=b: c"), ("C:\\log", "C:\\\\log"), ("one\nport=1", "one\\nport=1"), (" x", "\\ x")],
)
def test_a_value_of_a_properties_file_is_read_as_it_was_given(value: str, text: str) -> None:
    assert escaped(value) == text
