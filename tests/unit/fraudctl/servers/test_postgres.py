"""What PostgreSQL is told."""

from __future__ import annotations

import pytest

from fraudctl.servers.postgres import quoted


@pytest.mark.parametrize(
    ("value", "text"),
    [(64, "'64'"), ("it's", "'it''s'"), ("C:\\log", "'C:\\\\log'"), ("one\nport = 1", "'one\\nport = 1'")],
)
def test_a_value_cannot_end_before_its_end(value: object, text: str) -> None:
    assert quoted(value) == text
