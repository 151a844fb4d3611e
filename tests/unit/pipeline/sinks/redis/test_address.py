"""The forms of a Redis address."""

from __future__ import annotations

import pytest

from pipeline.sinks.redis.address import Address, parse


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://h:7/3", Address("", False, (("h", 7),), database=3)),
        ("rediss://u%40x:p%2F@h/0", Address("", True, (("h", 6379),), "u@x", "p/")),
        ("redis://[::1]:7", Address("", False, (("::1", 7),))),
        ("unix:///run/redis.sock", Address("", False, ())),
        ("redis+cluster://a:1,b,[::1]:3", Address("cluster", False, (("a", 1), ("b", 6379), ("::1", 3)))),
        ("rediss+cluster://u@a", Address("cluster", True, (("a", 6379),), "u")),
        (
            "rediss+sentinel://u:p@a,b:2/flags/4",
            Address("sentinel", True, (("a", 26379), ("b", 2)), "u", "p", 4, "flags"),
        ),
    ],
)
def test_an_address_says_where_how_and_as_whom(url: str, found: Address) -> None:
    assert parse(url) == found


@pytest.mark.parametrize(
    "url",
    [
        "http://h:1",
        "redis+proxy://h:1",
        "redis://",
        "redis://a:1,b:2/0",
        "redis+sentinel://a:1",
        "redis+sentinel://a:1/flags/0/1",
        "redis+cluster://a:1,,b:2",
        "redis://h:1/zero",
    ],
)
def test_another_form_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"the address is none of|a database is a number"):
        parse(url)
