"""What every sink must do, against its real server. The parameters are the folders of `pipeline/sinks`.

A sink called NAME needs a fixture `NAME_server` in conftest.py; nothing else has to be written for it.
"""

from __future__ import annotations

import json
import random
import signal
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from typing import Any

import psycopg
import pytest
import redis as redis_client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fraudctl.decisions import alerts
from fraudctl.errors import Unhealthy
from fraudctl.kafka.tail import Record
from pipeline import sinks
from pipeline.records.clock import DAY_MS
from pipeline.records.decision_bytes import glance, take_apart
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit, decode_decision
from pipeline.records.ids import LONGEST_ID_BYTES
from pipeline.records.quantities import MAX_TIME_MS, Number
from pipeline.settings.reading import names as names_of
from pipeline.sinks import Damaged, Held, Outcome, Sink, Unavailable
from pipeline.sinks.ageing import Dropped, ages
from pipeline.sinks.postgres.schema import create_schema
from pipeline.sinks.postgres.statements import SCHEMA_VERSION
from pipeline.sinks.redis import reader as redis_reader
from pipeline.records.clock import now_ms
from tests.decisions import decided

_ids = count()
IP_BURST = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")
VELOCITY = Hit("velocity", 30, 'tab\there, "quote", back\\slash, new\nline, Zürich')


