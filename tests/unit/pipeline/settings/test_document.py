"""Reading the same document again."""

from __future__ import annotations

from pipeline.settings import document

TEXT = "a: {b: [1, 2]}\nc: no\n"


def test_what_one_reader_does_to_it_the_next_does_not_see() -> None:
    first = document.read(TEXT)
    first.content["a"]["b"].append(3)
    del first.content["c"]
    first.lines.clear()
    again = document.read(TEXT)
    assert again.content == {"a": {"b": [1, 2]}, "c": "no"}
    assert again.line(("a", "b")) == 1
    assert again.line(("c",)) == 2
