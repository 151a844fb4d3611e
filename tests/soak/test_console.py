"""How soon the console shows something when the store holds a hundred thousand alerts."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.bench.load import Workload
from fraudctl.decisions import alerts
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.kafka.sender import Sender
from tests.chromium import Browser, browser
from tests.console_page import console
from tests.soak.conftest import Figures
from tests.stack.flow import await_sinks, await_that, workload
from tests.waiting import LONG_S

ALERTS = 100_000
DENIED = b'"ip":"192.0.2.66"'
"""An address that the default rules block."""
PAINTED = "return performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)[0]"
WHOLE = "return document.querySelectorAll('#live tbody tr').length"


@pytest.fixture(scope="module")
def flagged(stack: Stack) -> int:
    """That many payments from a denied address, each decided and stored."""
    before = decided(stack)
    sender = Sender(stack.kafka)
    for key, value in from_there(workload(5_000.0)):
        sender.send(stack.profile.topics.transactions, value, key)
    assert (sender.flush(), sender.failed) == (0, 0)
    await_that(lambda: decided(stack) - before >= ALERTS, 1_200.0, lambda: f"{decided(stack)} are decided")
    await_sinks(stack, 1_200.0)
    newest = alerts.latest(stack.sink_address("postgres"), 0, ALERTS, way=stack.way("postgres"))
    return len(newest)


def from_there(load: Workload) -> Iterator[tuple[bytes, bytes]]:
    for key, value in load.events(ALERTS):
        head, _, tail = value.partition(b'"ip":"')
        yield key, head + DENIED + tail[tail.index(b'"') + 1 :]


def decided(stack: Stack) -> int:
    return sum(admin.end_offsets(stack.kafka, stack.profile.topics.decisions).values())


def test_the_first_paint_takes_less_than_a_second(
    stack: Stack, flagged: int, figures: Figures, tmp_path: Path
) -> None:
    assert flagged == ALERTS
    with console(stack) as url, browser(tmp_path) as window:
        window.open(url)
        await_that(lambda: window.run(WHOLE) == 20, LONG_S, lambda: "the newest alerts are not shown")
        seen = [painted(window, url.partition("?")[0]) for _ in range(9)]
    middle, worst = round(statistics.median(seen)), round(max(seen))
    text = f"{middle} in the median of {len(seen)}, {worst} at worst"
    figures.note(f"console beside {flagged:,} alerts: first paint, ms", text, "1000", worst < 1_000)
    assert middle < 1_000


def painted(window: Browser, address: str) -> float:
    """Milliseconds from asking for the page to its first paint, the newest alerts in it."""
    window.open(address)
    await_that(lambda: window.run(PAINTED) is not None, LONG_S, lambda: "nothing is painted")
    assert window.run(WHOLE) == 20
    found: float = window.run(PAINTED)
    return found
