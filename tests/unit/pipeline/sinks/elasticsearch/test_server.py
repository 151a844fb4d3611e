"""How an Elasticsearch server's refusals are told apart, by a server that gives one answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.sinks.elasticsearch.refusals import BadRequest
from pipeline.sinks.elasticsearch.server import Server
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
