"""How an Elasticsearch server's refusals are told apart, by a server that gives one answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline.sinks.elasticsearch import server as servers
from pipeline.sinks.elasticsearch.refusals import BadRequest
from pipeline.sinks.elasticsearch.server import Connection, Server
from tests.threads import serving


@contextmanager
def refusing(kind: str, reason: str) -> Iterator[Server]:
    """A server that says 400 to everything."""
    body = json.dumps({"error": {"type": kind, "reason": reason}, "status": 400}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.send_response(400)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as server:
        client = Server(f"127.0.0.1:{server.server_port}", None)
        yield client
        client.close()


def test_an_index_that_is_there_already_is_no_failure() -> None:
    with refusing("resource_already_exists_exception", "index [a] already exists") as server:
        server.create("a")


def test_a_refusal_that_only_mentions_an_index_that_is_there_is_one() -> None:
    reason = "only mentions resource_already_exists_exception"
    with refusing("invalid_index_name_exception", reason) as server:
        with pytest.raises(BadRequest, match="only mentions") as raised:
            server.create("resource_already_exists_exception")
        assert raised.value.kind == "invalid_index_name_exception"


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("http://a.example", "http://a.example:9200"),
        ("https://a.example", "https://a.example:443"),
        ("https://u@a.example:9243/search", "https://a.example:9243/search"),
    ],
)
def test_a_server_is_asked_where_its_address_says(address: str, base: str) -> None:
    client = servers._open(address, None, Connection())
    assert [one.base_url for one in client.transport.node_pool.all()] == [base]
    client.close()


@pytest.mark.parametrize(
    ("address", "header"),
    [("http://u%40x@a.example", "Basic dUB4OnNlY3JldA=="), ("http://a.example", "ApiKey secret")],
)
def test_a_secret_is_a_password_where_the_address_names_a_user_else_a_key(
    address: str, header: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret\n")
    client = servers._open(address, tmp_path / "secret", Connection())
    assert client._headers["authorization"] == header
    client.close()