@pytest.fixture(params=sinks.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(name: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{name}_server")


@pytest.fixture
def sink(name: str, server: Any) -> Iterator[Sink]:
    sink = sinks.connect(name, server.address, None, {})
    yield sink
    sink.close()


def new_event(prefix: str = "e") -> str:
    return f"{prefix}-{next(_ids)}"


def delivery(event_id: str, *hits: Hit, **said: Any) -> Delivery:
    features = {"user_amount_mean": Number("12.300000000000001"), "user_prev_country": "Türkiye"}
    return decided(event_id, *hits, features=features, **said)


def expected(sink: Sink, one: Delivery) -> Held | None:
    document = json.loads(one.value)
    if sink.flagged_only and document["decision"] == "approve":
        return None
    rules = tuple(hit["rule"] for hit in document["reasons"])
    return Held(one.position, document["score"], document["decision"], rules)


def test_the_file_opens_with_two_sentences_where_it_writes_and_what_a_repeat_does(name: str) -> None:
    first = (import_module(f"pipeline.sinks.{name}").__doc__ or "").split("\n\n")[0]
    sentences = [sentence for sentence in first.replace("\n", " ").split(". ") if sentence.strip()]
    assert len(sentences) == 2
    assert sentences[0].startswith("Writes ")
    assert "repeat" in sentences[1]


def test_a_decision_is_held_once_written(sink: Sink) -> None:
    one = delivery(new_event(), IP_BURST, VELOCITY, ip="203.0.113.9")
    assert sink.write([one]) == Outcome(written=1)
    assert sink.held("ada", json.loads(one.value)["event_id"]) == expected(sink, one)


def test_a_repeat_changes_nothing(sink: Sink) -> None:
    event_id = new_event()
    one = delivery(event_id, IP_BURST)
    sink.write([one])
    before = sink.held("ada", event_id)
    assert sink.write([one]) == Outcome(superseded=1)
    assert sink.held("ada", event_id) == before == expected(sink, one)


def test_the_same_event_id_of_two_users_is_two_events(sink: Sink) -> None:
    event_id = new_event()
    ada, bob = delivery(event_id, IP_BURST), delivery(event_id, VELOCITY, IP_BURST, user_id="bob", offset=1)
    sink.write([ada, bob])
    assert sink.held("ada", event_id) == expected(sink, ada)
    assert sink.held("bob", event_id) == expected(sink, bob)


def test_an_event_that_uses_an_id_again_is_held_beside_the_first_and_told_apart(sink: Sink) -> None:
    event_id = new_event()
    first = delivery(event_id, IP_BURST)
    again = [
        delivery(event_id, VELOCITY, IP_BURST, offset=n, units=n, content_hash=f"{n:016x}") for n in (1, 2)
    ]
    assert sink.write([first, *again]) == Outcome(written=3)
    assert sink.write([first, *again]) == Outcome(superseded=3)
    stored = [event_id, *(f"{event_id}#reused-{n:016x}" for n in (1, 2))]
    assert [sink.held("ada", one) for one in stored] == [expected(sink, one) for one in (first, *again)]
    identities = [("ada", one) for one in stored]
    assert sinks.reads_back(sink)
    wanted = dict(
        zip(identities, (sink.expected(one, take_apart(one.value)) for one in (first, *again)), strict=True)
    )
    assert [entry and entry.identity for entry in wanted.values()] == identities
    for found in (sink.look_up(identities).values(), sink.entries()):
        held = {entry.identity: entry[:4] for entry in found if entry.identity in wanted}
        assert held == {identity: entry and entry[:4] for identity, entry in wanted.items()}


def test_a_user_is_erased_with_all_that_is_held_of_him_and_nobody_else_is(sink: Sink) -> None:
    """Ids that are patterns, or that begin alike, are other people's."""
    assert sinks.reads_back(sink)
    who, others = f"u*[{new_event()}]", [f"u*[{new_event()}]", "ux"]
    own = [
        delivery(new_event(), IP_BURST, user_id=who, offset=0, ip="203.0.113.9"),
        delivery(new_event(), user_id=who, offset=1),
        delivery(new_event(), IP_BURST, user_id=who, offset=2),
        delivery("again", IP_BURST, user_id=who, offset=3, units=5, content_hash="00000000000000ff"),
    ]
    withdrawn = delivery(json.loads(own[2].value)["event_id"], user_id=who, offset=4)
    kept = [
        delivery(new_event(), IP_BURST, user_id=one, offset=n, ip="203.0.113.9")
        for n, one in enumerate([*others, f"{who}x"])
    ]
    sink.write([*own, *kept])
    sink.write([withdrawn])
    events = {glance(one.value).identity for one in own}
    held = {glance(one.value).identity for one in own if one is not own[2] and expected(sink, one)}
    found = set(sink.of_user(who))
    assert held <= found <= events
    assert (sink.erase(who), sink.erase(who)) == (len(found), 0)
    assert list(sink.of_user(who)) == []
    assert [sink.held(*one) for one in sorted(events)] == [None] * len(events)
    for one in kept:
        assert sink.held(*glance(one.value).identity) == expected(sink, one)


def test_an_erased_user_who_pays_again_is_held_again(sink: Sink) -> None:
    assert sinks.reads_back(sink)
    who = f"back-{new_event()}"
    old, new = (delivery(f"{who}-{n}", IP_BURST, user_id=who, offset=n) for n in (0, 1))
    sink.write([old])
    assert sink.erase(who) == 1
    sink.write([new])
    assert set(sink.of_user(who)) == {(who, f"{who}-1")}
    assert sink.held(who, f"{who}-1") == expected(sink, new)


def test_no_key_and_no_list_of_redis_names_an_erased_user(redis_server: Any) -> None:
    sink = sinks.connect("redis", redis_server.address, None, {})
    assert sinks.reads_back(sink)
    who = f"canary-{new_event()}"
    one = delivery(f"{who}-1", IP_BURST, user_id=who, ip="198.51.100.77")
    sink.write([one, delivery(f"{who}-2", user_id=who, offset=1)])
    with redis_client.Redis.from_url(redis_server.address, decode_responses=True) as client:
        # what a flag that has ended leaves behind
        client.zadd("risk:hot:ip:198.51.100.78", {f"{len(who)}:{who}:old": now_ms()})
        assert who in redis_dump(client)
        assert sink.erase(who) == 1
        assert who not in redis_dump(client)
    sink.close()


def redis_dump(client: Any) -> str:
    """All that a server holds, as text."""
    read = {"zset": lambda key: client.zrange(key, 0, -1), "hash": client.hgetall, "string": client.get}
    keys = list(client.scan_iter(count=1_000))
    return json.dumps([(key, read[client.type(key)](key)) for key in keys if client.type(key) in read])


def test_hits_are_replaced_as_a_set(sink: Sink) -> None:
    event_id = new_event()
    sink.write([delivery(event_id, IP_BURST, VELOCITY)])
    newer = delivery(event_id, Hit("deny_list", 100, "denied"), offset=1)
    sink.write([newer])
    assert sink.held("ada", event_id) == expected(sink, newer)


def test_a_newer_decision_that_is_not_flagged_takes_the_flag_away_for_good(sink: Sink) -> None:
    event_id = new_event()
    flagged, cleared = delivery(event_id, IP_BURST), delivery(event_id, offset=1)
    sink.write([flagged])
    sink.write([cleared])
    sink.write([flagged])
    assert sink.held("ada", event_id) == expected(sink, cleared)


def test_within_one_batch_the_greatest_position_wins(sink: Sink) -> None:
    event_id = new_event()
    published = delivery(event_id, IP_BURST, offset=1, run=2)
    batch = [delivery(event_id, VELOCITY), published, delivery(event_id, offset=2)]
    assert sink.write(batch) == Outcome(written=1, superseded=2)
    assert sink.held("ada", event_id) == expected(sink, published)


def test_a_restarted_older_run_does_not_beat_a_published_one_that_cleared(sink: Sink) -> None:
    event_id = new_event()
    published = delivery(event_id, offset=7, run=2)
    sink.write([published])
    sink.write([delivery(event_id, IP_BURST, offset=8, run=1)])
    assert sink.held("ada", event_id) == expected(sink, published)


def test_what_is_no_decision_is_refused_with_a_reason_and_the_rest_is_written(sink: Sink) -> None:
    good, later = delivery(new_event(), IP_BURST), delivery(new_event(), IP_BURST, offset=4)
    whole = delivery(new_event(), IP_BURST).value
    values = [b"", b"\xff", b"[]", b'{"event_id":"x"}', whole[:-20], whole.replace(b'"ada"', b'"\\ud800"')]
    bad = [Delivery(value, 0, 1, 1, now_ms()) for value in values]
    outcome = sink.write([good, *bad, later])
    assert (outcome.written, outcome.superseded) == (2, 0)
    assert [refused.delivery for refused in outcome.refused] == bad
    assert all(refused.reason for refused in outcome.refused)
    for one in (good, later):
        assert sink.held("ada", json.loads(one.value)["event_id"]) == expected(sink, one)


def test_strange_but_lawful_text_is_kept_as_it_is(sink: Sink) -> None:
    event_id = new_event('\t"\\N:\\.\n\r\u2028 ключ 😀 {} ')
    one = delivery(event_id, VELOCITY, IP_BURST, user_id="7:ä:\\", ip="a\tb\\c\nd", note="\\N")
    assert sink.write([one]) == Outcome(written=1)
    assert sink.held("7:ä:\\", event_id) == expected(sink, one)


def largest(event_id: str) -> Delivery:
    """A decision with the longest ids that a profile can allow, texts that fill an event, and the greatest
    numbers; what could be compressed is not, as far as a text can be at random."""
    draw = random.Random(event_id)

    def text(size: int) -> str:
        return (
            "".join(draw.choices("abcdefghijklmnopqrstuvwxyzÄß𝄞", k=size))
            .encode()[:size]
            .decode(errors="ignore")
        )

    ids = {name: text(LONGEST_ID_BYTES) for name in ("device_id", "card_id", "merchant_id", "session_id")}
    texts = {name: text(9_000) for name in ("ip", "country", "channel", "currency", "note", "memo")}
    hits = [Hit(f"rule_{n}_{'x' * 50}", 2, text(1_200)) for n in range(60)]
    return decided(
        f"{event_id}-{text(LONGEST_ID_BYTES)}".encode()[:LONGEST_ID_BYTES].decode(errors="ignore"),
        *hits,
        user_id=text(LONGEST_ID_BYTES),
        content_hash="f" * 16,
        units=-(10**18 - 1),
        partition=255,
        offset=2**40 - 2,
        run=2**22,
        time_ms=MAX_TIME_MS - 1,
        **ids,
        **texts,
        lat=Number("1e308"),
        lon=Number("-4.9406564584124654e-324"),
        features={f"feature_{n}": text(60_000) for n in range(8)},
        **{f"field_{n}": text(20) for n in range(100)},
    )


def test_the_largest_of_everything_that_is_accepted_is_held_by_every_store(sink: Sink) -> None:
    one = largest(new_event())
    identity = take_apart(one.value).identity
    assert sink.write([one]) == Outcome(written=1)
    assert sink.held(*identity) == expected(sink, one)
    held = sink.look_up([identity])[identity]
    assert held.fields == sink.expected(one, take_apart(one.value)).fields


def test_a_dead_store_is_not_now_and_the_batch_goes_in_once_it_is_back(sink: Sink, server: Any) -> None:
    first, second = delivery(new_event(), IP_BURST), delivery(new_event(), IP_BURST, offset=1)
    sink.write([first])
    server.stop(signal.SIGKILL)
    try:
        with pytest.raises(Unavailable):
            sink.write([second])
        with pytest.raises(Unavailable):
            sink.write([second])
    finally:
        server.start()
    assert sink.write([first, second]) == Outcome(written=1, superseded=1)
    for one in (first, second):
        assert sink.held("ada", json.loads(one.value)["event_id"]) == expected(sink, one)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]]]:
    """A log of (event, run, flag) in offset order, and the stretches in which it is delivered.

    Each stretch starts at or before the end of what was delivered, as after a crash or a rewind.
    """
    step = st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 2))
    log = draw(st.lists(step, min_size=1, max_size=12))
    stretches, done = [], 0
    while done < len(log):
        start = draw(st.integers(0, done))
        end = draw(st.integers(done + 1, len(log)))
        stretches.append((start, end))
        done = end
    return log, stretches


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_however_the_log_is_repeated_the_greatest_position_is_held(sink: Sink, history: Any) -> None:
    steps, stretches = history
    prefix = new_event("h")
    hits = ((), (IP_BURST,), (VELOCITY, IP_BURST))
    log = [
        delivery(f"{prefix}-{event}", *hits[flag], offset=offset, run=run, ip=f"ip-{prefix}-{flag}")
        for offset, (event, run, flag) in enumerate(steps)
    ]
    for start, end in stretches:
        outcome = sink.write(log[start:end])
        assert outcome.refused == []
        assert outcome.written + outcome.superseded == end - start
    for event in {event for event, _, _ in steps}:
        own = [one for one, step in zip(log, steps, strict=True) if step[0] == event]
        newest = max(own, key=lambda one: one.position)
        assert sink.held("ada", f"{prefix}-{event}") == expected(sink, newest)


