"""How everything behind an alias is read: each page by the last document of the one before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.sinks.elasticsearch import server as module
from pipeline.sinks.elasticsearch.refusals import Failure, Missing, Unanswered
from pipeline.sinks.elasticsearch.server import Server

SEARCH, PIT = "/_search", "/_pit"


class Scripted(Server):
    """A server that gives these answers to searches one after the other, or none, and notes what is asked."""

    def __init__(self, *answers: Any) -> None:
        super().__init__("127.0.0.1:1", None)
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []
        self.closes = True

    def raw(self, method: str, path: str, body: object = None) -> bytes:
        path = path.partition("?")[0]
        self.asked.append((method, path, json.loads(json.dumps(body))))
        if path == SEARCH:
            answer = self.answers.pop(0)
            if isinstance(answer, Failure):
                raise answer
            return json.dumps(answer).encode()
        if path == PIT and not self.closes:
            raise Unanswered("nobody")
        return b'{"id":"zero"}' if path.endswith(PIT) else b'{"risk-2026.01":{}}'

    def searched(self) -> list[tuple[str, list[int] | None]]:
        """By which point in time and after which document each page was asked for."""
        bodies = [body for _, path, body in self.asked if path == SEARCH]
        assert {body["pit"]["keep_alive"] for body in bodies} == {"5m"}
        return [(body["pit"]["id"], body.get("search_after")) for body in bodies]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSES_S", (0.0, 0.0))


def page(point: str, *numbers: int, failed: int = 0) -> dict[str, Any]:
    hits = [{"_source": {"sort": [9], "text": "\ud800"}, "_id": f"{one}", "sort": [one]} for one in numbers]
    return {"hits": {"hits": hits}, "_shards": {"failed": failed, "total": 1}, "pit_id": point}


def ids(server: Server) -> list[list[str]]:
    return [[hit["_id"] for hit in json.loads(answer)["hits"]["hits"]] for answer in server.pages("risk")]


def test_pages_are_read_until_one_is_empty_and_the_point_in_time_is_given_back() -> None:
    server = Scripted(page("one", 1, 2), page("two", 3), page("three"))
    assert ids(server) == [["1", "2"], ["3"]]
    assert server.searched() == [("zero", None), ("one", [2]), ("two", [3])]
    assert server.asked[-1] == ("DELETE", PIT, {"id": "two"})


def test_a_page_that_is_not_answered_is_asked_for_again_and_none_is_skipped() -> None:
    nobody = Unanswered("nobody")
    server = Scripted(nobody, page("one", 1, 2), nobody, nobody, page("two", 3), page("three"))
    assert ids(server) == [["1", "2"], ["3"]]
    assert server.searched() == [("zero", None)] * 2 + [("one", [2])] * 3 + [("two", [3])]


def test_a_server_that_answers_no_more_is_a_failure() -> None:
    server = Scripted(page("one", 1), *[Unanswered("nobody")] * 3)
    with pytest.raises(Unanswered, match="nobody"):
        ids(server)
    assert server.asked[-1] == ("DELETE", PIT, {"id": "one"})


def test_what_was_read_counts_though_the_point_in_time_cannot_be_given_back() -> None:
    server = Scripted(page("one", 1), page("two"))
    server.closes = False
    assert ids(server) == [["1"]]


def test_a_point_in_time_that_the_server_has_lost_is_not_asked_again() -> None:
    server = Scripted(page("one", 1), Missing("No search context found for id [7]"))
    with pytest.raises(Missing, match="No search context found"):
        ids(server)
    assert server.searched() == [("zero", None), ("one", [1])]


@pytest.mark.parametrize("numbers", [(1,), ()])
def test_a_page_that_lacks_a_part_of_the_index_is_a_failure(numbers: tuple[int, ...]) -> None:
    server = Scripted(page("one", *numbers, failed=1))
    with pytest.raises(Failure, match="a part of the index could not be read"):
        ids(server)
    assert server.asked[-1] == ("DELETE", PIT, {"id": "zero"})
