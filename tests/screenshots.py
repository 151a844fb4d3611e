"""Draws the pictures of the documentation: `python -m tests.screenshots` (`make screenshots`).

Starts a stack (FRAUDCTL_TEST_HOME names one that runs already), lets payments and attacks run past, and has a
real Chromium show the console at a desk and on a phone, `top`, and the report of a backtest.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from fraudctl.engines import current
from fraudctl.home.stack import Stack
from fraudctl.settings.shipped import data_dir
from fraudctl.traffic import scenario
from fraudctl.traffic.generator import Run, stream
from fraudctl.views import lines, watcher
from fraudctl.views.watcher import Watcher
from tests import variables
from tests.chromium import Browser, browser
from tests.console_page import console
from tests.stack.conftest import fraudctl
from tests.waiting import LONG_S, await_that

FOLDER: Final = Path(__file__).parents[1] / "docs" / "images"
DESK, PHONE = (1100, 1000), (390, 844)
COLUMNS, ROWS = 96, 30
_SHOWN_LOOKS: Final = 45
"""two seconds each"""
_REPORTED: Final = "ip-burst"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fraudctl-pictures-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _stack(folder / "home") as stack, browser(folder / "chromium") as window:
            _draw(stack, window, folder)


@contextmanager
def _stack(home: Path) -> Iterator[Stack]:
    if given := variables.given("FRAUDCTL_TEST_HOME"):
        yield current(Path(given))
        return
    try:
        fraudctl(home, "up", "--any-port", "--wait", "300")
        yield current(home)
    finally:
        fraudctl(home, "purge", "--yes")


def _draw(stack: Stack, window: Browser, folder: Path) -> None:
    watching = watcher.of(stack, 600.0)
    with console(stack) as url, _payments(stack):
        watching.start()
        fraudctl(stack.home, "verify", "sinks")
        await_that(lambda: watching.newest(after=_SHOWN_LOOKS), "the charts have something to show", 600.0)
        _show(window, url, DESK)
        _keep(window, "console")
        _show(window, url, PHONE)
        _keep(window, "console-phone")
        _show(window, url, DESK)
        window.run("document.querySelector('#live td a').click()")
        await_that(lambda: window.run("return location.pathname") == "/decision", "the explanation opens")
        _keep(window, "console-decision")
        _top(stack, watching, window, folder)
    watching.stop()
    _report(stack, window, folder)


@contextmanager
def _payments(stack: Stack) -> Iterator[None]:
    """Traffic with an attack in it until the end of the block."""
    argv = [sys.executable, "-m", "fraudctl", "simulate", "--attack", "ip-burst", "--rate", "120"]
    argv += ["--duration", "20m", "--seed", "7", "--home", str(stack.home)]
    program = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        program.terminate()
        program.wait(LONG_S)


def _show(window: Browser, url: str, size: tuple[int, int]) -> None:
    window.resize(*size)
    window.open(url)
    await_that(lambda: window.run("return Boolean(document.querySelector('svg'))"), "the page is there")


def _top(stack: Stack, watching: Watcher, window: Browser, folder: Path) -> None:
    view = watching.newest()
    assert view
    drawn = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in lines.overview(stack.profile.name, view, 0, time.time(), ROWS):
        drawn.print(Text.assemble(*line, no_wrap=True, overflow="ellipsis"))
    file = folder / "top.svg"
    drawn.save_svg(str(file), title="fraudctl top")
    window.open(file.as_uri())
    _keep(window, "top")


def _report(stack: Stack, window: Browser, folder: Path) -> None:
    payments, report = folder / "payments.jsonl", folder / "report.html"
    made = Run(scenario.find(_REPORTED, data_dir("scenarios")), 7, 1_767_225_600_000, 5.0, 7_200_000)
    with payments.open("w", encoding="utf-8") as file:
        for one in stream(made):
            row = json.loads(one.value) | {"is_fraud": one.part is not None}
            file.write(json.dumps(row) + "\n")
    fraudctl(stack.home, "backtest", str(payments), "--label", "is_fraud", "--report", str(report))
    window.open(report.as_uri())
    _keep(window, "backtest")


def _keep(window: Browser, name: str) -> None:
    (FOLDER / f"{name}.png").write_bytes(base64.b64decode(window.screenshot()))


if __name__ == "__main__":
    main()
