"""Who comes to the page and says nothing keeps nobody out of it."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import httpx
import pytest

from fraudctl.views.web import patience, serving
from tests.unit.fraudctl.views.web.page_double import Strange, served
from tests.waiting import LONG_S, await_that

HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1"


def test_any_number_who_say_nothing_or_half_a_question_keep_nobody_out(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with ExitStack() as held, served(Strange()) as page:
        for number in range(3 * serving.MOST_AT_ONCE):
            one = held.enter_context(socket.create_connection(("127.0.0.1", page.port), LONG_S))
            if number % 2:
                one.sendall(HEAD)
        with httpx.Client(trust_env=False, timeout=LONG_S) as client:
            assert client.get(page.url).status_code == 303
            assert client.get(page.url.partition("?")[0]).status_code == 200
    assert capfd.readouterr() == ("", "")


def test_a_question_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.3)
    with served(Strange()) as page, socket.create_connection(("127.0.0.1", page.port), LONG_S) as one:
        one.settimeout(0.05)
        one.sendall(HEAD)
        await_that(lambda: is_ended(one), "the connection is ended, however often something is said")


def is_ended(one: socket.socket) -> bool:
    """Whether nobody hears any more; says a little more of the same question."""
    try:
        one.sendall(b"0")
        return one.recv(100) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_whatever_is_said_nothing_of_it_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    questions = (
        b"\x16\x03\x01\x02\x00",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200_000 + b"\r\n",
    )
    with served(Strange()) as page:
        for question in questions:
            with socket.create_connection(("127.0.0.1", page.port), LONG_S) as one:
                assert answered(one, question) in (b"400", b"421", b"")
    assert capfd.readouterr() == ("", "")


def answered(one: socket.socket, question: bytes) -> bytes:
    """The status, empty where the connection is ended without."""
    try:
        one.sendall(question)
        one.shutdown(socket.SHUT_WR)
        return one.recv(100)[9:12]
    except OSError:
        return b""
