"""Commands of the runbook, as an operator runs them."""

from __future__ import annotations

import shlex
import subprocess
import sys

from fraudctl.home.stack import Stack
from tests.stack.cli import ask


def run(stack: Stack, command: str) -> int:
    """How a command ends that is printed without the word `fraudctl`."""
    words = shlex.split(command)
    if words[0] in ("logs", "grants"):  # lines, no document
        argv = [sys.executable, "-m", "fraudctl", *words, "--home", str(stack.home)]
        return subprocess.run(argv, capture_output=True, check=False, timeout=300).returncode
    code: int = ask(stack, *words)["exit_code"]
    return code
