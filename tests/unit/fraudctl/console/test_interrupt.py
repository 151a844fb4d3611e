"""Ctrl-C in the middle of an import, of a destructor, of anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

KILL = "os.kill(os.getpid(), signal.SIGINT)"
CATCHES_ALL = f"import os, signal\ntry:\n    {KILL}\nexcept BaseException:\n    pass\n"
DESTRUCTOR = f"""
class Deaf:
    def __del__(self):
        {KILL}
Deaf()
"""
PROGRAM = """
import os, signal, sys, threading
from fraudctl.console import interrupt
sys.path.insert(0, {folder!r})
interrupt.install()
try:
{comes}
    threading.Event().wait(20)
except KeyboardInterrupt:
    print("heard")
"""


BLOCK = """
import os, signal, threading
from fraudctl.console import interrupt
signal.signal(signal.SIGHUP, signal.{before})
try:
    with interrupt.by_any_end():
        os.kill(os.getpid(), signal.{signal})
        {then}
except KeyboardInterrupt:
    print("heard")
print(signal.getsignal(signal.SIGHUP) is signal.{before}, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""


@pytest.mark.parametrize(
    ("before", "signal", "then", "said"),
    [
        ("SIG_DFL", "SIGTERM", "threading.Event().wait(20)", "heard\n"),
        ("SIG_DFL", "SIGHUP", "threading.Event().wait(20)", "heard\n"),
        ("SIG_IGN", "SIGHUP", "pass", ""),
    ],
)
def test_what_ends_a_block_ends_it_as_ctrl_c_does_unless_it_is_ignored(
    before: str, signal: str, then: str, said: str
) -> None:
    program = BLOCK.format(before=before, signal=signal, then=then)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.returncode) == (f"{said}True True\n", 0), done.stderr


@pytest.mark.parametrize("comes", ["import catches_all", DESTRUCTOR, KILL])
def test_a_ctrl_c_is_heard_wherever_it_comes(tmp_path: Path, comes: str) -> None:
    (tmp_path / "catches_all.py").write_text(CATCHES_ALL)
    indented = "\n".join(f"    {line}" for line in comes.splitlines())
    program = PROGRAM.format(folder=str(tmp_path), comes=indented)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.returncode) == ("heard\n", 0), done.stderr
