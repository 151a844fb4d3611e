"""Whether a lock on a file of the home can be had now, for those who do not wait for it."""

from __future__ import annotations

import fcntl
from typing import IO


def locked(guard: IO[str] | IO[bytes]) -> bool:
    """Take the lock on an open file, which goes with it; False where another program holds it."""
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
