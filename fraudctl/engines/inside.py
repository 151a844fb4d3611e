"""A command run in a container by another program (`docker exec`, `kubectl exec`), bounded at both ends."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Sequence

from fraudctl.engines.contract import Ended
from fraudctl.errors import Failed

SLOW = "the machine or the server may be busy: see fraudctl status, then try again"


def run(through: Sequence[str], argv: Sequence[str], wait_s: float) -> Ended:
    """How `through … argv` ended. Raises Failed after `wait_s`; in the container it is ended a second later.

    The two streams are carried apart, and so in any order: they become one over there.
    """
    bounded = ["sh", "-c", 'exec "$@" 2>&1', "sh", "timeout", "-s", "KILL", str(math.ceil(wait_s) + 1), *argv]
    try:
        done = subprocess.run(
            [*through, *bounded],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=wait_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{argv[0]} has not ended after {wait_s:g} s", hint=SLOW) from error
    return Ended(done.returncode, done.stdout)
