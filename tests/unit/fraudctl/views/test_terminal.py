"""The live view in a real terminal: what it shows, what keys do, and that the terminal is given back."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import pytest

from tests.waiting import LONG_S

SHOW = """
import sys
from pathlib import Path
from fraudctl import cli
from fraudctl.home.stack import Stack
from fraudctl.settings import reading
from fraudctl.views import terminal, watcher
from fraudctl.views.looker import Figures
from pipeline.metrics.asking import Reading
from pipeline.records.flagged import Flagged

number = 0
def look():
    global number
    number += 500
    records = "fraudctl_topic_records_total"
    return Figures([
        Reading(records, (("partition", "0"), ("role", "transactions")), number),
        Reading("fraudctl_consumer_lag_records", (("consumer", "sink-redis"), ("partition", "0")), 42),
    ])

hostile = Flagged(
    "2026-01-31T23:59:59.123Z", "", "evil\\x1b]0;owned\\x07", "e\\u202e1", "5", None, None, 90, "block",
    ({"rule": "r", "points": 90, "text": "why\\x1b[2J"},),
)
stack = Stack(Path("/nowhere"), reading.load("default", {}, {}), {})
from fraudctl.console import interrupt, streams
interrupt.install()
streams.prepare()
try:
    terminal.run(stack, watcher.Watcher(look, lambda: [hostile], 60.0, 0.2))
except KeyboardInterrupt:
    print("interrupted")
    sys.exit(130)
print("left")
"""


SCROLL = """
from fraudctl.console import screen
from fraudctl.console.tables import Table
first = 0
with screen.taken() as shown:
    while True:
        rows = [(f"row {number}",) for number in range(100)]
        first = shown.show([[("head", "bold")]], [Table("", ("what",), rows)], first)
        first += {"down": 1, "up": -1, "e": 1_000}.get(shown.key(60.0), 0)
"""
IS_THERE = """
from fraudctl.console import screen
print("there" if screen.is_there() else "not there")
"""


PREPARED = """
import json, os, sys, traceback
from fraudctl import cli
from fraudctl.views import looker, terminal, watcher

def run(script):
    try:
        exec(script, {"__name__": "__main__"})
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

for line in sys.stdin:
    script, place, term, encoding = json.loads(line)
    if not (child := os.fork()):
        os.setsid()
        there = os.open(place, os.O_RDWR | os.O_NOCTTY)
        for number in range(3):
            os.dup2(there, number)
        os.environ["TERM"] = term
        sys.stdin = open(0, encoding=encoding, closefd=False)
        sys.stdout, sys.stderr = (open(one, "w", 1, encoding=encoding, closefd=False) for one in (1, 2))
        code = run(script)
        sys.stdout.flush()
        os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs one program after the other, each in a process of its own that has imported already what it needs."""


class Prepared:
    """That process, which is asked line by line."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PREPARED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, *words: str) -> int:
        """The number of the process in which it runs."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def prepared() -> Iterator[Prepared]:
    with closing(Prepared()) as process:
        yield process


class Terminal:
    """A program in a terminal of 80 columns."""

    def __init__(self, prepared: Prepared, script: str, term: str, encoding: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self._prepared = prepared
        self._code: int | None = None
        self._number = prepared.tell(script, os.ttyname(theirs), term, encoding)
        self.seen = ""

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        os.kill(self._number, how)

    def wait(self) -> int:
        """For its end; the code that it ended with."""
        if self._code is None:
            self._code = self._prepared.answer()
        return self._code

    def await_text(self, text: str) -> None:
        deadline_s = time.monotonic() + LONG_S
        while text not in self.seen:
            assert time.monotonic() < deadline_s, f"{text!r} was not shown: {self.seen[-3000:]!r}"
            if select.select([self.ours], [], [], 0.2)[0]:
                self.seen += os.read(self.ours, 65_536).decode("utf-8", "replace")

    def press(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def is_as_before(self) -> bool:
        return termios.tcgetattr(self._theirs) == self.before

    def close(self) -> None:
        if self._code is None:
            self.kill()
        self.wait()
        os.close(self.ours)
        os.close(self._theirs)


Shown = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def shown(prepared: Prepared) -> Shown:
    @contextmanager
    def show(
        script: str = SHOW, text: str = "sink-redis 42", term: str = "xterm", encoding: str = "utf-8"
    ) -> Iterator[Terminal]:
        with closing(Terminal(prepared, script, term, encoding)) as terminal:
            terminal.await_text(text)
            yield terminal

    return show


def test_q_leaves_and_the_terminal_is_as_it_was(shown: Shown) -> None:
    with shown() as terminal:
        assert not terminal.is_as_before()
        terminal.press(b"q")
        terminal.await_text("left")
        assert terminal.wait() == 0
        assert terminal.is_as_before()
        assert terminal.seen.index("\x1b[?1049h") < terminal.seen.index("\x1b[?1049l")
        assert terminal.seen.rindex("\x1b[?25h") > terminal.seen.rindex("\x1b[?25l")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_gives_the_terminal_back(shown: Shown, number: signal.Signals, code: int) -> None:
    with shown() as terminal:
        terminal.kill(number)
        terminal.await_text("\x1b[?1049l")
        assert terminal.wait() == code
        assert terminal.is_as_before()


def test_what_strangers_sent_is_spelt_out_and_never_sent_to_the_terminal(shown: Shown) -> None:
    with shown() as terminal:
        terminal.await_text(r"why\x1b[2J")
        terminal.await_text(r"e\u202e1")
        assert "\x1b]0;" not in terminal.seen
        assert "\u202e" not in terminal.seen


def test_enter_opens_the_chosen_alert_and_any_key_goes_back(shown: Shown) -> None:
    with shown() as terminal:
        terminal.press(b"\x1b[B")
        terminal.await_text("> \x1b[0m23:59:59")
        terminal.press(b"\r")
        terminal.await_text("this stack runs without postgres")
        terminal.seen = ""
        terminal.press(b"x")
        terminal.await_text("sink-redis 42")


def test_keys_that_come_together_all_count(shown: Shown) -> None:
    with shown() as terminal:
        terminal.press(b"\x1b[B\r")
        terminal.await_text("this stack runs without postgres")
        terminal.press(b"xq")
        assert terminal.wait() == 0


def test_tables_that_are_longer_than_the_screen_are_scrolled_below_their_lines(shown: Shown) -> None:
    with shown(SCROLL, "row 15") as terminal:
        assert "row 30" not in terminal.seen
        terminal.seen = ""
        terminal.press(b"\x1b[B" * 15)
        terminal.await_text("row 34")
        terminal.seen = ""
        terminal.press(b"e")
        terminal.await_text("row 99")
        assert "head" in terminal.seen
        terminal.seen = ""
        terminal.press(b"\x1b[A")
        terminal.await_text("row 77")


@pytest.mark.parametrize(
    ("term", "said"), [("xterm-256color", "there"), ("dumb", "not there"), ("unknown", "not there")]
)
def test_a_terminal_that_cannot_be_steered_is_none(shown: Shown, term: str, said: str) -> None:
    with shown(IS_THERE, said, term) as terminal:
        assert terminal.wait() == 0


def test_a_terminal_that_has_no_blocks_is_shown_others_and_strangers_letters_are_spelt_out(
    shown: Shown,
) -> None:
    script = SHOW.replace('"why', '"why ł 😀')
    with shown(script, encoding="latin-1") as terminal:
        terminal.await_text("##")
        terminal.await_text(r"why \u0142 \U0001f600")
        terminal.press(b"q")
        terminal.await_text("left")
        assert terminal.wait() == 0
