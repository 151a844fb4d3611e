"""`fraudctl top` in a terminal of its own that nobody looks at."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

from fraudctl.errors import Failed

_LINES, _COLUMNS = 40, 100
_FIRST_S: Final = 60.0


@contextmanager
def top(home: Path) -> Iterator[psutil.Process]:
    """Its process, once it has drawn something; ended with the block."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    argv = [sys.executable, "-m", "fraudctl", "top", "--home", str(home)]
    environ = {**os.environ, "TERM": "xterm"}
    program = subprocess.Popen(
        argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
    )
    os.close(theirs)
    drawn = threading.Event()
    reader = threading.Thread(target=_read, args=(ours, drawn), daemon=True)
    reader.start()
    try:
        if not drawn.wait(_FIRST_S):
            raise Failed(f"fraudctl top has shown nothing within {_FIRST_S:g} s", hint="see: fraudctl status")
        yield psutil.Process(program.pid)
    finally:
        program.terminate()
        program.wait()
        reader.join()
        os.close(ours)


def _read(ours: int, drawn: threading.Event) -> None:
    """Until the program has ended: a terminal that nobody reads holds it up."""
    with suppress(OSError):
        while os.read(ours, 65_536):
            drawn.set()