class TestPostgres:
    def query(self, server: Any, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(server.address) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    @pytest.fixture
    def server(self, postgres_server: Any) -> Any:
        return postgres_server

    @pytest.fixture
    def sink(self, server: Any) -> Iterator[Sink]:
        sink = sinks.connect("postgres", server.address, None, {})
        yield sink
        sink.close()

    def test_a_row_holds_the_whole_decision_numbers_as_written(self, sink: Sink, server: Any) -> None:
        event_id = new_event()
        one = delivery(
            event_id, IP_BURST, ip="203.0.113.9", currency="EUR", lat=Number("52.5200066000000001"), vip=True
        )
        sink.write([one])
        rows = self.query(
            server,
            """SELECT user_id, (event_time AT TIME ZONE 'UTC')::text, amount::text, currency, ip, device_id,
                      extra::text, score, decision, features::text, ruleset_version, ruleset_hash,
                      late, saturated, source_topic, source_partition, source_offset, position,
                      (extract(epoch FROM decided_at) * 1000)::bigint
               FROM risk_scores WHERE event_id = %s""",
            event_id,
        )
        assert rows == [
            (
                "ada",
                "2025-11-24 16:00:00.123",
                "12.5",
                "EUR",
                "203.0.113.9",
                None,
                '{"lat": 52.5200066000000001, "vip": true}',
                60,
                "review",
                '{"user_amount_mean": 12.300000000000001, "user_prev_country": "Türkiye"}',
                "v1",
                "abc",
                False,
                False,
                "risk.transactions",
                0,
                0,
                one.position,
                one.append_ms,
            )
        ]

    def test_what_the_database_can_never_take_is_found_among_the_others(self, sink: Sink) -> None:
        import random

        unindexable = delivery("".join(random.Random(7).choices("0123456789abcdef", k=20_000)), IP_BURST)
        others = [delivery(new_event(), offset=n) for n in range(1, 20)]
        outcome = sink.write([*others[:11], unindexable, *others[11:]])
        assert outcome.written == 19
        assert [refused.delivery for refused in outcome.refused] == [unindexable]
        assert "54000" in outcome.refused[0].reason

    def test_a_database_that_only_reads_is_not_now(self, server: Any) -> None:
        read_only = f"{server.address}?options=-c%20default_transaction_read_only%3Don"
        sink = sinks.connect("postgres", read_only, None, {})
        with pytest.raises(Unavailable):
            sink.write([delivery(new_event())])
        sink.close()

    def test_each_run_is_noted_once_with_its_first_position(self, sink: Sink, server: Any) -> None:
        for offset in (4, 5, 6):
            sink.write([delivery(new_event(), offset=offset, run=77)])
        rows = self.query(server, "SELECT run, ruleset_version, first_position FROM job_runs WHERE run = 77")
        assert rows == [(77, "v1", 77 << 40 | 4)]

    def test_the_schema_can_be_created_by_many_at_once(self, server: Any) -> None:
        with psycopg.connect(server.address, autocommit=True) as connection:
            connection.execute("CREATE DATABASE together")
        address = server.address.removesuffix("postgres") + "together"
        failures: list[BaseException] = []

        def create() -> None:
            try:
                create_schema(address)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=create) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with psycopg.connect(address) as connection:
            rows = connection.execute("SELECT version FROM risk_schema").fetchall()
        assert rows == [(SCHEMA_VERSION,)]

    def test_a_schema_of_an_earlier_version_is_brought_to_this_one(self, server: Any) -> None:
        with psycopg.connect(server.address, autocommit=True) as connection:
            connection.execute("CREATE DATABASE earlier")
        address = server.address.removesuffix("postgres") + "earlier"
        create_schema(address)
        one = delivery(new_event(), IP_BURST)
        sink = sinks.connect("postgres", address, None, {})
        sink.write([one])
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("ALTER TABLE risk_scores DROP COLUMN marks")
            connection.execute("UPDATE risk_schema SET version = 1")
        sink.close()
        event_id = json.loads(one.value)["event_id"]
        assert sink.held("ada", event_id) == expected(sink, one)
        sink.close()
        with psycopg.connect(address) as connection:
            rows = connection.execute("SELECT event_id, marks FROM risk_scores").fetchall()
            versions = connection.execute("SELECT max(version) FROM risk_schema").fetchall()
        assert (rows, versions) == ([(event_id, None)], [(SCHEMA_VERSION,)])


