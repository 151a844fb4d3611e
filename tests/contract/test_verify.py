"""What `fraudctl verify` must find in every store, against its real server: each way a store can be wrong.

Every sink that reads back is tested, by what its own protocol offers: a wrong row is written like a right
one. The classes below spoil single stores behind their sink's back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis as redis_client

from fraudctl.errors import Unhealthy
from fraudctl.verify import Config, Kind, Span, Verification
from pipeline import sinks
from pipeline.records.clock import DAY_MS, now_ms
from pipeline.records.decision_bytes import glance, take_apart
from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks import Entry, reads_back
from pipeline.sinks.ageing import ages
from tests.contract.verified import IP_BURST, VELOCITY, Bench, ListedLog, altered, decided, history


@pytest.fixture(params=sinks.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bench(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from _bench(name, request, tmp_path)


def _bench(name: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Bench]:
    server = request.getfixturevalue(f"{name}_server")
    sink = sinks.connect(name, server.address, None, {})
    assert reads_back(sink), f"sink {name} cannot be verified"
    sink.forget([(entry.identity, max(entry.position, 0)) for entry in sink.entries()])
    config = Config(name, "", "", f"dead.{name}", name, {}, server.address, None, folder / "status.json")
    bench = Bench(sink, config, ListedLog(history()), folder)
    bench.fill()
    yield bench
    sink.close()


class TestWhatIsRight:
    def test_a_clean_store_gives_no_alarm(self, bench: Bench) -> None:
        report = bench.check()
        assert report.is_clean, report.shown
        mine = report.sinks[bench.config.sink]
        expected = [
            one for one in self.newest(bench) if not bench.sink.flagged_only or glance(one.value).flagged
        ]
        assert (report.decisions, mine.expected) == (len(self.newest(bench)), len(expected))
        assert {kind for kind, n in mine.classes.items() if n} <= {Kind.EXPIRED}
        assert mine.equal + mine.classes.get(Kind.EXPIRED, 0) == mine.expected

    def newest(self, bench: Bench) -> list[Delivery]:
        newest: dict[Identity, Delivery] = {}
        for one in sorted(bench.log.deliveries, key=lambda one: one.position):
            newest[glance(one.value).identity] = one
        return list(newest.values())

    def test_what_was_delivered_twice_or_out_of_order_is_no_difference(self, bench: Bench) -> None:
        bench.sink.write(bench.log.deliveries[3:])
        bench.sink.write(bench.log.deliveries[-6:])
        assert bench.check().is_clean

    def test_what_the_sink_has_not_committed_is_its_lag(self, bench: Bench) -> None:
        ends = bench.log.ends()
        more = [decided(("bea", f"new-{n}-{ends[1]}"), IP_BURST, offset=ends[1] + n) for n in range(2)]
        more.append(decided(bench.identity(0), VELOCITY, IP_BURST, offset=ends[0]))
        log = ListedLog([*bench.log.deliveries, *more], behind=ends)
        report = bench.check(log)
        assert report.is_clean
        assert report.sinks[bench.config.sink].classes[Kind.UNDELIVERED] == 3
        bench.sink.write(more)
        ahead = bench.check(log)
        assert ahead.is_clean
        assert Kind.UNDELIVERED not in ahead.sinks[bench.config.sink].classes

    def test_what_the_store_refused_is_named_and_not_a_fault(self, bench: Bench) -> None:
        identity = bench.identity(2)
        bench.sink.forget([(identity, (1 << 63) - 1)])
        again = bench.check(replace(bench.log, dead=[bench.log.deliveries[2]]))
        assert again.is_clean
        named = [one for one in again.shown if one.kind is Kind.DEAD_LETTERED]
        assert [one.identity for one in named] == [identity]

    @pytest.mark.parametrize("name", ["elasticsearch", "parquet", "postgres"])
    def test_what_a_retention_let_go_is_expired_and_without_one_it_is_missing(self, bench: Bench) -> None:
        config = replace(bench.config, settings={"retention": "1d"})
        sink = sinks.connect(config.sink, config.address, None, config.settings)
        assert ages(sink)
        sink.expire(now_ms() + 500 * DAY_MS)
        sink.close()
        later = replace(bench, config=config)
        report = later.check()
        mine = report.sinks[config.sink]
        assert report.is_clean, report.shown
        assert (mine.held, mine.classes[Kind.EXPIRED]) == (0, mine.expected)
        with bench.verification() as verification:
            assert verification.check().faults == mine.expected

    def test_what_the_log_no_longer_holds_is_older_not_extra(self, bench: Bench) -> None:
        shorter = ListedLog([one for one in bench.log.deliveries if one.partition == 1 or one.offset >= 5])
        report = bench.check(shorter)
        assert report.is_clean
        older = {one.identity for one in report.shown if one.kind is Kind.OLDER}
        assert older == {bench.identity(n) for n in range(5) if bench.log.deliveries[n].partition == 0}

    def test_only_the_span_asked_for_is_verified(self, bench: Bench) -> None:
        start = now_ms() + 1000
        offset = bench.log.ends()[bench.log.deliveries[0].partition]
        late = [
            decided(("ada", f"late-{start}-{n}"), IP_BURST, offset=offset + n, append_ms=start + n)
            for n in range(4)
        ]
        log = ListedLog([*bench.log.deliveries, *late])
        bench.sink.write(late[:2])
        bench.sink.forget([(bench.identity(0), (1 << 63) - 1)])
        missing = {glance(one.value).identity: Kind.MISSING for one in late[2:]}
        assert bench.faults(bench.check(log, Span(from_ms=start))) == missing
        assert bench.faults(bench.check(log, Span(to_ms=start))) == {bench.identity(0): Kind.MISSING}
        assert bench.check(log, Span(start, start + 2)).is_clean


class TestWhatIsWrong:
    def test_deleted_rows_are_missing(self, bench: Bench) -> None:
        gone = [bench.identity(n) for n in (0, 3, 7)]
        bench.sink.forget([(identity, (1 << 63) - 1) for identity in gone])
        bench.mend(dict.fromkeys(gone, Kind.MISSING))

    def test_an_emptied_store_is_filled_again(self, bench: Bench) -> None:
        before = {entry.identity: entry for entry in bench.sink.entries()}
        bench.sink.forget([(identity, (1 << 63) - 1) for identity in before])
        assert list(bench.sink.entries()) == []
        bench.mend(dict.fromkeys(before, Kind.MISSING))
        assert {entry.identity: entry for entry in bench.sink.entries()} == before

    def test_a_changed_score_diverges(self, bench: Bench) -> None:
        bench.put(bench.identity(4), altered(bench.log.deliveries[4], '"score":60', '"score":61'))
        found = bench.mend({bench.identity(4): Kind.DIVERGED})
        assert found[0].fields == (("score", "61", "60"),)

    def test_a_changed_reason_diverges(self, bench: Bench) -> None:
        right = bench.log.deliveries[5]
        bench.put(bench.identity(5), altered(right, "in 2 minutes", "in 9 minutes"))
        found = bench.mend({bench.identity(5): Kind.DIVERGED})
        assert len(found[0].fields) == 1

    def test_two_swapped_events_diverge(self, bench: Bench) -> None:
        one, other = bench.log.deliveries[1], bench.log.deliveries[2]
        for right, content in ((one, other), (other, one)):
            ids = (str(json.loads(it.value)["event_id"]) for it in (content, right))
            wrong = altered(content, *ids)
            bench.put(glance(right.value).identity, right._replace(value=wrong.value))
        bench.mend({bench.identity(1): Kind.DIVERGED, bench.identity(2): Kind.DIVERGED})

    def test_a_stranger_is_extra(self, bench: Bench) -> None:
        stranger = ("eve", f"stranger-{time.monotonic_ns()}")
        bench.sink.write([decided(stranger, IP_BURST, offset=10_000)])
        bench.mend({stranger: Kind.EXTRA})
        assert bench.sink.look_up([stranger]) == {}

    def test_a_stranger_with_a_known_position_is_extra(self, bench: Bench) -> None:
        stranger = ("ada", f"stranger-{time.monotonic_ns()}")
        bench.sink.write([decided(stranger, IP_BURST, offset=11)])
        bench.mend({stranger: Kind.EXTRA})

    def test_an_old_version_is_stale(self, bench: Bench) -> None:
        old = bench.log.deliveries[-9]
        bench.put(bench.identity(-9), old)
        bench.mend({bench.identity(-9): Kind.STALE})

    def test_what_was_withdrawn_and_is_back_is_stale(self, bench: Bench) -> None:
        bench.put(bench.identity(-7), bench.log.deliveries[-7])
        bench.mend({bench.identity(-7): Kind.STALE})

    def test_a_position_the_log_does_not_have_diverges(self, bench: Bench) -> None:
        bench.put(bench.identity(6), bench.log.deliveries[6]._replace(run=9))
        found = bench.mend({bench.identity(6): Kind.DIVERGED})
        assert found[0].fields[0] == ("position", str(9 << 40 | 6), str(1 << 40 | 6))

    def test_every_difference_is_named_in_the_file(self, bench: Bench) -> None:
        gone = [bench.identity(n) for n in range(4)]
        bench.sink.forget([(identity, (1 << 63) - 1) for identity in gone])
        report = bench.check()
        assert report.file is not None
        lines = [json.loads(line) for line in report.file.read_text().splitlines()]
        named = [(one["user_id"], one["event_id"]) for one in lines if one["class"] == "missing"]
        assert sorted(named) == sorted(gone)
        assert {(one["partition"], one["offset"]) for one in lines if one["class"] == "missing"} == {
            (bench.log.deliveries[n].partition, n) for n in range(4)
        }


class TestPostgres:
    """Spoiled in SQL."""

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
        yield from _bench("postgres", request, tmp_path)

    def run(self, bench: Bench, sql: str, *values: object) -> None:
        with psycopg.connect(bench.config.address) as connection:
            connection.execute(sql.encode(), values)

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("event_time", "2025-11-24 16:00:00.1231Z"),
            ("amount", "12.50001"),
            ("currency", "EUR"),
            ("ip", None),
            ("extra", "{}"),
            ("score", "59"),
            ("decision", "approve"),
            ("features", '{"n": 3.0}'),
            ("ruleset_hash", ""),
            ("late", "t"),
            ("source_offset", "99"),
            ("decided_at", "2025-11-24 16:00:00Z"),
        ],
    )
    def test_each_column_counts(self, bench: Bench, column: str, value: str | None) -> None:
        self.run(
            bench, f"UPDATE risk_scores SET {column} = %s WHERE event_id = %s", value, bench.identity(0)[1]
        )
        found = bench.mend({bench.identity(0): Kind.DIVERGED})
        names = {"decided_at": "decided_at_ms"}
        assert [name for name, _, _ in found[0].fields] == [names.get(column, column)]

    def test_the_time_of_writing_does_not_count(self, bench: Bench) -> None:
        self.run(bench, "UPDATE risk_scores SET written_at = written_at - interval '1 hour'")
        assert bench.check().is_clean

    @pytest.mark.parametrize(
        "change",
        [
            "DELETE FROM rule_triggers WHERE event_id = %s",
            "UPDATE rule_triggers SET text = 'so' WHERE event_id = %s",
            "UPDATE rule_triggers SET position = position - 1 WHERE event_id = %s",
            "INSERT INTO rule_triggers SELECT user_id, event_id, 7, 'r', 1, 't', position FROM rule_triggers"
            " WHERE event_id = %s",
        ],
    )
    def test_the_hits_count(self, bench: Bench, change: str) -> None:
        self.run(bench, change, bench.identity(0)[1])
        found = bench.mend({bench.identity(0): Kind.DIVERGED})
        assert [name for name, _, _ in found[0].fields] == ["reasons"]

    def test_hits_without_a_score_are_extra(self, bench: Bench) -> None:
        self.run(bench, "INSERT INTO rule_triggers VALUES ('eve', 'orphan', 0, 'r', 1, 't', 5)")
        bench.mend({("eve", "orphan"): Kind.EXTRA})

    def test_a_dead_server_is_unhealthy_not_a_difference(self, bench: Bench) -> None:
        away = replace(bench.config, address="postgresql://postgres@127.0.0.1:1/postgres")
        with (
            Verification(bench.log, [away], bench.folder) as verification,
            pytest.raises(Unhealthy, match="postgres"),
        ):
            verification.check()


class TestRedis:
    """Spoiled with plain commands."""

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
        yield from _bench("redis", request, tmp_path)

    @pytest.fixture
    def client(self, bench: Bench) -> Iterator[Any]:
        with redis_client.Redis.from_url(bench.config.address, decode_responses=True) as client:
            yield client

    def key(self, bench: Bench, place: int) -> str:
        user_id, event_id = bench.identity(place)
        return f"risk:flag:{len(user_id)}:{user_id}:{event_id}"

    def test_a_dropped_time_to_live_diverges_and_is_restored(self, bench: Bench, client: Any) -> None:
        before = client.pexpiretime(self.key(bench, 0))
        client.persist(self.key(bench, 0))
        found = bench.mend({bench.identity(0): Kind.DIVERGED})
        assert found[0].fields == (("expires_ms", "-1", str(before)),)
        assert client.pexpiretime(self.key(bench, 0)) == before

    @pytest.mark.parametrize(
        "name", ["score", "decision", "amount", "ip", "reasons", "decided_at_ms", "user_id"]
    )
    def test_each_field_counts(self, bench: Bench, client: Any, name: str) -> None:
        client.hset(self.key(bench, 0), name, "7")
        found = bench.mend({bench.identity(0): Kind.DIVERGED})
        assert name in [field[0] for field in found[0].fields]

    def test_bytes_that_are_no_text_count(self, bench: Bench, client: Any) -> None:
        client.hset(self.key(bench, 3), "currency", b"\xff")
        found = bench.mend({bench.identity(3): Kind.DIVERGED})
        assert found[0].fields == (("currency", "\\xff", None),)

    def test_a_field_too_many_counts(self, bench: Bench, client: Any) -> None:
        client.hset(self.key(bench, 0), "note", "mine")
        found = bench.mend({bench.identity(0): Kind.DIVERGED})
        assert found[0].fields == (("foreign", '{"note": "mine"}', None),)

    def test_the_lists_a_flag_is_found_by_count(self, bench: Bench, client: Any) -> None:
        member = self.key(bench, 0).removeprefix("risk:flag:")
        client.zrem("risk:recent", member)
        client.zrem("risk:hot:user:ada", member)
        client.zadd("risk:hot:ip:10.0.0.0", {member: 5})
        found = bench.mend({bench.identity(0): Kind.DIVERGED})
        assert [field[0] for field in found[0].fields] == ["recent", "hot_ip", "hot_user"]

    @pytest.mark.parametrize(
        "name", ["risk:recent", "risk:top:ip", "risk:last:user", "risk:hot:user:ada", "risk:hot:ip:10.0.0.0"]
    )
    def test_a_list_that_is_something_else_hinders_no_repair_and_is_kept(
        self, bench: Bench, client: Any, name: str
    ) -> None:
        client.delete(name)
        client.set(name, "mine")
        client.hset(self.key(bench, 0), "score", "7")
        with bench.verification() as verification:
            found = verification.check()
            assert bench.faults(found)[bench.identity(0)] == Kind.DIVERGED
            assert verification.repair().refused == ()
            assert verification.check().faults == 0
        assert client.get(f"foreign:{name}") == "mine"
        assert client.delete(f"foreign:{name}") == 1

    def test_what_is_no_flag_is_found_under_any_key(self, bench: Bench, client: Any) -> None:
        client.set("risk:flag:nonsense", "x")
        client.hset("risk:flag:3:eve:stranger", mapping={"score": "1"})
        client.rename(self.key(bench, 0), "risk:flag:3:eve:moved")
        bench.mend(
            {
                ("", "nonsense"): Kind.EXTRA,
                ("eve", "stranger"): Kind.EXTRA,
                ("eve", "moved"): Kind.EXTRA,
                bench.identity(0): Kind.MISSING,
            }
        )
        assert client.keys("risk:flag:*eve*") == []

    def test_a_mark_that_hides_a_flag_is_no_obstacle(self, bench: Bench, client: Any) -> None:
        client.delete(self.key(bench, 0))
        client.set(self.key(bench, 0).replace("flag", "mark"), f"{1 << 40 | 0:020d}")
        bench.mend({bench.identity(0): Kind.MISSING})


def test_repair_leaves_what_became_newer_meanwhile(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for bench in _bench(name, request, tmp_path):
        identity = bench.identity(0)
        bench.put(identity, altered(bench.log.deliveries[0], '"score":60', '"score":61'))
        with bench.verification() as verification:
            assert bench.faults(verification.check()) == {identity: Kind.DIVERGED}
            newer = decided(identity, VELOCITY, IP_BURST, offset=500)
            bench.sink.write([newer])
            verification.repair()
        wanted = bench.sink.expected(newer, take_apart(newer.value))
        held: Mapping[Identity, Entry] = bench.sink.look_up([identity])
        assert wanted is not None
        assert held[identity].fields == wanted.fields
