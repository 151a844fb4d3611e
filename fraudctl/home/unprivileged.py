"""Who runs what root starts: a user of the home's own, of which the machine has no account.

Nothing else runs as that user, so that no other service can look into what is its. Linux keeps a range of
numbers for such users, which systemd calls dynamic.
"""

from __future__ import annotations

import hashlib
import os
import pwd
from pathlib import Path
from typing import Final

RANGE: Final = range(61_184, 65_520)


def user_of(home: Path) -> int | None:
    """The number of the user, and of its group; None for who is not root, whose programs are its own."""
    if os.geteuid() != 0:
        return None
    first = int.from_bytes(hashlib.sha256(os.fsencode(home)).digest()[:8], "big")
    return next(one for one in _from(first) if not _has_account(one))


def give(root: Path, user: int) -> None:
    """Make a folder and all in it that user's, without following a link."""
    for path in (root, *(Path(folder, name) for folder, a, b in os.walk(root) for name in (*a, *b))):
        os.chown(path, user, user, follow_symlinks=False)


def _from(first: int) -> list[int]:
    at = first % len(RANGE)
    return [*RANGE[at:], *RANGE[:at]]


def _has_account(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True
