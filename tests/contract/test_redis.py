"""What the Redis sink does beyond what every sink must: times to live, hot lists, keys of others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from fraudctl.decisions import alerts
from fraudctl.errors import Unhealthy
from pipeline import sinks
from pipeline.records.clock import DAY_MS, HOUR_MS, now_ms
from pipeline.sinks import Damaged, Outcome, Sink, Unavailable
from pipeline.sinks.redis import reader
from tests.contract.deliveries import IP_BURST, VELOCITY, delivery, new_event


@pytest.fixture
def client(redis_server: Any) -> Iterator[Any]:
    with redis.Redis.from_url(redis_server.address, decode_responses=True) as client:
        client.flushall()
        yield client
        client.flushall()  # what is of another form would be in the way of those who come after


@pytest.fixture
def open_sink(redis_server: Any) -> Callable[..., Sink]:
    return lambda **options: sinks.connect("redis", redis_server.address, None, options)


def test_a_flag_lives_from_its_append_time_on(client: Any, open_sink: Any) -> None:
    append_ms = now_ms() - 3_600_000
    open_sink(flag_ttl="2h").write([delivery("ttl", IP_BURST, append_ms=append_ms)])
    assert client.pexpiretime("risk:flag:3:ada:ttl") == append_ms + 7_200_000


def test_a_flag_whose_time_is_over_is_not_raised(client: Any, open_sink: Any) -> None:
    open_sink(flag_ttl="2h").write([delivery("old", IP_BURST, append_ms=now_ms() - 7_200_001)])
    assert client.keys("*") == []


def test_approved_decisions_of_the_first_run_leave_nothing(client: Any, open_sink: Any) -> None:
    batch = [delivery(f"fine-{n}", offset=n) for n in range(1200)]
    assert open_sink().write(batch) == Outcome(written=1200)
    assert client.keys("*") == []


def test_nothing_lives_for_ever_but_the_lists_that_are_swept(client: Any, open_sink: Any) -> None:
    sink = open_sink()
    sink.write([delivery("a", IP_BURST, ip="1.1.1.1"), delivery("b", IP_BURST, offset=1)])
    sink.write([delivery("a", offset=2)])
    lasting = {key for key in client.keys("*") if client.ttl(key) == -1}
    assert lasting == {"risk:last:user", "risk:recent", "risk:top:user"}


def test_the_top_counts_distinct_flagged_events_of_the_last_day(
    client: Any, open_sink: Any, redis_server: Any
) -> None:
    now = now_ms()
    sink, old = open_sink(), now - DAY_MS + HOUR_MS
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
    assert reader.top(url, "ip", 2, now) == [("9.9.9.9", 4), ("8.8.8.8", 2)]
    assert reader.top(url, "user", 5, now) == [("ada", 6), ("bob", 1)]
    later = [("8.8.8.8", 2), ("9.9.9.9", 1), ("6.6.6.6", 1)]
    assert reader.top(url, "ip", 5, now + 2 * HOUR_MS) == later
    assert reader.top(url, "ip", 5, now + 2 * DAY_MS) == []


def test_flags_are_listed_newest_first(client: Any, open_sink: Any, redis_server: Any) -> None:
    now = now_ms()
    three = [delivery(f"f-{n}", IP_BURST, offset=n, ip="1.1.1.1", append_ms=now + n) for n in range(3)]
    open_sink().write(three)
    listed = reader.flags(redis_server.address, 2)
    assert [flag.event_id for flag in listed] == ["f-2", "f-1"]
    assert listed[1] == reader.Flag(
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


def test_a_full_server_is_not_now(client: Any, open_sink: Any) -> None:
    client.config_set("maxmemory", "1")
    try:
        with pytest.raises(Unavailable, match="maxmemory"):
            open_sink().write([delivery("full", IP_BURST)])
    finally:
        client.config_set("maxmemory", "0")


def test_a_foreign_value_under_a_flags_key_is_never(client: Any, open_sink: Any) -> None:
    client.set("risk:flag:3:ada:taken", "mine")
    taken = delivery("taken", IP_BURST)
    outcome = open_sink().write([taken, delivery("free", IP_BURST, offset=1)])
    assert (outcome.written, [refused.delivery for refused in outcome.refused]) == (1, [taken])


def test_scripts_that_the_server_has_forgotten_are_loaded_again(
    client: Any, open_sink: Any, redis_server: Any
) -> None:
    sink = open_sink()
    for offset in range(3):
        one = delivery("again", IP_BURST, offset=offset, ip="1.1.1.1")
        client.script_flush()
        assert sink.write([one]) == Outcome(written=1)
    client.script_flush()
    assert reader.top(redis_server.address, "ip", 1, now_ms()) == [("1.1.1.1", 1)]
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
    client: Any, open_sink: Any, redis_server: Any, harm: Any, said: str
) -> None:
    sink = open_sink()
    sink.write([delivery(f"d-{n}", IP_BURST, offset=n, append_ms=now_ms() + n) for n in range(3)])
    key = "risk:flag:3:ada:d-1"
    harm(client, key)
    with pytest.raises(Damaged, match=f"{key} {said}"):
        sink.held("ada", "d-1")
    assert sink.held("ada", "d-2") is not None
    told: list[str] = []
    listed = reader.flags(redis_server.address, 3, damaged=told.append)
    assert [flag.event_id for flag in listed] == ["d-2", "d-0"]
    assert [words.startswith(f"{key} {said}") for words in told] == [True]


def test_a_list_of_another_type_is_named_and_the_others_are_counted(
    client: Any, open_sink: Any, redis_server: Any
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
        top = reader.top(redis_server.address, "ip", 2, now_ms(), damaged=told.append)
        assert top == [("1.1.1.1", 2), ("3.3.3.3", 1)]
        assert told == ["risk:hot:ip:2.2.2.2 is no list of events"]
    client.delete("risk:top:ip", "risk:recent")
    try:
        client.set("risk:top:ip", "mine")
        client.set("risk:recent", "mine")
        with pytest.raises(Damaged, match="risk:top:ip holds a value of another type"):
            reader.top(redis_server.address, "ip", 2, now_ms())
        with pytest.raises(Unhealthy, match="Redis holds what no sink writes: risk:top:ip"):
            alerts.top(redis_server.address, "ip", 2, now_ms())
        with pytest.raises(Damaged, match="risk:recent holds a value of another type"):
            reader.flags(redis_server.address, 2)
    finally:
        client.delete("risk:top:ip", "risk:recent", "risk:hot:ip:2.2.2.2")


def test_a_setting_that_is_no_duration_is_refused(open_sink: Any) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        open_sink(flag_ttl="soon")


def test_no_key_and_no_list_of_redis_names_an_erased_user(redis_server: Any) -> None:
    sink = sinks.connect("redis", redis_server.address, None, {})
    assert sinks.reads_back(sink)
    who = f"canary-{new_event()}"
    one = delivery(f"{who}-1", IP_BURST, user_id=who, ip="198.51.100.77")
    sink.write([one, delivery(f"{who}-2", user_id=who, offset=1)])
    with redis.Redis.from_url(redis_server.address, decode_responses=True) as client:
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
