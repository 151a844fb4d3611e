"""How far something has come, told on stderr while it runs."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from fraudctl.console import options, streams

PLAIN_PROGRESS_SECONDS = 5.0


class Progress:
    """Shows how far something has come. `update` takes absolute numbers, not steps."""

    def update(self, done: float, note: str = "") -> None:
        """`done` of the total so far (any unit), with a short note."""


class _PlainProgress(Progress):
    """Without a terminal: a line at most every few seconds, none for what is quick."""

    def __init__(self, label: str, total: float | None) -> None:
        self.label, self.total = label, total
        self.last = time.monotonic()

    def update(self, done: float, note: str = "") -> None:
        now = time.monotonic()
        if now - self.last < PLAIN_PROGRESS_SECONDS:
            return
        self.last = now
        share = f" {100 * done / self.total:.0f} %" if self.total else (f" {done:g}" if done else "")
        streams.say(f"{self.label}{share}{' ' + note if note else ''}")


class _RichProgress(Progress):
    """On a terminal: a bar, or a spinner where no total is known."""

    def __init__(self, label: str, total: float | None) -> None:
        # Of all of rich the slowest to import, and only a person who waits needs it.
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        shape = BarColumn(bar_width=30) if total else SpinnerColumn()
        columns = (TextColumn("{task.description}"), shape, TextColumn("{task.fields[note]}"))
        console = streams.console(stderr=True)
        self.bars = Bars(*columns, TimeElapsedColumn(), console=console, transient=True)
        self.task = self.bars.add_task(label, total=total, note="")

    def update(self, done: float, note: str = "") -> None:
        self.bars.update(self.task, completed=done, note=note)


@contextlib.contextmanager
def progress(label: str, total: float | None = None) -> Iterator[Progress]:
    """Show progress on stderr while the block runs."""
    if not sys.stderr.isatty() or options.current().json:
        yield _PlainProgress(label, total)
        return
    bar = _RichProgress(label, total)
    with bar.bars:
        yield bar
