"""How everything behind an alias is read, whatever order a server puts its answers in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.sinks.elasticsearch.refusals import Failure
from pipeline.sinks.elasticsearch.server import Server


class Scripted(Server):
    """A server that gives these answers to searches, one after the other, and takes note of the rest."""

    def __init__(self, *answers: Any) -> None:
        super().__init__("127.0.0.1:1", None)
        self.answers = [json.dumps(answer).encode() for answer in answers]
        self.asked: list[tuple[str, str, object]] = []

    def raw(self, method: str, path: str, body: object = None) -> bytes:
        self.asked.append((method, path.partition("?")[0], body))
        if "_search" in path and method == "POST":
            return self.answers.pop(0)
        return b'{"risk-2026.01":{}}'


def page(scroll: str, *ids: str, failed: int = 0) -> dict[str, Any]:
    hits = [{"_source": {"_scroll_id": "no", "text": "\ud800"}, "_id": one} for one in ids]
    shards = {"failed": failed, "total": 1}
    return {"hits": {"hits": hits, "total": 3}, "_shards": shards, "_scroll_id": scroll}


def test_pages_are_read_until_one_is_empty_and_the_scroll_is_given_back() -> None:
    server = Scripted(page("one", "a", "b"), page("two", "c"), page("three"))
    ids = [[hit["_id"] for hit in json.loads(answer)["hits"]["hits"]] for answer in server.pages("risk")]
    assert ids == [["a", "b"], ["c"]]
    assert [body for _, path, body in server.asked if path == "/_search/scroll"] == [
        {"scroll": "2m", "scroll_id": "one"},
        {"scroll": "2m", "scroll_id": "two"},
        {"scroll_id": "three"},
    ]


@pytest.mark.parametrize("ids", [("a",), ()])
def test_a_page_that_lacks_a_part_of_the_index_is_a_failure(ids: tuple[str, ...]) -> None:
    server = Scripted(page("one", *ids, failed=1))
    with pytest.raises(Failure, match="a part of the index could not be read"):
        list(server.pages("risk"))
    assert server.asked[-1] == ("DELETE", "/_search/scroll", {"scroll_id": "one"})
