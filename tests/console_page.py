"""`fraudctl console` of a running stack, as a user starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fraudctl.home.stack import Stack
from tests.waiting import LONG_S

INTERRUPTED = 130


@contextmanager
def console(stack: Stack) -> Iterator[str]:
    """The address that it prints. It ends on Ctrl-C."""
    argv = [sys.executable, "-m", "fraudctl", "console", "--json", "--home", str(stack.home)]
    program = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert program.stdout
    try:
        yield json.loads(program.stdout.readline())["url"]
        program.send_signal(signal.SIGINT)
        said = program.communicate(timeout=LONG_S)[1]
        assert program.returncode == INTERRUPTED, said
    finally:
        program.kill()
        program.wait()
