"""Moments as people write them."""

from __future__ import annotations

import pytest

from fraudctl.errors import UsageError
from fraudctl.settings import moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", 7_200_000),
        ("2s", 8_998_000),
        ("2001-09-09T01:46:40Z", 1_000_000_000_000),
        ("2001-09-09T02:46:40+01:00", 1_000_000_000_000),
    ],
)
def test_a_moment_is_a_time_or_an_age(text: str, expected: int) -> None:
    assert moment.parse(text, 9_000_000) == expected


def test_an_option_that_was_not_given_names_no_moment() -> None:
    assert moment.of_option("--from", None) is None


@pytest.mark.parametrize("text", ["yesterday", "", "2026-02-30T00:00:00Z", "-5m"])
def test_what_is_no_moment_is_refused_with_the_option_and_examples(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        moment.of_option("--from", text)
    assert caught.value.message.startswith(f"--from {text}: ")
    assert "30m" in str(caught.value.hint)
