"""What went before, of a Prometheus that answers and of those that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fraudctl.home.stack import Stack
from fraudctl.settings import reading
from fraudctl.views import history
from fraudctl.views.history import Span
from fraudctl.views.pulse import Pulse
from tests.threads import serving

SPAN = Span(1_000.0, 1_060.0, 30.0)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path, reading.load("default", {}, {}), {})


def series(values: dict[float, str], **labels: str) -> dict[str, Any]:
    return {"metric": labels, "values": [[at_s, text] for at_s, text in values.items()]}


@contextmanager
def answering(body: bytes | dict[str, list[Any]]) -> Iterator[tuple[str, list[str]]]:
    """The API of a Prometheus that has these series by query, or says this; and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            words = parse_qs(urlsplit(self.path).query)
            asked.append(f"{words['start'][0]} to {words['end'][0]} by {words['step'][0]}")
            found = body if isinstance(body, bytes) else _success(body.get(words["query"][0], []))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"127.0.0.1:{server.server_address[1]}", asked


def _success(found: list[Any]) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": found}}).encode()


def test_each_moment_that_something_is_known_of_is_a_pulse(stack: Stack) -> None:
    known = {
        history.FIGURES["events_s"]: [series({1_000: "10", 1_030: "20.5"})],
        history.FIGURES["p99_s"]: [series({1_030: "0.2", 1_060: "NaN"})],
        history.LAG: [series({1_030: "7"}, consumer="job"), series({1_030: "8"}, consumer="sink-redis")],
    }
    with answering(known) as (address, asked):
        found = history.of(replace(stack, addresses={"prometheus": address}), SPAN)
    assert found == [
        Pulse(1_000.0, events_s=10.0),
        Pulse(1_030.0, events_s=20.5, p99_s=0.2, lag={"job": 7, "sink-redis": 8}),
    ]
    assert set(asked) == {"1000.0 to 1060.0 by 30.0"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"data": {"result": [{}]}}'])
def test_of_a_prometheus_that_answers_otherwise_nothing_is_known(stack: Stack, body: bytes) -> None:
    with answering(body) as (address, _):
        assert history.of(replace(stack, addresses={"prometheus": address}), SPAN) == []


def test_without_a_prometheus_or_with_one_that_is_gone_nothing_is_known(stack: Stack) -> None:
    assert history.of(stack, SPAN) == []
    assert history.of(replace(stack, addresses={"prometheus": "127.0.0.1:1"}), SPAN) == []
