"""Members of a document: each is of its kind, or the error says where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.records.members import Malformed, Members

DOCUMENT = {
    "name": "n",
    "count": 3,
    "is_new": True,
    "none": None,
    "list": ["a"],
    "inner": {"numbers": [1, 2]},
}


def test_members_of_their_kind_are_given() -> None:
    read = Members(DOCUMENT)
    assert (read.text("name"), read.whole("count", least=3), read.truth("is_new")) == ("n", 3, True)
    assert (read.optional_text("none"), read.optional_text("absent"), read.texts("list")) == (
        None,
        None,
        ("a",),
    )
    assert read.within("inner").wholes("numbers") == (1, 2)
    assert ("none" in read, "absent" in read, read.given("list")) == (True, False, ["a"])


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda read: read.text("absent"), "absent: is missing"),
        (lambda read: read.text("count"), "count: must be a text"),
        (lambda read: read.whole("is_new"), "is_new: must be a whole number"),
        (lambda read: read.whole("count", least=4), "count: must be a whole number from 4 on"),
        (lambda read: read.truth("count"), "count: must be true or false"),
        (lambda read: read.wholes("list"), "list: must be a list of whole numbers from 0 on"),
        (lambda read: read.within("name"), "name: must be an object"),
        (lambda read: read.within("inner").texts("numbers"), "inner.numbers: must be a list of texts"),
        (lambda read: list(read.within("inner").each("numbers")), "inner.numbers[0]: must be an object"),
    ],
)
def test_another_kind_is_refused_with_the_place(ask: Callable[[Members], Any], said: str) -> None:
    with pytest.raises(Malformed) as caught:
        ask(Members(DOCUMENT))
    assert str(caught.value) == said
