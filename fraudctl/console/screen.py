"""The whole terminal taken for a while: lines that replace each other, single keys, and all as it was after.

Knows no command. Whatever ends it (a key, Ctrl-C, an error, SIGTERM), the terminal is given back.
"""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
import tty
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from rich.console import Group
from rich.live import Live
from rich.segment import SegmentLines
from rich.text import Text

from fraudctl.console import streams
from fraudctl.console.tables import Table, layout

Span = tuple[str, str]
"""A text without line breaks, and its style: empty, or as "bold red"."""
Line = Sequence[Span]

_KEYS: Final = {
    **{b"\x1b[A": "up", b"\x1b[B": "down", b"\x1bOA": "up", b"\x1bOB": "down"},
    **{b"\r": "enter", b"\n": "enter", b"\x1b": "escape", b"k": "up", b"j": "down"},
}
_KEY: Final = re.compile(rb"\x1b[\[O][0-9;]*[@-~]|.", re.DOTALL)
"""What the terminal sends for one key: a sequence, or a byte."""
_PLAIN: Final = str.maketrans("▁▂▃▄▅▆▇█…", "__--==##~")
"""what is shown where the terminal's encoding has no such characters"""
_TERMINATED: Final = 128 + signal.SIGTERM


class Screen:
    """What is shown, and which keys are pressed."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._pressed: deque[bytes] = deque()

    @property
    def width(self) -> int:
        return self._live.console.width

    @property
    def height(self) -> int:
        return self._live.console.height

    def show(self, lines: Sequence[Line], tables: Sequence[Table] = (), first: int = 0) -> int:
        """Show these, the tables below the lines from that line of theirs on; what does not fit is cut.

        Returns which line of the tables is the first: none further than needed to see their end.
        """
        console = self._live.console
        laid_out = Group(*(part for table in tables for part in layout(table, self.width)))
        below = (
            console.render_lines(laid_out, console.options.update(height=None), pad=False) if tables else []
        )
        room = max(1, self.height - len(lines))
        first = max(0, min(first, len(below) - room))
        shown = SegmentLines(below[first : first + room], new_lines=True)
        is_plain = console.options.ascii_only
        self._live.update(Group(*(_text(line, is_plain) for line in lines), shown), refresh=True)
        return first

    def key(self, patience_s: float) -> str | None:
        """The next key: a character, up, down, enter, escape; None where none is pressed in time."""
        if not self._pressed:
            if not select.select([sys.stdin], [], [], patience_s)[0]:
                return None
            # Nothing to read means that the terminal is gone.
            self._pressed.extend(_KEY.findall(os.read(sys.stdin.fileno(), 1_024) or b"q"))
        pressed = self._pressed.popleft()
        return _KEYS.get(pressed) or pressed[:1].decode("latin-1")


def is_there() -> bool:
    """Whether a terminal is on both ends: only then can a screen be had."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not streams.console().is_dumb_terminal


@contextmanager
def taken() -> Iterator[Screen]:
    """The terminal's other screen, without cursor and without echo, while the block runs."""
    with ExitStack() as back:
        _on_signals(back)
        kept = termios.tcgetattr(sys.stdin)
        back.callback(termios.tcsetattr, sys.stdin, termios.TCSADRAIN, kept)
        tty.setcbreak(sys.stdin)
        live = Live(
            console=streams.console(),
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        yield Screen(back.enter_context(live))


def _on_signals(back: ExitStack) -> None:
    """SIGTERM ends the block first; Ctrl-Z, which would leave the shell on our screen, does nothing."""
    for number, handler in ((signal.SIGTERM, _terminated), (signal.SIGTSTP, signal.SIG_IGN)):
        back.callback(signal.signal, number, signal.signal(number, handler))


def _terminated(*_: object) -> None:
    raise SystemExit(_TERMINATED)


def _text(line: Line, is_plain: bool) -> Text:
    if is_plain:
        line = [(text.translate(_PLAIN), style) for text, style in line]
    return Text.assemble(*line, no_wrap=True, overflow="crop" if is_plain else "ellipsis")
