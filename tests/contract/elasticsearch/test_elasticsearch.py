"""What the Elasticsearch sink does beyond what every sink must: mapping, months, deletions, search."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipeline import sinks
from pipeline.records.decision_bytes import take_apart
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit
from pipeline.records.quantities import Number
from pipeline.sinks import Outcome, Unavailable, elasticsearch
from pipeline.sinks.elasticsearch import index, reader
from pipeline.sinks.elasticsearch.reader import Search
from pipeline.sinks.elasticsearch.refusals import BadRequest, Failure
from pipeline.sinks.elasticsearch.server import Server as Client
from tests.decisions import decided

NOVEMBER, DECEMBER = 1_764_000_000_123, 1_765_000_000_000
BURST = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")


def delivery(event_id: str, *hits: Hit, at: int = 0, **said: Any) -> Delivery:
    features = {"mean": Number("12.300000000000001")}
    return decided(event_id, *hits, offset=at, append_ms=1_764_000_100_000 + at, features=features, **said)


@pytest.fixture
def open_sink(elasticsearch_server: Any, alias: str) -> Iterator[Callable[..., Any]]:
    opened = []

    def connect(**settings: Any) -> Any:
        opened.append(
            sinks.connect("elasticsearch", elasticsearch_server.address, None, settings | {"index": alias})
        )
        return opened[-1]

    yield connect
    for sink in opened:
        sink.close()


def find(client: Client, alias: str, search: Search) -> list[str]:
    client.ask("POST", f"/{alias}/_refresh")
    found = reader.ask(client, search.body(), alias)
    return [hit["_source"]["event_id"] for hit in found["hits"]["hits"]]


def test_a_document_is_the_decision_with_unknown_fields_apart(
    open_sink: Any, client: Client, alias: str
) -> None:
    one = delivery("e", BURST, ip="203.0.113.9", lat=Number("1.50"), vip=True, position="front")
    open_sink().write([one])
    raw = client.raw("GET", f"/{alias}-2025.11/_doc/3:ada:e").decode()
    held, decision = json.loads(raw), json.loads(one.value)
    del decision["vip"]
    assert held["_version"] == one.position
    assert held["_source"] == decision | {
        "position": one.position,
        "decided_at": one.append_ms,
        "extra": {"vip": True, "position": "front"},
        "extra_terms": ["vip=true", "position=front"],
    }
    assert '"lat":1.50,' in raw
    assert '"mean":12.300000000000001' in raw


def test_indices_are_monthly_strict_and_behind_the_alias(open_sink: Any, client: Client, alias: str) -> None:
    open_sink().write([delivery("a"), delivery("b", at=1, time_ms=DECEMBER)])
    assert client.indices(alias) == [f"{alias}-2025.11", f"{alias}-2025.12"]
    with pytest.raises(BadRequest, match="strict"):
        client.ask("PUT", f"/{alias}-2025.11/_doc/x", {"surprise": 1})


def test_an_identity_of_any_length_has_a_document(open_sink: Any) -> None:
    long = "é" * 20_000
    one, other = delivery(long, BURST), delivery(long + "x", at=1)
    sink = open_sink()
    assert sink.write([one, other]) == Outcome(written=2)
    assert sink.held("ada", long).position == one.position
    assert set(sink.look_up([("ada", long), ("ada", long + "x")])) == {("ada", long), ("ada", long + "x")}


def test_what_the_mapping_refuses_is_never_and_the_rest_is_written(open_sink: Any) -> None:
    bad = delivery("bad", lat=Number("1"))
    bad = bad._replace(value=bad.value.replace(b'"lat":1', b'"lat":"north"'))
    outcome = open_sink().write([delivery("a"), bad, delivery("b", at=1)])
    assert (outcome.written, [refused.delivery for refused in outcome.refused]) == (2, [bad])
    assert "north" in outcome.refused[0].reason


def test_a_large_batch_goes_in_several_requests(open_sink: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch, "_BODY_CHARS", 2_000)
    assert open_sink().write([delivery(f"e{n}", at=n) for n in range(20)]) == Outcome(written=20)


def test_an_index_that_takes_no_writes_is_not_now(open_sink: Any, client: Client, alias: str) -> None:
    sink = open_sink()
    sink.write([delivery("a")])
    client.ask("PUT", f"/{alias}-2025.11/_settings", {"index.blocks.write": True})
    with pytest.raises(Unavailable):
        sink.write([delivery("b", at=1)])
    client.ask("PUT", f"/{alias}-2025.11/_settings", {"index.blocks.write": None})
    assert sink.write([delivery("b", at=1)]) == Outcome(written=1)


def test_what_cannot_be_read_now_is_not_taken_for_absent(open_sink: Any, client: Client, alias: str) -> None:
    one, sink = delivery("a", BURST), open_sink()
    sink.write([one, delivery("b", at=1, time_ms=DECEMBER)])
    client.ask("POST", f"/{alias}-2025.11/_close")
    for read in (
        lambda: sink.held("ada", "a"),
        lambda: sink.look_up([("ada", "a")]),
        lambda: list(sink.entries()),
        lambda: open_sink(flagged_only=True).write([delivery("a", at=2)]),
    ):
        with pytest.raises(Unavailable):
            read()
    client.ask("POST", f"/{alias}-2025.11/_open")
    assert sink.held("ada", "a").position == one.position


def test_a_month_for_which_there_is_no_room_is_waited_for_only_where_it_is_one_of_now(
    open_sink: Any, client: Client, alias: str
) -> None:
    """Times over a century are 1,200 months, and a server of one node takes 1,000 shards."""
    sink, here = open_sink(), delivery("here", BURST)
    assert sink.write([here]).written == 1
    shards = client.ask("GET", "/_cluster/health")["active_shards"]
    most = {"cluster.max_shards_per_node": shards}
    client.ask("PUT", "/_cluster/settings", {"persistent": most})
    try:
        far = [
            delivery(f"far-{year}", BURST, at=year, time_ms=year * 31_556_952_000)
            for year in (*range(30, 54), *range(58, 129))
        ]
        outcome = sink.write([*far, delivery("also-here", BURST, at=200)])
        assert (outcome.written, [one.delivery for one in outcome.refused]) == (1, far)
        assert "no room for a month so far from now" in outcome.refused[0].reason
        assert "maximum" in outcome.refused[0].reason
        with pytest.raises(Unavailable, match="maximum"):
            sink.write([delivery("next-month", BURST, at=201, time_ms=DECEMBER)])
    finally:
        client.ask("PUT", "/_cluster/settings", {"persistent": {"cluster.max_shards_per_node": None}})
    assert sink.write([delivery("next-month", BURST, at=201, time_ms=DECEMBER)]).written == 1


def test_an_index_that_was_deleted_is_made_again(open_sink: Any, client: Client, alias: str) -> None:
    sink = open_sink()
    sink.write([delivery("a")])
    client.ask("DELETE", f"/{alias}-2025.11")
    assert sink.write([delivery("a")]) == Outcome(written=1)
    assert client.indices(alias) == [f"{alias}-2025.11"]


class TestFlaggedOnly:
    def test_approved_ones_leave_nothing(self, open_sink: Any, client: Client, alias: str) -> None:
        sink = open_sink(flagged_only=True)
        assert sink.write([delivery("a"), delivery("b", BURST, at=1)]) == Outcome(written=2)
        assert find(client, alias, Search()) == ["b"]

    def test_a_flag_is_taken_away_for_good(self, open_sink: Any) -> None:
        sink = open_sink(flagged_only=True)
        flagged = delivery("e", BURST)
        sink.write([flagged])
        assert sink.write([delivery("e", at=1)]) == Outcome(written=1)
        assert sink.write([flagged]) == Outcome(superseded=1)
        assert sink.held("ada", "e") is None

    def test_an_older_run_does_not_raise_a_flag_that_a_newer_one_did_not(self, open_sink: Any) -> None:
        sink = open_sink(flagged_only=True)
        sink.write([delivery("e", at=7, run=2)])
        assert sink.write([delivery("e", BURST, at=8, run=1)]) == Outcome(superseded=1)
        assert sink.held("ada", "e") is None

    def test_a_newer_flag_is_raised_again(self, open_sink: Any) -> None:
        sink = open_sink(flagged_only=True)
        for at, hits in enumerate([(BURST,), (), (BURST,)]):
            sink.write([delivery("e", *hits, at=at)])
        assert sink.held("ada", "e").position == 1 << 40 | 2


class TestReadBack:
    def test_what_was_written_reads_back_as_expected(self, open_sink: Any) -> None:
        sink = open_sink()
        batch = [
            delivery("plain"),
            delivery("flagged", BURST, at=1, ip="::1", time_ms=DECEMBER),
            delivery("extras", at=2, vip=True, n=Number("1e3"), _index='},{"_index":"', _source="x"),
            delivery('od d\n"\\ :', at=3, user_id="7:ü"),
            delivery("long" * 500, at=4),
        ]
        sink.write(batch)
        wanted = {
            entry.identity: entry for one in batch if (entry := sink.expected(one, take_apart(one.value)))
        }
        assert {entry.identity: entry for entry in sink.entries()} == wanted
        assert sink.look_up([*wanted, ("ada", "absent")]) == wanted

    def test_more_than_a_page_is_read(self, open_sink: Any) -> None:
        sink = open_sink()
        sink.write([delivery(f"e{n}", at=n) for n in range(4_100)])
        assert len({entry.identity for entry in sink.entries()}) == 4_100

    @pytest.mark.parametrize("raised", [0, 5])
    def test_what_was_changed_is_found_forgotten_and_written_again(
        self, open_sink: Any, client: Client, alias: str, raised: int
    ) -> None:
        sink, one = open_sink(), delivery("e", BURST)
        sink.write([one])
        place = f"/{alias}-2025.11/_doc/3:ada:e"
        source = client.raw("GET", place.replace("_doc", "_source")).decode()
        changed = source.replace('"score":60', '"score":1')
        version = one.position + raised
        client.ask("PUT", f"{place}?version={version}&version_type=external_gte", changed)
        wanted = sink.expected(one, take_apart(one.value))
        found = sink.look_up([wanted.identity])[wanted.identity]
        different = [
            name for name, a, b in zip(sink.fields, found.fields, wanted.fields, strict=True) if a != b
        ]
        assert different == ["score"]
        self.mend(sink, one)
        assert list(sink.entries()) == [wanted]

    def test_what_someone_deleted_can_be_written_again(
        self, open_sink: Any, client: Client, alias: str
    ) -> None:
        sink, one = open_sink(), delivery("e", BURST)
        sink.write([one])
        client.ask("DELETE", f"/{alias}-2025.11/_doc/3:ada:e")
        assert list(sink.entries()) == []
        self.mend(sink, one)
        assert list(sink.entries()) == [sink.expected(one, take_apart(one.value))]

    def test_a_newer_document_is_not_forgotten(self, open_sink: Any) -> None:
        sink = open_sink()
        sink.write([delivery("e", at=5)])
        sink.forget([(("ada", "e"), (1 << 40) + 4)])
        assert sink.held("ada", "e").position == 1 << 40 | 5

    def test_strangers_are_read_and_can_be_forgotten(
        self, open_sink: Any, client: Client, alias: str
    ) -> None:
        sink = open_sink()
        sink.write([delivery("e")])
        document = client.ask("GET", f"/{alias}-2025.11/_doc/3:ada:e")["_source"]
        client.ask("PUT", f"/{alias}-2025.11/_doc/copy", document)
        client.ask("PUT", f"/{alias}-2025.11/_doc/bare", {"score": 1})
        client.ask("PUT", f"/{alias}-2025.11/_doc/3:bob:e", document)
        held = {entry.identity: entry for entry in sink.entries()}
        assert set(held) == {("ada", "e"), ("", "copy"), ("", "bare"), ("bob", "e")}
        assert held["", "bare"].position == -1
        assert held["bob", "e"].fields != held["ada", "e"].fields
        sink.forget([(one, held[one].position) for one in held if one != ("ada", "e")])
        assert {entry.identity for entry in sink.entries()} == {("ada", "e")}

    @staticmethod
    def mend(sink: Any, one: Delivery) -> None:
        parts = take_apart(one.value)
        sink.forget([(parts.identity, one.position)])
        assert sink.write([one]) == Outcome(written=1)


class TestSearch:
    @pytest.fixture(autouse=True)
    def held(self, open_sink: Any) -> None:
        open_sink().write(
            [
                delivery("a", BURST, ip="203.0.113.9", country="DE", at=1),
                delivery("b", ip="203.0.113.77", country="FR", user_id="bob", at=2, vip=True),
                delivery("c", ip="not an address", device_id="Phone:7", at=3, time_ms=DECEMBER),
            ]
        )

    @pytest.mark.parametrize(
        ("search", "expected"),
        [
            (Search(), ["c", "b", "a"]),
            (Search("users minutes"), ["a"]),
            (Search("country:FR OR country:DE"), ["b", "a"]),
            (Search("amount:>12 AND vip=true"), ["b"]),
            (Search("amount:>13"), []),
            (Search('"Phone:7"'), ["c"]),
            (Search(user="bob"), ["b"]),
            (Search(ip="203.0.113.9"), ["a"]),
            (Search(ip="203.0.113.0/24"), ["b", "a"]),
            (Search(since_ms=1_764_000_100_002), ["c", "b"]),
            (Search(decision="review"), ["a"]),
            (Search(rule="ip_burst"), ["a"]),
            (Search(limit=1), ["c"]),
        ],
    )
    def test_it_finds_what_meets_all_that_is_asked(
        self, client: Client, alias: str, search: Search, expected: list[str]
    ) -> None:
        assert find(client, alias, search) == expected

    def test_a_query_that_cannot_be_read_is_told_apart(self, client: Client, alias: str) -> None:
        with pytest.raises(BadRequest, match="parse"):
            find(client, alias, Search("a AND (b"))

    def test_nothing_is_found_before_anything_is_written(self, client: Client) -> None:
        assert reader.ask(client, Search("x").body(), "nowhere")["hits"]["hits"] == []

    def test_a_server_that_is_not_there_is_a_failure(self) -> None:
        with pytest.raises(Failure):
            reader.ask(Client("127.0.0.1:1", None), Search().body())


def test_the_template_names_every_field_a_decision_can_have_of_its_own() -> None:
    properties = index.template("x")["template"]["mappings"]["properties"]
    one = json.loads(delivery("e", BURST, ip="1.1.1.1", lat=Number("1")).value)
    assert one.keys() <= properties.keys()