class TestRedis:
    @pytest.fixture
    def client(self, redis_server: Any) -> Iterator[Any]:
        with redis_client.Redis.from_url(redis_server.address, decode_responses=True) as client:
            client.flushall()
            yield client
            client.flushall()  # what is of another form would be in the way of those who come after

    @pytest.fixture
    def open_sink(self, redis_server: Any) -> Callable[..., Sink]:
        return lambda **options: sinks.connect("redis", redis_server.address, None, options)

    def test_a_flag_lives_from_its_append_time_on(self, client: Any, open_sink: Any) -> None:
        append_ms = now_ms() - 3_600_000
        open_sink(flag_ttl="2h").write([delivery("ttl", IP_BURST, append_ms=append_ms)])
        assert client.pexpiretime("risk:flag:3:ada:ttl") == append_ms + 7_200_000

    def test_a_flag_whose_time_is_over_is_not_raised(self, client: Any, open_sink: Any) -> None:
        open_sink(flag_ttl="2h").write([delivery("old", IP_BURST, append_ms=now_ms() - 7_200_001)])
        assert client.keys("*") == []

    def test_approved_decisions_of_the_first_run_leave_nothing(self, client: Any, open_sink: Any) -> None:
        batch = [delivery(f"fine-{n}", offset=n) for n in range(1200)]
        assert open_sink().write(batch) == Outcome(written=1200)
        assert client.keys("*") == []

    def test_nothing_lives_for_ever_but_the_lists_that_are_swept(self, client: Any, open_sink: Any) -> None:
        sink = open_sink()
        sink.write([delivery("a", IP_BURST, ip="1.1.1.1"), delivery("b", IP_BURST, offset=1)])
        sink.write([delivery("a", offset=2)])
        lasting = {key for key in client.keys("*") if client.ttl(key) == -1}
        assert lasting == {"risk:last:user", "risk:recent", "risk:top:user"}

    def test_the_top_counts_distinct_flagged_events_of_the_last_day(
        self, client: Any, open_sink: Any, redis_server: Any
    ) -> None:
        now = now_ms()
        day, hour = 86_400_000, 3_600_000
        sink, old = open_sink(), now - day + hour
        sink.write(
            [
                *(delivery(f"o-{n}", IP_BURST, offset=n, ip="9.9.9.9", append_ms=old) for n in range(3)),
                *(delivery(f"n-{n}", IP_BURST, offset=9 + n, ip="8.8.8.8", append_ms=now) for n in range(2)),
                delivery("n-0", VELOCITY, IP_BURST, offset=20, ip="8.8.8.8", user_id="ada", append_ms=now),
                delivery("bob-0", IP_BURST, offset=21, ip="9.9.9.9", user_id="bob", append_ms=now),
                delivery("moved", IP_BURST, offset=22, ip="8.8.8.8", append_ms=now),
                delivery("cleared", IP_BURST, offset=23, ip="7.7.7.7", append_ms=now),
            ]
        )
        sink.write([delivery("moved", IP_BURST, offset=24, ip="6.6.6.6", append_ms=now)])
        sink.write([delivery("cleared", offset=25, append_ms=now)])
        url = redis_server.address
        assert redis_reader.top(url, "ip", 2, now) == [("9.9.9.9", 4), ("8.8.8.8", 2)]
        assert redis_reader.top(url, "user", 5, now) == [("ada", 6), ("bob", 1)]
        later = [("8.8.8.8", 2), ("9.9.9.9", 1), ("6.6.6.6", 1)]
        assert redis_reader.top(url, "ip", 5, now + 2 * hour) == later
        assert redis_reader.top(url, "ip", 5, now + 2 * day) == []

    def test_flags_are_listed_newest_first(self, client: Any, open_sink: Any, redis_server: Any) -> None:
        now = now_ms()
        three = [delivery(f"f-{n}", IP_BURST, offset=n, ip="1.1.1.1", append_ms=now + n) for n in range(3)]
        open_sink().write(three)
        listed = redis_reader.flags(redis_server.address, 2)
        assert [flag.event_id for flag in listed] == ["f-2", "f-1"]
        assert listed[1] == redis_reader.Flag(
            "ada",
            "f-1",
            60,
            "review",
            "12.5",
            None,
            "1.1.1.1",
            ({"rule": "ip_burst", "points": 60, "text": IP_BURST.text},),
            1 << 40 | 1,
            now + 1,
        )

    def test_a_full_server_is_not_now(self, client: Any, open_sink: Any) -> None:
        client.config_set("maxmemory", "1")
        try:
            with pytest.raises(Unavailable, match="maxmemory"):
                open_sink().write([delivery("full", IP_BURST)])
        finally:
            client.config_set("maxmemory", "0")

    def test_a_foreign_value_under_a_flags_key_is_never(self, client: Any, open_sink: Any) -> None:
        client.set("risk:flag:3:ada:taken", "mine")
        taken = delivery("taken", IP_BURST)
        outcome = open_sink().write([taken, delivery("free", IP_BURST, offset=1)])
        assert (outcome.written, [refused.delivery for refused in outcome.refused]) == (1, [taken])

    def test_scripts_that_the_server_has_forgotten_are_loaded_again(
        self, client: Any, open_sink: Any, redis_server: Any
    ) -> None:
        sink = open_sink()
        for offset in range(3):
            one = delivery("again", IP_BURST, offset=offset, ip="1.1.1.1")
            client.script_flush()
            assert sink.write([one]) == Outcome(written=1)
        client.script_flush()
        assert redis_reader.top(redis_server.address, "ip", 1, now_ms()) == [("1.1.1.1", 1)]
        client.script_flush()
        sink.forget([(("ada", "again"), one.position)])
        assert client.keys("risk:flag:*") == []

    @pytest.mark.parametrize(
        ("harm", "said"),
        [
            (lambda client, key: client.hdel(key, "score"), "lacks score"),
            (lambda client, key: client.hset(key, "position", "soon"), "is of another form"),
            (lambda client, key: client.hset(key, "reasons", "[1]"), "is of another form"),
            (lambda client, key: client.hset(key, "reasons", "[{}]"), "lacks rule"),
            (lambda client, key: client.hset(key, "score", b"\xff"), "is of another form"),
            (lambda client, key: [client.delete(key), client.set(key, "x")], "holds a value of another type"),
        ],
    )
    def test_a_damaged_flag_is_named_and_the_others_are_listed(
        self, client: Any, open_sink: Any, redis_server: Any, harm: Any, said: str
    ) -> None:
        sink = open_sink()
        sink.write([delivery(f"d-{n}", IP_BURST, offset=n, append_ms=now_ms() + n) for n in range(3)])
        key = "risk:flag:3:ada:d-1"
        harm(client, key)
        with pytest.raises(Damaged, match=f"{key} {said}"):
            sink.held("ada", "d-1")
        assert sink.held("ada", "d-2") is not None
        told: list[str] = []
        listed = redis_reader.flags(redis_server.address, 3, damaged=told.append)
        assert [flag.event_id for flag in listed] == ["d-2", "d-0"]
        assert [words.startswith(f"{key} {said}") for words in told] == [True]

    def test_a_list_of_another_type_is_named_and_the_others_are_counted(
        self, client: Any, open_sink: Any, redis_server: Any
    ) -> None:
        batch = [
            delivery(f"t-{n}", IP_BURST, offset=n, ip=ip)
            for n, ip in enumerate(("1.1.1.1", "1.1.1.1", "2.2.2.2", "2.2.2.2", "3.3.3.3"))
        ]
        open_sink().write(batch)
        client.delete("risk:hot:ip:2.2.2.2")
        client.set("risk:hot:ip:2.2.2.2", "mine")
        for _ in range(2):
            told: list[str] = []
            top = redis_reader.top(redis_server.address, "ip", 2, now_ms(), damaged=told.append)
            assert top == [("1.1.1.1", 2), ("3.3.3.3", 1)]
            assert told == ["risk:hot:ip:2.2.2.2 is no list of events"]
        client.delete("risk:top:ip", "risk:recent")
        try:
            client.set("risk:top:ip", "mine")
            client.set("risk:recent", "mine")
            with pytest.raises(Damaged, match="risk:top:ip holds a value of another type"):
                redis_reader.top(redis_server.address, "ip", 2, now_ms())
            with pytest.raises(Unhealthy, match="Redis holds what no sink writes: risk:top:ip"):
                alerts.top(redis_server.address, "ip", 2, now_ms())
            with pytest.raises(Damaged, match="risk:recent holds a value of another type"):
                redis_reader.flags(redis_server.address, 2)
        finally:
            client.delete("risk:top:ip", "risk:recent", "risk:hot:ip:2.2.2.2")

    def test_a_setting_that_is_no_duration_is_refused(self, open_sink: Any) -> None:
        with pytest.raises(ValueError, match="not a duration"):
            open_sink(flag_ttl="soon")


