"""A command against a running stack that is killed before its n-th step (see `tests.dying`)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from fraudctl.home.stack import Stack
from tests import dying


def is_killed(stack: Stack, step: int, command: Sequence[str], calls: frozenset[str] = dying.ON_DISK) -> bool:
    """Whether the command came to that one of these calls, and died before it."""
    step_of = [str(step), ",".join(sorted(calls))]
    argv = [sys.executable, "-m", "tests.dying", *step_of, "--home", str(stack.home), *command]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode in (-9, 0), done.stderr
    return done.returncode == -9
