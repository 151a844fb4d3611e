"""A cluster that is full, busy or half set up by others, and what answers in its place: each is told in
words, nothing is lost, and the writer goes on by itself once it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline import sinks
from pipeline.connections.trouble import Trouble
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit
from pipeline.sinks import Outcome, Unavailable
from pipeline.sinks.elasticsearch.refusals import Failure
from pipeline.sinks.elasticsearch.server import Server as Client
from tests.contract.elastic_guard import Guard, Page
from tests.decisions import decided

DECEMBER = 1_765_000_000_000
BURST = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")
BALANCER = Page(503, "text/html", b"<html>\n<head><title>503 Service\nUnavailable</title></head></html>")
LOGIN = Page(200, "text/html; charset=utf-8", b"<!doctype html><TITLE>Sign in</TITLE>")


@pytest.fixture
def sink(elasticsearch_server: Any, alias: str) -> Iterator[Any]:
    sink = sinks.connect("elasticsearch", elasticsearch_server.address, None, {"index": alias})
    yield sink
    sink.close()


@pytest.fixture
def guard(elasticsearch_server: Any) -> Iterator[Guard]:
    with Guard(elasticsearch_server.address) as guard:
        guard.keys.add("key")
        yield guard


@pytest.fixture
def behind(guard: Guard, alias: str, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens sinks that reach the node through the guard."""
    key, opened = tmp_path / "key", []
    key.write_text("key\n")

    def connect(**settings: Any) -> Any:
        told = {"index": alias, "api_key_file": str(key), **settings}
        opened.append(sinks.connect("elasticsearch", f"http://127.0.0.1:{guard.port}", key, told))
        return opened[-1]

    yield connect
    for sink in opened:
        sink.close()


def delivery(event_id: str, *hits: Hit, at: int = 0, **said: Any) -> Delivery:
    return decided(event_id, *hits, offset=at, append_ms=1_764_000_100_000 + at, **said)


def told(act: Callable[[], object]) -> tuple[str, Trouble | None]:
    """Why not now, in words and as a value."""
    with pytest.raises(Unavailable) as error:
        act()
    return str(error.value), error.value.trouble


@contextmanager
def cluster(client: Client, **settings: object) -> Iterator[None]:
    """The whole cluster is set like this."""
    named = {name.replace("__", "."): value for name, value in settings.items()}
    client.ask("PUT", "/_cluster/settings", {"persistent": named})
    try:
        yield
    finally:
        client.ask("PUT", "/_cluster/settings", {"persistent": dict.fromkeys(named)})


@pytest.mark.parametrize("block", ["read_only_allow_delete", "write", "read_only"])
def test_an_index_that_is_blocked_is_waited_for_and_is_not_said_to_lack_a_right(
    sink: Any, client: Client, alias: str, block: str
) -> None:
    """The first is what a full disk does, at the flood stage."""
    sink.write([delivery("a")])
    place = f"/{alias}-2025.11/_settings"
    client.ask("PUT", place, {f"index.blocks.{block}": True})
    for _ in range(2):  # by a connection that knows the index, and by a new one
        words, trouble = told(lambda: sink.write([delivery("b", at=1)]))
        assert f"index [{alias}-2025.11] blocked by" in words
        assert trouble is Trouble.BLOCKED
        sink.close()
    client.ask("PUT", place, {f"index.blocks.{block}": None})
    assert sink.write([delivery("a"), delivery("b", at=1)]) == Outcome(written=1, superseded=1)


def test_a_month_that_is_kept_read_only_does_not_keep_the_others_from_being_written(
    sink: Any, client: Client, alias: str
) -> None:
    sink.write([delivery("old")])
    client.ask("PUT", f"/{alias}-2025.11/_settings", {"index.blocks.read_only": True})
    sink.close()
    assert sink.write([delivery("new", time_ms=DECEMBER)]) == Outcome(written=1)
    client.ask("PUT", f"/{alias}-2025.11/_settings", {"index.blocks.read_only": None})