def test_alerts_and_explanations_are_read_back_from_the_database(postgres_server: Any) -> None:
    from fraudctl.decisions import finding

    event_id, since = new_event(), now_ms()
    sink = sinks.connect("postgres", postgres_server.address, None, {})
    ada = delivery(event_id, IP_BURST, VELOCITY, ip="203.0.113.9", lat=Number("1.50"), append_ms=since + 2)
    bob = delivery(event_id, IP_BURST, user_id="bob", offset=1, append_ms=since + 1)
    fine = delivery(new_event(), offset=2, append_ms=since + 3)
    again = delivery(event_id, user_id="bob", offset=3, append_ms=since, content_hash="0" * 16)
    sink.write([ada, bob, fine, again])
    sink.close()
    found = finding.stored(postgres_server.address, event_id, None)
    assert [one.decision for one in found] == [decode_decision(one.value) for one in (ada, bob, again)]
    assert [(one.position, one.decided_at_ms) for one in found] == [
        (1 << 40, since + 2),
        (1 << 40 | 1, since + 1),
        (1 << 40 | 3, since),
    ]
    stored = f"{event_id}#reused-{'0' * 16}"
    assert finding.stored(postgres_server.address, stored, None) == [found[2]]
    listed = alerts.latest(postgres_server.address, since, 10)
    assert [(alert.user_id, alert.decision) for alert in listed] == [("ada", "block"), ("bob", "review")]
    record = Record("t", 0, 0, since + 2, None, ada.value, {})
    assert listed[0] == alerts.read(record)
    assert alerts.latest(postgres_server.address, since, 10, "review") == listed[1:]
    assert alerts.latest(postgres_server.address, since, 1) == listed[:1]


