"""What the command line may say about a file."""

from __future__ import annotations

import pytest

from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions, kinds, moment_ms


def test_a_kind_is_said_of_a_column_with_any_name_and_a_start_may_lie_long_ago() -> None:
    assert kinds(["a=b=text", "c=bool"]) == {"a=b": "text", "c": "bool"}
    assert moment_ms("--time-start", "1899-12-30T00:00:00Z") == -2_209_161_600_000
    assert moment_ms("--time-start", "1970-01-01T00:00:00Z") == 0
    for text in ("1899-12-30T00:00:00", "yesterday", "0000-01-01T00:00:00Z"):
        with pytest.raises(UsageError):
            moment_ms("--time-start", text)


@pytest.mark.parametrize("said", ["EURO", "\u20ac", "E", ""])
def test_a_currency_that_no_rule_set_can_name_is_no_option(said: str) -> None:
    with pytest.raises(UsageError) as refused:
        ReadOptions(currency=said)
    assert refused.value.hint == "write its three letters: --currency EUR"
