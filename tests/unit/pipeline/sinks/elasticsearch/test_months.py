"""Which months' indices are made, which have no room, and which are dropped."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pipeline.records.clock import DAY_MS
from pipeline.sinks.ageing import time_ms
from pipeline.sinks.elasticsearch.months import FAR_MS, NO_ROOM, Months, is_far
from pipeline.sinks.elasticsearch.refusals import BadRequest
from pipeline.sinks.elasticsearch.server import Server

JUNE_MS = time_ms("2026-06-01T00:00:00Z")


class Indices:
    """A server that has room for so many indices."""

    def __init__(self, *names: str, room: int = 100, refusal: str = NO_ROOM) -> None:
        self.names, self._room, self._refusal = list(names), room, refusal

    def indices(self, alias: str) -> list[str]:
        return [name for name in self.names if name.startswith(alias)]

    def create(self, index: str) -> None:
        if len(self.names) >= self._room:
            raise BadRequest("no more shards", self._refusal)
        self.names.append(index)

    def ask(self, method: str, path: str, body: object = None, *, missing_ok: bool = False) -> Any:
        if method == "DELETE":
            self.names.remove(path.removeprefix("/"))
        return {}


def months(server: Indices) -> Months:
    return Months(cast(Server, server), "risk")


def test_an_index_is_dropped_when_its_whole_month_is_older_and_what_is_no_month_never() -> None:
    server = Indices("risk-2026.04", "risk-2026.05", "risk-2026.06", "risk-copy", "other-2020.01")
    assert months(server).drop(JUNE_MS - 1) == 1
    assert server.names == ["risk-2026.05", "risk-2026.06", "risk-copy", "other-2020.01"]
    assert months(server).drop(JUNE_MS) == 1
    assert server.names == ["risk-2026.06", "risk-copy", "other-2020.01"]


def test_a_month_that_was_dropped_is_made_again_when_it_is_written_to() -> None:
    server = Indices()
    made = months(server)
    assert made.prepare([("risk-2026.05", JUNE_MS)]) == {}
    assert made.drop(JUNE_MS) == 1
    assert made.prepare([("risk-2026.05", JUNE_MS)]) == {}
    assert server.names == ["risk-2026.05"]


def test_where_there_is_no_room_a_far_month_is_named_and_one_of_now_is_waited_for() -> None:
    server = Indices(room=0)
    found = months(server).prepare([("risk-2020.01", JUNE_MS)])
    assert found == {"risk-2020.01": "no room for a month so far from now: no more shards"}
    for index in ("risk-2026.06", "risk-2025.05"):
        with pytest.raises(BadRequest):
            months(server).prepare([(index, JUNE_MS)])
    with pytest.raises(BadRequest):
        months(server).prepare([("risk-2020.01", JUNE_MS), ("risk-2020.01", time_ms("2020-01-02T00:00:00Z"))])


@pytest.mark.parametrize("refusal", ["a", "z"])
def test_another_refusal_of_an_index_is_no_lack_of_room(refusal: str) -> None:
    with pytest.raises(BadRequest):
        months(Indices(room=0, refusal=refusal)).prepare([("risk-2020.01", JUNE_MS)])


def test_far_is_431_days_on_either_side() -> None:
    assert FAR_MS == 431 * DAY_MS
    assert [
        is_far("risk-2026.06", JUNE_MS + way * (FAR_MS + more)) for way in (1, -1) for more in (0, 1)
    ] == [False, True, False, True]
