"""What the clients here make of the proxy variables: nothing on loopback, and what is usual elsewhere."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fraudctl import servers
from fraudctl.bench import places
from fraudctl.binaries import artifacts
from fraudctl.binaries.artifacts import Artifact
from fraudctl.chaos.means import refuse
from fraudctl.errors import FraudctlError
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Paths, Stack
from fraudctl.servers import Site
from fraudctl.settings import reading
from pipeline import notify, sinks
from pipeline.connections import proxies
from pipeline.connections.aws import Access
from pipeline.connections.flink import FlinkRest
from pipeline.notify import Alert, Message, NotNow
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.elasticsearch import server as elastic_server
from pipeline.sinks.parquet import blobs
from tests.threads import serving

VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
KEY = "local:local"
MESSAGE = Message("k", (Alert("u", "e", 9, "block", "1.00", None, "2026-01-01T00:00:00Z", ()),))


class Listener(ThreadingHTTPServer):
    """Counts the connections it takes, remembers the first line of each, and answers HTTP as it was told."""

    answer = 200
    reached = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        self.reached += 1
        return super().get_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who is refused hangs up; that is no error of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    timeout = 0.3  # for those who wait to be spoken to

    def parse_request(self) -> bool:
        self.server.heard.append(self.raw_requestline.decode("latin-1").strip())
        return super().parse_request()

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.server.answer)
        self.send_header("Content-Length", "2")
        self.send_header("Connection", "close")
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_CONNECT = answer

    def log_message(self, format: str, *args: object) -> None:
        """Tests talk enough."""


@contextmanager
def listening() -> Iterator[Listener]:
    with serving(Listener()) as listener:
        yield listener


@pytest.fixture
def server() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A proxy that every variable names; it lets nothing through."""
    for name in ("no_proxy", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    dynamo.client.cache_clear()
    with listening() as listener:
        listener.answer = 403
        for name in VARIABLES:
            monkeypatch.setenv(name, f"http://{listener.address}")
            monkeypatch.setenv(name.upper(), f"http://{listener.address}")
        yield listener
    dynamo.client.cache_clear()


def stack_of(home: Path, address: str) -> Stack:
    names = ("kafka", "flink", "postgres", "redis", "elasticsearch", "dynamodb")
    return Stack(home, reading.load("all-sinks"), dict.fromkeys(names, address))


def probe(name: str) -> Callable[[str, Path], object]:
    def act(address: str, home: Path) -> None:
        kind = servers.server_class(name)
        number = int(address.rpartition(":")[2])
        roles = dict.fromkeys(kind.port_roles, number)
        kind(Site(Paths(home), roles, reading.load("all-sinks").server(name), home)).probe()

    return act


def store(name: str, scheme: str = "", **settings: Any) -> Callable[[str, Path], object]:
    return lambda address, home: sinks.connect(name, scheme + address, None, settings).held("", "")


def download(base_url: str, home: Path) -> int:
    return artifacts.fetch([Artifact("x", "org:a:1", "0" * 64, 2)], home, base_url)


def bucket(home: Path, **settings: Any) -> list[str]:
    return list(blobs.connect("s3://alerts/p", KEY, settings).names())


def drop_place(address: str, home: Path) -> None:
    stack = stack_of(home, address)
    places.place(stack, "elasticsearch", "t").drop()


def slack(webhook: str) -> None:
    notify.connect("slack", {"webhook": webhook}).send(MESSAGE)


def email(address: str) -> None:
    port = address.rpartition(":")[2]
    settings = {"host": "127.0.0.1", "port": port, "from": "a@b", "to": "c@d", "timeout": 2}
    notify.connect("email", settings).send(MESSAGE)


def flink(address: str) -> Flink:
    return Flink(FlinkRest(address=address))


ON_LOOPBACK: Mapping[str, Callable[[str, Path], object]] = {
    "flink": lambda address, _: flink(address).jobs(),
    "flink by name": lambda address, _: Flink(
        FlinkRest(address=address.replace("127.0.0.1", "localhost"))
    ).jobs(),
    "dynamodb": lambda address, _: dynamo.call(dynamo.client(address).list_tables),
    "dynamodb at a URL": lambda address, _: dynamo.call(
        dynamo.client(f"http://{address}", Access(KEY)).list_tables
    ),
    "dynamodb streams": lambda address, _: dynamo.call(
        dynamo.client(address, Access(), "dynamodbstreams").list_streams
    ),
    "bucket": lambda address, home: bucket(home, endpoint=f"http://{address}"),
    "elasticsearch": lambda address, _: elastic_server.Server(address, None).raw("GET", "/"),
    "slack": lambda address, _: slack(f"http://{address}/hook"),
    "email": lambda address, _: email(address),
    "download": lambda address, home: download(f"http://{address}", home),
    "refusal of writes": lambda address, home: refuse.strike(
        stack_of(home, address), {"store": "elasticsearch"}
    ),
    "place of a benchmark": drop_place,
    "sink redis": store("redis", "redis://"),
    "sink postgres": store("postgres", "postgresql://u@"),
    "probe of flink": probe("flink"),
    "probe of elasticsearch": probe("elasticsearch"),
    "probe of dynamodb": probe("dynamodb"),
}


@pytest.mark.parametrize("client", ON_LOOPBACK)
def test_what_is_on_loopback_is_asked_past_every_proxy(
    client: str, server: Listener, proxy: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with suppress(Exception):
        ON_LOOPBACK[client](server.address, tmp_path)
    assert (proxy.reached, server.reached > 0) == (0, True)


def test_an_endpoint_that_only_the_environment_of_aws_tools_names_is_no_matter_for_a_proxy_either(
    server: Listener, proxy: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.address}")
    with suppress(Exception):
        bucket(tmp_path)
    with suppress(Exception):
        dynamo.call(dynamo.client("aws://us-east-1", Access(KEY)).list_tables)
    assert (proxy.reached, {line.partition(" ")[0] for line in server.heard}) == (0, {"GET", "POST"})


ELSEWHERE: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "flink": (
        lambda _: flink("flink.example:8081").jobs(),
        "GET http://flink.example:8081/jobs/overview HTTP/1.1",
    ),
    "dynamodb": (
        lambda _: dynamo.call(dynamo.client("aws://eu-north-1", Access(KEY)).list_tables),
        "CONNECT dynamodb.eu-north-1.amazonaws.com:443 HTTP/1.0",
    ),
    "bucket": (lambda home: bucket(home), "CONNECT alerts.s3.amazonaws.com:443 HTTP/1.0"),
    "slack": (
        lambda _: slack("https://hooks.slack.example/services/T"),
        "CONNECT hooks.slack.example:443 HTTP/1.1",
    ),
    "slack without TLS": (
        lambda _: slack("http://hooks.slack.example/services/T"),
        "POST http://hooks.slack.example/services/T HTTP/1.1",
    ),
    "download": (
        lambda home: download("http://mirror.example/maven2", home),
        "GET http://mirror.example/maven2/org/a/1/a-1.jar HTTP/1.1",
    ),
}


@pytest.mark.parametrize("client", ELSEWHERE)
def test_what_is_elsewhere_is_asked_through_the_proxy_that_the_environment_names(
    client: str, proxy: Listener, tmp_path: Path
) -> None:
    act, asked = ELSEWHERE[client]
    with pytest.raises(Exception, match=r"403|Forbidden|proxy"):
        act(tmp_path)
    assert _versionless(proxy.heard[0]) == _versionless(asked)


def _versionless(line: str) -> str:
    return line.rpartition(" ")[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_notification_that_a_proxy_keeps_back_is_tried_again(scheme: str, proxy: Listener) -> None:
    proxy.answer = 407
    with pytest.raises(NotNow, match="407"):
        slack(f"{scheme}://hooks.slack.example/services/T")


def test_a_proxy_that_wants_a_name_and_a_password_gets_them(
    proxy: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://ada:p%40ss@{proxy.address}")
    found = proxies.proxy_of("http://hooks.slack.example/x")
    assert found == proxies.Proxy("127.0.0.1", proxy.port, {"Proxy-Authorization": "Basic YWRhOnBAc3M="})


@pytest.mark.parametrize(
    ("url", "names_a_proxy"),
    [
        ("http://flink.example:8081", True),
        ("http://10.0.0.7:8081", True),
        ("http://inside.corp.example/x", False),
        ("http://localhost:8081", False),
        ("http://LOCALHOST.:8081", False),
        ("http://store.localhost:8081", False),
        ("http://127.8.9.1:8081", False),
        ("http://[::1]:8081", False),
        ("http://[::ffff:127.0.0.1]:8081", False),
        ("http://0.0.0.0:8081", False),
        ("http://localhost.example:8081", True),
        ("http://127.0.0.1.example:8081", True),
    ],
)
def test_only_this_machine_and_what_no_proxy_names_are_left_out(
    url: str, names_a_proxy: bool, proxy: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "corp.example")
    assert (proxies.proxy_of(url) is not None) is names_a_proxy


def test_without_variables_there_is_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert proxies.proxy_of("https://hooks.slack.example/x") is None


def test_a_proxy_of_another_kind_is_told_and_nothing_is_sent_past_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1080")
    with pytest.raises(FraudctlError, match="does not answer"):
        flink("flink.example:8081").jobs()