def test_a_repair_that_was_cut_short_does_not_leave_deleted_versions_forgotten_for_good(
    sink: Any, client: Client, alias: str
) -> None:
    sink.write([delivery("a")])
    place = f"/{alias}-2025.11/_settings"
    client.ask("PUT", place, {"index.gc_deletes": "0s"})
    sink.close()
    sink.write([delivery("b", at=1)])
    assert client.ask("GET", place)[f"{alias}-2025.11"]["settings"]["index"]["gc_deletes"] == "60s"


def test_a_cluster_without_room_for_a_request_is_waited_for(sink: Any, client: Client) -> None:
    batch = [delivery(f"e{n}", BURST, at=n, note="x" * 500) for n in range(100)]
    sink.write(batch[:1])
    with cluster(client, network__breaker__inflight_requests__limit="20kb"):
        words, trouble = told(lambda: sink.write(batch))
    assert "circuit_breaking_exception" in words
    assert trouble is None
    assert sink.write(batch) == Outcome(written=99, superseded=1)


class TestWhatOthersHaveMade:
    def test_an_index_of_a_months_name_that_is_not_behind_the_alias_is_not_written(
        self, sink: Any, client: Client, alias: str
    ) -> None:
        """What nobody would find there is not said to be stored."""
        client.ask("PUT", f"/{alias}-2025.11")
        words, trouble = told(lambda: sink.write([delivery("a")]))
        assert words.startswith(f"{alias}-2025.11 is there, but not behind the alias {alias}")
        assert trouble is None
        client.ask("DELETE", f"/{alias}-2025.11")
        assert sink.write([delivery("a")]) == Outcome(written=1)

    def test_nor_is_one_that_appears_while_the_writer_works(
        self, sink: Any, client: Client, alias: str
    ) -> None:
        """Whoever resets a cluster deletes the template too, and a stray request makes the index."""
        sink.write([delivery("a")])
        client.ask("DELETE", f"/{alias}-2025.11")
        client.ask("DELETE", f"/_index_template/{alias}")
        client.ask("PUT", f"/{alias}-2025.11/_doc/x", {"user_id": "ada"})
        words, _ = told(lambda: sink.write([delivery("b", at=1)]))
        assert "is there, but not behind the alias" in words
        client.ask("DELETE", f"/{alias}-2025.11")
        assert sink.write([delivery("a"), delivery("b", at=1)]) == Outcome(written=2)
        assert len(list(sink.entries())) == 2

    def test_a_mapping_that_conflicts_is_told_with_the_index_and_the_field(
        self, sink: Any, client: Client, alias: str
    ) -> None:
        mapped = {"properties": {"user_id": {"type": "text"}}}
        client.ask("PUT", f"/{alias}-2025.11", {"aliases": {alias: {}}, "mappings": mapped})
        words, _ = told(lambda: sink.write([delivery("a")]))
        assert words.startswith(f"{alias}-2025.11 has a mapping that is not ours: ")
        assert "[user_id]" in words
        client.ask("DELETE", f"/{alias}-2025.11")
        assert sink.write([delivery("a")]) == Outcome(written=1)

    def test_a_template_of_a_greater_priority_is_told(self, sink: Any, client: Client, alias: str) -> None:
        theirs = f"/_index_template/{alias}-theirs"
        client.ask("PUT", theirs, {"index_patterns": [f"{alias}-*"], "priority": 900})
        words, _ = told(lambda: sink.write([delivery("a")]))
        assert "by another index template that goes before ours" in words
        client.ask("DELETE", theirs)
        client.ask("DELETE", f"/{alias}-2025.11")
        assert sink.write([delivery("a")]) == Outcome(written=1)

    def test_an_index_where_the_alias_should_be_is_told(self, sink: Any, client: Client, alias: str) -> None:
        client.ask("PUT", f"/{alias}/_doc/x", {"n": 1})
        words, _ = told(lambda: sink.write([delivery("a")]))
        assert "same name" in words
        assert alias in words
        client.ask("DELETE", f"/{alias}")
        assert sink.write([delivery("a")]) == Outcome(written=1)

    def test_an_alias_where_a_months_index_should_be_is_told_and_no_decision_is_put_aside(
        self, sink: Any, client: Client, alias: str
    ) -> None:
        sink.write([delivery("a")])
        client.ask("DELETE", f"/{alias}-2025.11")
        client.ask("PUT", f"/other-{alias}", {"aliases": {f"{alias}-2025.11": {}}})
        words, _ = told(lambda: sink.write([delivery("a")]))
        assert "already exists as alias" in words
        client.ask("DELETE", f"/other-{alias}")
        assert sink.write([delivery("a")]) == Outcome(written=1)


