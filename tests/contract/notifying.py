"""Notifying for tests: the other sides of the channels, and a world of tables with a notifier in it."""

from __future__ import annotations

import email
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import policy
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from pipeline import notifier, sinks
from pipeline.notifier import Config, Office
from pipeline.notify.stream import AlertStream
from pipeline.records.clock import now_ms
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit
from tests.decisions import decided
from tests.ports import free_port
from tests.threads import serving
from tests.waiting import LONG_S

BURST = Hit("ip_burst", 60, "5 users from <203.0.113.9> & more in 2 minutes")
_ids = count(1)


def own_number() -> str:
    """What makes the name of a table one that no other test has."""
    return f"{os.getpid()}_{next(_ids)}"


def decision(event_id: str, offset: int, *hits: Hit, append_ms: int = 0, **fields: Any) -> Delivery:
    return decided(event_id, *hits, offset=offset, append_ms=append_ms, currency="EUR", **fields)


class People:
    """The other side of a channel: what they got, and what they answer next."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.got: list[str] = []
        self.answers: list[str] = []  # "later", "never", "hang up" or "wait"; then they take all
        self.arrived, self.may_answer = threading.Event(), threading.Event()
        self.asked_ms: list[int] = []

    def next_answer(self) -> str:
        self.asked_ms.append(now_ms())
        answer = self.answers.pop(0) if self.answers else "take"
        if answer == "wait":
            self.arrived.set()
            self.may_answer.wait(LONG_S)
        return answer


class _Webhook(http.server.BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        people: People = self.server.people
        answer = people.next_answer()
        if answer == "hang up":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response({"later": 429, "never": 404}.get(answer, 200))
        if answer == "later":
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()
        if answer in ("take", "wait"):
            people.got.append(json.loads(body)["text"])

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def slack_people() -> Iterator[People]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Webhook)
    server.daemon_threads = True
    people = People({"webhook": f"http://127.0.0.1:{server.server_port}/services/T/B/x"})
    server.people = people  # type: ignore[attr-defined]
    with serving(server):
        yield people
        people.may_answer.set()


class _Mailbox:
    def __init__(self, people: People) -> None:
        self.people = people

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await server.loop.run_in_executor(None, self.people.next_answer)
        if answer == "hang up":
            server.transport.abort()
            return "421 gone"
        if answer in ("later", "never"):
            return {"later": "451 try again later", "never": "554 no"}[answer]
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        self.people.got.append(f"{mail['subject']}\n{mail.get_content()}")
        return "250 OK"


@contextmanager
def email_people() -> Iterator[People]:
    people = People({"host": "127.0.0.1", "from": "fraud@example.com", "to": "a@example.com, b@example.com"})
    port = free_port()
    people.settings = {**people.settings, "port": port}
    controller = Controller(_Mailbox(people), hostname="127.0.0.1", port=port)
    controller.start()
    yield people
    people.may_answer.set()
    controller.stop()


class World:
    """Tables of one test, the sink that fills them and the notifier that reads them."""

    def __init__(self, channel: str, people: People, address: str) -> None:
        self.number = own_number()
        self.channel, self.people = channel, people
        self.document: dict[str, Any] = {
            "address": address,
            "channels": {channel: dict(people.settings)},
            "alerts_table": f"alerts_{self.number}",
            "table": f"claims_{self.number}",
            "digest_window_ms": 1_500,
            "digest_over": 3,
            "unknown_after_ms": 60_000,
        }
        settings = {"table": self.document["alerts_table"], "threads": 4}
        self.sink = sinks.connect("dynamodb", address, None, settings)
        self.office = self.new_office()

    @property
    def config(self) -> Config:
        return Config.parse(self.document)

    def new_office(self) -> Office:
        """A notifier as after a restart: it knows only what the tables say."""
        office = Office(self.config)
        office.open()
        self.stream = office.stream()
        return office

    def restart(self) -> None:
        self.office.outbox.close()
        self.office = self.new_office()

    def read(self) -> None:
        """Take in what the stream has."""
        seen = 1
        while seen:
            seen = 0
            for page in self.stream.pages():
                self.office.offer(page.records)
                self.stream.commit(page, now_ms())
                seen += len(page.records)

    def step(self) -> None:
        self.read()
        self.office.postmen[0].step()

    def told(self) -> list[str]:
        """What people got, after one more step."""
        self.step()
        return self.people.got

    def states(self) -> list[str]:
        return sorted(claim.state for claim in notifier.listed(self.config))

    def records(self) -> list[Mapping[str, Any]]:
        """Everything the stream still has, as Lambda would be given it."""
        return [record for page in self.office_stream().pages() for record in page.records]

    def office_stream(self) -> Any:
        class Nothing:
            def checkpoint(self, shard: str) -> None:
                return None

            def save_checkpoint(self, shard: str, sequence: str, now: int) -> None:
                """Forgotten."""

        client, streams = self.config.client(), self.config.client("dynamodbstreams")
        return AlertStream(client, streams, self.document["alerts_table"], Nothing())

    @contextmanager
    def process(self, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
        """A notifier as it really runs."""
        file = folder / "notifier.json"
        file.write_text(json.dumps(self.document | {"status_file": str(folder / "status.json")}))
        argv = [sys.executable, "-m", "pipeline.notifier", "--config", str(file)]
        process = subprocess.Popen(argv)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(LONG_S)

    def close(self) -> None:
        self.sink.close()
        self.office.outbox.close()
