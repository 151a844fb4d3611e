"""What is answered at `/metrics`, and what who asks for it can do to a process: nothing."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

import pytest
from prometheus_client import generate_latest

from pipeline.metrics import crowd, exposition
from pipeline.metrics.kinds import Histogram, Labelled, counter, gauge, histogram
from pipeline.metrics.pulse import Pulse
from tests.waiting import await_that


@dataclass(slots=True)
class Figures:
    COMMON = ("shop",)

    shop: str
    sold: int = counter("shop_sold_total", "loaves sold")
    by_kind: Labelled = counter("shop_kinds_total", "loaves by kind", "kind")
    warmth: float | None = gauge("shop_warmth", "of the oven")
    waiting: Histogram = histogram("shop_waiting_seconds", "how long people wait")
    note: str = ""
    unseen: list[Any] = field(default_factory=list)


SHOWN = """\
# HELP shop_sold_total loaves sold
# TYPE shop_sold_total counter
shop_sold_total{shop="corner"} 3.0
# HELP shop_kinds_total loaves by kind
# TYPE shop_kinds_total counter
shop_kinds_total{kind="rye \\"dark\\"",shop="corner"} 2.0
# HELP shop_warmth of the oven
# TYPE shop_warmth gauge
# HELP shop_waiting_seconds how long people wait
# TYPE shop_waiting_seconds histogram
"""


@pytest.fixture
def figures() -> Figures:
    found = Figures("corner", sold=3)
    found.by_kind['rye "dark"',] = 2
    return found


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        number: int = held.getsockname()[1]
    return number


def ask(port: int) -> str:
    return probe(port, "/metrics")[1]


def probe(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_each_figure_is_shown_with_its_kind_and_sentence_and_what_is_unknown_without_a_value(
    figures: Figures,
) -> None:
    shown = generate_latest(exposition.registry(lambda: (figures,))).decode()
    assert shown.startswith(SHOWN)


def test_a_histogram_counts_what_is_up_to_each_bound(figures: Figures) -> None:
    figures.waiting.add(0.5)
    figures.waiting.add(0.3, times=2)
    figures.waiting.add(-4.0)
    figures.waiting.add(90.0)
    shown = generate_latest(exposition.registry(lambda: (figures,))).decode()
    lines = [line.partition(" ") for line in shown.splitlines() if line.startswith("shop_waiting_seconds")]
    found = {name.replace(',shop="corner"', "").replace('{shop="corner"}', ""): v for name, _, v in lines}
    assert found['shop_waiting_seconds_bucket{le="0.01"}'] == "1.0"
    assert found['shop_waiting_seconds_bucket{le="0.25"}'] == "1.0"
    assert found['shop_waiting_seconds_bucket{le="0.5"}'] == "4.0"
    assert found['shop_waiting_seconds_bucket{le="60.0"}'] == "4.0"
    assert found['shop_waiting_seconds_bucket{le="+Inf"}'] == "5.0"
    assert (found["shop_waiting_seconds_sum"], found["shop_waiting_seconds_count"]) == ("91.1", "5.0")


def test_it_answers_on_loopback_what_is_so_now(figures: Figures, port: int) -> None:
    exposition.serve(port, lambda: (figures,))
    assert 'shop_sold_total{shop="corner"} 3.0' in ask(port)
    figures.sold = 4
    assert 'shop_sold_total{shop="corner"} 4.0' in ask(port)
    with pytest.raises(OSError, match=r"refused|unreachable"):
        socket.create_connection((_other_address(), port), timeout=5)


def _other_address() -> str:
    """All of 127/8 is this machine, and only its first address is listened on."""
    return "127.0.0.2"


def test_who_asks_and_hangs_is_dropped_and_the_next_is_answered(
    figures: Figures, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposition, "PATIENCE_S", 0.2)
    exposition.serve(port, lambda: (figures,))
    hanging = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    hanging[0].sendall(b"GET /metr")
    began = time.monotonic()
    assert "shop_sold_total" in ask(port)
    assert time.monotonic() - began < 10
    for one in hanging:
        one.close()


def threads() -> int:
    """Those that answer, not the one that listens."""
    return sum(one.name != "metrics" for one in threading.enumerate())


def is_answered(port: int) -> bool:
    with suppress(OSError, HTTPException):
        return "shop_sold_total" in ask(port)
    return False


def test_of_any_number_that_hang_a_few_are_kept_and_who_asks_is_answered_at_once(
    figures: Figures, port: int
) -> None:
    before = threads()
    exposition.serve(port, lambda: (figures,), Pulse())
    hanging = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    for one in hanging[::2]:
        with suppress(OSError):
            one.sendall(b"GET /metr")
    await_that(lambda: is_answered(port), "an answer: who still waits to be let in may take a place", 10.0)
    assert probe(port, "/healthz") == (200, "ok\n")
    await_that(lambda: threads() - before <= crowd.MOST_AT_ONCE, "the first have gone")
    for one in hanging:
        one.close()


@pytest.mark.slow
def test_who_asks_without_pause_gets_a_tenth_of_a_processor_and_probes_are_answered_meanwhile(
    figures: Figures, port: int
) -> None:
    work_s, looks, over = 0.02, [0], threading.Event()

    def look() -> tuple[Figures]:
        looks[0] += 1
        end_s = time.thread_time() + work_s
        while time.thread_time() < end_s:
            pass
        return (figures,)

    def flood() -> None:
        while not over.is_set():
            with suppress(OSError, HTTPException):
                ask(port)

    exposition.serve(port, look, Pulse())
    floods = [threading.Thread(target=flood) for _ in range(2 * crowd.MOST_AT_ONCE)]
    began_s = time.monotonic()
    for one in floods:
        one.start()
    await_that(lambda: looks[0] > 5, "the flood is answered")
    said: list[tuple[int, str]] = []
    await_that(lambda: probed(port, said), "a probe is answered")
    over.set()
    for one in floods:
        one.join(60)
    assert said == [(200, "ok\n")]
    assert looks[0] * work_s <= 0.1 * (time.monotonic() - began_s) + 2 * work_s


def probed(port: int, said: list[tuple[int, str]]) -> bool:
    with suppress(OSError, HTTPException):
        said.append(probe(port, "/healthz"))
    return bool(said)


def test_a_look_that_fails_fails_that_answer_alone(figures: Figures, port: int) -> None:
    looks = iter([RuntimeError("no"), None])

    def look() -> tuple[Figures]:
        if (failure := next(looks)) is not None:
            raise failure
        return (figures,)

    exposition.serve(port, look)
    with pytest.raises((OSError, HTTPException)):
        ask(port)
    assert "shop_sold_total" in ask(port)


def test_a_port_that_is_taken_is_said_and_the_work_goes_on(
    figures: Figures, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held, caplog.at_level(logging.WARNING):
        port = held.getsockname()[1]
        exposition.serve(port, lambda: (figures,))
    assert caplog.messages == [
        f"metrics cannot be shown on port {port}: Address already in use; the work goes on"
    ]


def test_a_process_is_ready_when_a_turn_was_done_and_nothing_hinders_it(figures: Figures, port: int) -> None:
    pulse = Pulse()
    exposition.serve(port, lambda: (figures,), pulse)
    assert probe(port, "/healthz") == (200, "ok\n")
    assert probe(port, "/readyz") == (503, "it has just begun\n")
    pulse.beat()
    assert probe(port, "/readyz") == (200, "ok\n")
    pulse.beat("the store takes nothing: no connection")
    assert probe(port, "/readyz") == (503, "the store takes nothing: no connection\n")
    assert probe(port, "/healthz") == (200, "ok\n")


def test_a_process_whose_turn_never_ends_is_neither_ready_nor_alive(figures: Figures, port: int) -> None:
    now = [0.0]
    pulse = Pulse(patience_s=60, now_s=lambda: now[0])
    pulse.beat()
    exposition.serve(port, lambda: (figures,), pulse)
    now[0] = 60.0
    assert probe(port, "/healthz") == (200, "ok\n")
    now[0] = 61.0
    said = (503, "no turn was done for 61 s\n")
    assert (probe(port, "/healthz"), probe(port, "/readyz")) == (said, said)


def test_a_process_without_a_pulse_is_well_while_it_answers(figures: Figures, port: int) -> None:
    exposition.serve(port, lambda: (figures,))
    assert (probe(port, "/healthz"), probe(port, "/readyz")) == ((200, "ok\n"), (200, "ok\n"))


def test_probes_are_answered_while_figures_are_looked_for(figures: Figures, port: int) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def look() -> tuple[Figures]:
        asked.set()
        go_on.wait(20)
        return (figures,)

    exposition.serve(port, look, Pulse())
    shown: list[str] = []
    reader = threading.Thread(target=lambda: shown.append(ask(port)))
    reader.start()
    assert asked.wait(20)
    assert probe(port, "/healthz") == (200, "ok\n")
    go_on.set()
    reader.join(20)
    assert "shop_sold_total" in shown[0]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:9", 200),
        ("LOCALHOST", 200),
        ("127.8.9.10:1", 200),
        ("[::1]:9", 200),
        ("evil.example", 421),
        ("evil.example:19400", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.1@evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_a_strangers_name_that_leads_here_is_told_nothing(
    figures: Figures, port: int, host: str, status: int
) -> None:
    exposition.serve(port, lambda: (figures,), Pulse())
    for path in ("/metrics", "/", "/healthz"):
        found, said = probe(port, path, Host=host)
        assert ("shop" in said, found == 421) == (status == 200 and path != "/healthz", status == 421)


def test_two_names_are_none_and_without_a_name_one_is_answered(figures: Figures, port: int) -> None:
    exposition.serve(port, lambda: (figures,))
    assert raw(port, b"GET /metrics HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200")
    two = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n"
    assert raw(port, two).startswith(b"HTTP/1.0 421")


def test_among_containers_programs_are_asked_by_their_names(figures: Figures, port: int) -> None:
    exposition.serve(port, lambda: (figures,), host="127.0.0.2")
    connection = HTTPConnection("127.0.0.2", port, timeout=20)
    connection.request("GET", "/metrics", headers={"Host": "exporter:9249"})
    assert connection.getresponse().status == 200
    connection.close()


def test_answers_are_not_compressed_which_would_take_more_of_a_processor_than_a_turn_counts(
    figures: Figures, port: int
) -> None:
    exposition.serve(port, lambda: (figures,))
    answer = raw(port, b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n")
    assert b"ontent-encoding" not in answer.lower()
    assert b'shop_sold_total{shop="corner"} 3.0' in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_but_reading_is_answered(figures: Figures, port: int, method: str) -> None:
    exposition.serve(port, lambda: (figures,))
    answer = raw(port, f"{method} /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.0 501")
    assert b"shop" not in answer


def raw(port: int, question: bytes) -> bytes:
    """All that is answered to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        one.sendall(question)
        return b"".join(iter(lambda: one.recv(65_536), b""))