class TestWhatAnswersInItsPlace:
    @pytest.mark.parametrize(
        ("page", "words", "trouble"),
        [
            (BALANCER, "HTTP 503, '503 Service Unavailable'", Trouble.UNREACHABLE),
            (LOGIN, "HTTP 200, 'Sign in'", Trouble.STRANGER),
            (Page(200, "application/json", b'{"errors":false,"items":[]}'), "HTTP 200", Trouble.STRANGER),
            (Page(200, "application/json", b""), "HTTP 200", Trouble.STRANGER),
            (Page(404, "text/plain", b"default backend - 404"), "HTTP 404", Trouble.STRANGER),
            (Page(400, "text/html", b"<title>Bad</title>"), "HTTP 400, 'Bad'", Trouble.STRANGER),
            (Page(401, "text/html", b"<title>Who?</title>"), "HTTP 401, 'Who?'", Trouble.PASSWORD),
            (Page(403, "application/json", b'{"message":"Forbidden"}'), "HTTP 403", Trouble.STRANGER),
        ],
    )
    @pytest.mark.parametrize("is_known", [False, True])
    def test_it_is_named_whether_the_server_was_known_before_or_not(
        self, guard: Guard, behind: Any, is_known: bool, page: Page, words: str, trouble: Trouble
    ) -> None:
        sink = behind()
        if is_known:
            sink.write([delivery("a")])
        guard.instead = page
        wanted = f"something that is not Elasticsearch answers there: {words}", trouble
        assert told(lambda: sink.write([delivery("b", at=1)])) == wanted
        assert told(lambda: sink.held("ada", "a")) == wanted
        guard.instead = None
        assert sink.write([delivery("b", at=1)]) == Outcome(written=1)

    def test_a_404_of_a_balancer_is_not_taken_for_an_empty_store(
        self, guard: Guard, behind: Any, client: Client, alias: str
    ) -> None:
        """A flag would stay for good: its deletion would be of what is not there."""
        sink = behind(flagged_only=True)
        sink.write([delivery("e", BURST)])
        guard.instead = Page(404, "text/plain", b"default backend - 404")
        for act in (
            lambda: sink.write([delivery("e", at=1)]),
            lambda: list(sink.entries()),
            lambda: sink.look_up([("ada", "e")]),
            lambda: sink.erase("ada"),
            lambda: sink.forget([(("ada", "e"), 1 << 60)]),
        ):
            told(act)
        guard.instead = None
        assert sink.write([delivery("e", at=1)]) == Outcome(written=1)
        assert sink.held("ada", "e") is None

    def test_an_answer_that_was_cut_short_is_not_now(self, guard: Guard, behind: Any) -> None:
        sink = behind()
        sink.write([delivery("a")])
        guard.bulk_cut = 20
        words, _ = told(lambda: sink.write([delivery("b", at=1)]))
        assert "an answer cannot be read" in words
        guard.bulk_cut = None
        assert sink.write([delivery("b", at=1)]) == Outcome(superseded=1)

    def test_answers_lost_on_the_way_are_asked_for_again_and_each_decision_is_read_once(
        self, guard: Guard, behind: Any, alias: str
    ) -> None:
        sink = behind()
        sink.write([delivery(f"e{n}", at=n) for n in range(4_100)])
        month = f"/{alias}-2025.11"
        guard.lost = [f"{month}/_refresh", f"/{alias}/_pit", "/_search"]
        reading = sink.entries()
        read = [next(reading)]
        assert guard.lost == []
        guard.lost = ["/_search", "/_search", "/_pit"]
        read += reading
        assert guard.lost == []
        assert sorted(entry.event_id for entry in read) == sorted(f"e{n}" for n in range(4_100))


def test_a_failure_of_the_server_keeps_its_words(client: Client) -> None:
    with pytest.raises(Failure, match=r"alias \[nowhere\] missing"):
        client.ask("GET", "/_alias/nowhere")
