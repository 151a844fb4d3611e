"""A stack's programs asked as Prometheus asks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.bench import asking
from fraudctl.errors import NotRunning
from fraudctl.home.stack import METRICS, Stack
from fraudctl.settings import reading
from pipeline.metrics import TickerFigures, exposition
from tests.ports import free_port
from tests.waiting import await_that


def stack(home: Path, **ports: int) -> Stack:
    addresses = {"kafka": "127.0.0.1:1", "flink": "127.0.0.1:1"}
    return Stack(home, reading.load("default", {}, {}), addresses, {METRICS: ports})


def test_every_program_is_asked_while_the_block_lasts(tmp_path: Path) -> None:
    looks, ports = [0, 0], (free_port(), free_port())

    def look(number: int) -> list[TickerFigures]:
        looks[number] += 1
        return [TickerFigures()]

    exposition.serve(ports[0], lambda: look(0))
    exposition.serve(ports[1], lambda: look(1))
    with asking.asked(stack(tmp_path, ticker=ports[0], keeper=ports[1])):
        await_that(lambda: all(looks), "both are asked")
    assert looks == [1, 1]


def test_a_program_that_does_not_answer_is_told_at_the_end_of_the_block(tmp_path: Path) -> None:
    port = free_port()
    with (
        pytest.raises(NotRunning, match=f"no figures at 127.0.0.1:{port}"),
        asking.asked(stack(tmp_path, ticker=port)),
    ):
        pass
