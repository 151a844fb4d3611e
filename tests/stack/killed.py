"""A command against a running stack that is killed before its n-th step on disk (see `tests.dying`)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from fraudctl.home.stack import Stack


def is_killed(stack: Stack, step: int, command: Sequence[str]) -> bool:
    """Whether the command came to that step, and died before it."""
    argv = [sys.executable, "-m", "tests.dying", str(step), "--home", str(stack.home), *command]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode in (-9, 0), done.stderr
    return done.returncode == -9
