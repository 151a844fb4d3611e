"""Undoes what a chaos command has broken when that command dies before it could do so itself.

`watching` starts it as a process of its own session, so that neither Ctrl-C nor the end of the terminal
reaches it; it waits for the end of its standard input, which comes when the command ends in whatever way.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fraudctl.chaos import ledger, means
from fraudctl.chaos.ledger import Entry
from fraudctl.home.stack import Stack, read

_LONGEST_S = 150.0


@contextmanager
def watching(stack: Stack) -> Iterator[None]:
    """While the block runs, somebody is there to undo what it leaves behind."""
    argv = [sys.executable, "-m", "fraudctl.chaos.guardian", str(stack.home)]
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        if child.stdin is not None:
            child.stdin.close()
        child.wait(_LONGEST_S)


def undo(stack: Stack, entry: Entry) -> None:
    """Undo one fault of the ledger."""
    way = means.breaking(entry.means)
    if way is not None:
        way.lift(stack, entry.memo)


def main() -> None:
    home = Path(sys.argv[1])
    sys.stdin.buffer.read()
    stack = read(home)
    if stack is not None:
        ledger.undo_all(stack, undo)


if __name__ == "__main__":
    main()