def test_a_time_that_no_calendar_has_is_shown_and_hides_no_alert(postgres_server: Any) -> None:
    event_id, since = new_event(), now_ms()
    sink = sinks.connect("postgres", postgres_server.address, None, {})
    batch = [delivery(f"{event_id}-{n}", IP_BURST, offset=n, append_ms=since + n) for n in range(2)]
    sink.write(batch)
    sink.close()
    with psycopg.connect(postgres_server.address) as connection:
        harm = "UPDATE risk_scores SET event_time = 'infinity' WHERE event_id = %s"
        connection.execute(harm, (f"{event_id}-1",))
    listed = alerts.latest(postgres_server.address, since, 10)
    assert [(alert.event_id, alert.event_time) for alert in listed] == [
        (f"{event_id}-1", "infinity"),
        (f"{event_id}-0", "2025-11-24T16:00:00.123Z"),
    ]


def test_a_table_of_another_form_is_not_taken_for_a_server_that_is_away(postgres_server: Any) -> None:
    with psycopg.connect(postgres_server.address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS strange")
        connection.execute("CREATE DATABASE strange")
    strange = postgres_server.address.removesuffix("postgres") + "strange"
    create_schema(strange)
    with psycopg.connect(strange) as connection:
        connection.execute("ALTER TABLE risk_scores DROP COLUMN score")
    sink = sinks.connect("postgres", strange, None, {})
    with pytest.raises(Damaged, match="score"):
        sink.held("ada", "e")
    sink.close()
    with pytest.raises(Unhealthy, match='PostgreSQL cannot tell: column "score" does not exist'):
        alerts.latest(strange, 0, 10)


AGEING = [name for name in sinks.names() if "retention" in names_of(sinks.settings_type(name))]
LONG_AGO_MS = 1_004_572_800_000
"""2001-11-01, so that nothing of another test is as old."""


@pytest.mark.parametrize("name", AGEING)
def test_what_is_older_than_the_retention_goes_at_the_moment_that_is_expected_and_nothing_else(
    name: str, server: Any
) -> None:
    sink = sinks.connect(name, server.address, None, {"retention": "30d"})
    old, younger = new_event("old"), new_event("younger")
    batch = [
        delivery(old, IP_BURST, VELOCITY, time_ms=LONG_AGO_MS - 1, offset=0),
        delivery(younger, IP_BURST, time_ms=LONG_AGO_MS, offset=1),
    ]
    assert sinks.reads_back(sink)
    assert ages(sink)
    sink.write(batch)
    wanted = [sink.expected(one, take_apart(one.value)) for one in batch]
    over_ms = [one.expires_ms for one in wanted if one is not None and one.expires_ms is not None]
    assert over_ms[0] >= LONG_AGO_MS - 1 + 30 * DAY_MS
    assert over_ms[1] >= over_ms[0]

    assert sink.expire(over_ms[0] - 1) == Dropped()
    assert [sink.held("ada", one) for one in (old, younger)] == [expected(sink, one) for one in batch]
    assert sink.expire(over_ms[0]) == Dropped(1)
    assert sink.held("ada", old) is None
    assert ("ada", old) not in set(sink.of_user("ada")), "hits go with their score"
    assert sink.held("ada", younger) == expected(sink, batch[1])

    assert sink.write(batch[:1]) == Outcome(written=1), "whoever reads the log again is not refused"
    assert sink.expire(over_ms[1]) == Dropped(2)
    assert [sink.held("ada", one) for one in (old, younger)] == [None, None]
    sink.close()


@pytest.mark.parametrize("name", AGEING)
def test_without_a_retention_everything_is_kept(name: str, sink: Sink) -> None:
    old = delivery(new_event(), IP_BURST, time_ms=LONG_AGO_MS)
    sink.write([old])
    assert sinks.reads_back(sink)
    assert ages(sink)
    wanted = sink.expected(old, take_apart(old.value))
    assert wanted is not None
    assert wanted.expires_ms is None
    assert sink.expire(2 * now_ms()) == Dropped()
    assert sink.held(*wanted.identity) == expected(sink, old)
