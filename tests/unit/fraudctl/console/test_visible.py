"""Nothing that strangers chose steers a terminal or turns the reading order."""

from __future__ import annotations

import pytest

from fraudctl.console.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada", "ada"),
        ("Zoë 北京", "Zoë 北京"),
        ("<script>", "<script>"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("a\u202eb\u2066", r"a\u202eb\u2066"),
        ("a\nb\r\u2028", r"a\x0ab\x0d\u2028"),
        ("\U000e0041\ud800", r"\U000e0041\ud800"),
    ],
)
def test_what_is_not_seen_is_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * 65_536, 10) == "xxxxxxxxx…"
