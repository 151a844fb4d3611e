"""Redis in a cluster and under sentinels: the same answers as from one server, and a node that goes away."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from fraudctl.decisions import alerts
from pipeline import sinks
from pipeline.connections.trouble import Trouble
from pipeline.connections.way import Finding
from pipeline.records.decision_bytes import take_apart
from pipeline.records.decisions import Hit
from pipeline.sinks import Outcome, ReadBack, Unavailable, Way, rights
from pipeline.sinks.redis import reader
from pipeline.sinks.redis.keys import BUCKETS, Layout
from tests.certificates import Authority
from tests.contract import redis_places
from tests.contract.redis_places import Cluster, Watched
from tests.decisions import decided, now_ms
from tests.waiting import await_that

HIT = Hit("ip_burst", 60, "5 users")
IPS, USERS, EACH = 40, 30, 400


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with redis_places.cluster() as made:
        yield made


@pytest.fixture(autouse=True)
def _empty(cluster: Cluster) -> None:
    with cluster.client() as client:
        client.flushall(target_nodes="primaries")


@pytest.fixture
def sink(cluster: Cluster) -> Iterator[Any]:
    one = sinks.connect("redis", cluster.address, None, {})
    yield one
    one.close()


def traffic(now: int) -> list[Any]:
    """Flags of many users from many addresses, of which some have most of theirs in few parts."""
    return [
        decided(
            f"e-{n}",
            HIT,
            offset=n,
            user_id=f"user-{n * n % USERS}",
            ip=f"10.0.0.{(n * 7 + n * n // 11) % IPS}",
            append_ms=now - n,
        )
        for n in range(EACH)
    ]


def test_one_decisions_keys_share_a_slot_and_all_nodes_hold_some(cluster: Cluster, sink: Any) -> None:
    assert sink.write(traffic(now_ms())) == Outcome(written=EACH)
    held = cluster.held()
    assert all(len(keys) > 0 for keys in held)
    parts = {key.split(":")[1] for keys in held for key in keys}
    assert len(parts) > 1
    with cluster.client() as client:
        slots = {part: client.keyslot(f"risk:{part}:recent") for part in parts}
        for keys in held:
            assert all(client.keyslot(key) == slots[key.split(":")[1]] for key in keys)


def test_a_cluster_answers_as_one_server_does(cluster: Cluster, sink: Any, redis_server: Any) -> None:
    now = now_ms()
    alone = sinks.connect("redis", redis_server.address, None, {})
    with Redis.from_url(redis_server.address) as client:
        client.flushall()
    log = traffic(now)
    log += [decided(f"e-{n}", offset=EACH + n, user_id=f"user-{n * n % USERS}") for n in range(0, EACH, 7)]
    for one in (sink, alone):
        one.write(log[:EACH])
        one.write(log[EACH:])
    at = (cluster.address, redis_server.address)
    for kind in ("ip", "user"):
        for most in (1, 3, 10, 100):
            in_cluster, in_one = (reader.top(url, kind, most, now) for url in at)
            assert in_cluster == in_one
    assert alerts.top(at[0], "ip", 5, now) == alerts.top(at[1], "ip", 5, now)
    assert reader.flags(at[0], 50) == reader.flags(at[1], 50)
    assert sorted(sink.entries()) == sorted(alone.entries())
    alone.close()
    with Redis.from_url(redis_server.address) as client:
        client.flushall()


def test_what_a_cluster_holds_is_compared_looked_up_and_forgotten(sink: ReadBack, cluster: Cluster) -> None:
    log = traffic(now_ms())[:20]
    sink.write(log)
    wanted = {take_apart(one.value).identity: one for one in log}
    expected = {identity: sink.expected(one, take_apart(one.value)) for identity, one in wanted.items()}
    found = {entry.identity: entry for entry in sink.entries()}
    assert {identity: entry.fields for identity, entry in found.items()} == {
        identity: entry.fields for identity, entry in expected.items() if entry
    }
    assert sink.look_up(list(wanted)) == found
    sink.forget([(identity, one.position) for identity, one in wanted.items()])
    assert list(sink.entries()) == []
    assert sink.write(log) == Outcome(written=20)


def test_a_key_in_the_wrong_part_is_foreign_and_can_be_dropped(sink: ReadBack, cluster: Cluster) -> None:
    layout = Layout(is_cluster=True)
    right = layout.keys_of(("ada", "e"))[0]
    wrong = next(key for n in range(BUCKETS) if (key := f"risk:{{{n}}}:flag:3:ada:e") != right)
    with cluster.client() as client:
        client.hset(wrong, "position", "7")
    [entry] = list(sink.entries())
    assert (entry.identity, entry.position) == (("", wrong), 7)
    sink.forget([(entry.identity, 7)])
    assert list(sink.entries()) == []


def test_a_node_that_dies_is_not_now_and_the_batch_goes_in_once_it_is_back(
    sink: Any, cluster: Cluster
) -> None:
    log = traffic(now_ms())
    sink.write(log[:200])
    cluster.stop(signal.SIGKILL)
    try:
        with pytest.raises(Unavailable):
            sink.write(log)
    finally:
        cluster.start()
    outcome = sink.write(log)
    assert (outcome.written + outcome.superseded, outcome.refused) == (EACH, [])
    assert len(list(sink.entries())) == EACH


def test_a_cluster_that_is_asked_as_one_server_is_told(cluster: Cluster) -> None:
    one = sinks.connect("redis", cluster.nodes[0].address, None, {})
    with pytest.raises(Unavailable) as caught:
        one.write(traffic(now_ms()))
    one.close()
    assert caught.value.trouble is Trouble.CLUSTER
    assert "redis+cluster://" in (sinks.mend("redis", caught.value) or "")


@pytest.mark.parametrize("by_tls", [False, True])
def test_a_new_master_is_written_to_when_the_sentinels_have_named_it(by_tls: bool, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    told = {"ca_file": str(authority.cert)} if by_tls else {}
    with redis_places.watched(authority.issue("server") if by_tls else None) as places:
        one = sinks.connect("redis", places.address, None, told)
        log = traffic(now_ms())[:10]
        assert one.write(log) == Outcome(written=10)
        await_that(lambda: _count(places) == 10, "the replica has the flags")
        assert broken(places.address, told) == []
        places.master.stop(signal.SIGKILL)
        try:
            await_that(lambda: _written(one, log), "the writer has found the new master")
            assert _count(places) == 10
            assert len(reader.flags(places.address, 100, Way(None, told))) == 10
        finally:
            one.close()
            places.master.start()


def test_a_cluster_is_reached_by_tls_and_only_by_a_certificate_that_is_believed(tmp_path: Path) -> None:
    authority, log = Authority(tmp_path / "authority"), traffic(now_ms())
    told = {"ca_file": str(authority.cert)}
    with redis_places.cluster(authority.issue("server")) as made:
        one = sinks.connect("redis", made.address, None, told)
        assert one.write(log) == Outcome(written=EACH)
        assert all(len(held) > 0 for held in made.held())
        assert len(list(one.entries())) == EACH
        assert len(reader.flags(made.address, 2 * EACH, Way(None, told))) == EACH
        one.close()
        assert broken(made.address, told) == []
        other = {"ca_file": str(Authority(tmp_path / "other", "another CA").cert)}
        with pytest.raises(Unavailable) as caught:
            sinks.connect("redis", made.address, None, other).write(log)
        assert caught.value.trouble is Trouble.UNTRUSTED
        made.ends[1].pair = authority.issue("old", lasts=timedelta(hours=-1))
        assert [found.what for found in broken(made.address, told)][:1] == ["certificate"]


def test_the_version_of_a_cluster_is_that_of_its_nodes(cluster: Cluster) -> None:
    [login] = [one.said for one in rights.examine("redis", cluster.address, None, {}) if one.what == "login"]
    assert re.fullmatch(r"a cluster of 3 primaries: valkey [0-9]+\.[0-9.]+", login)


def broken(address: str, told: Mapping[str, str]) -> list[Finding]:
    """What the doctor finds that is not well."""
    return [one for one in rights.examine("redis", address, None, told) if one.is_broken]


def _written(one: Any, log: list[Any]) -> bool:
    """The writer's own way: the same batch again."""
    try:
        outcome = one.write(log)
    except Unavailable:
        return False
    return outcome.written + outcome.superseded == len(log)


def _count(places: Watched) -> int:
    with Redis.from_url(places.replica.address) as client:
        return sum(1 for _ in client.scan_iter(match="risk:flag:*", count=1000))
