"""Who runs what root starts: a user of the home's own, of which the machine has no account.

Nothing else runs as that user, so that no other service can look into what is its.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from pathlib import Path

from fraudctl.home.private_files import inside
from pipeline.disk.files import HOME_USERS


def user_of(home: Path) -> int | None:
    """The number of the user, and of its group; None for who is not root, whose programs are its own."""
    if os.geteuid() != 0:
        return None
    first = int.from_bytes(hashlib.sha256(os.fsencode(home)).digest()[:8], "big")
    return next(one for one in _from(first) if not _has_account(one))


def give(root: Path, user: int) -> None:
    """Make a folder and all in it that user's, without following a link.

    A file that has another name as well stays whose it is: that one may lie anywhere.
    """
    for _, number in inside(root):
        found = os.fstat(number)
        if found.st_uid != user and (stat.S_ISDIR(found.st_mode) or found.st_nlink == 1):
            os.chown(f"/proc/self/fd/{number}", user, user)


def take_back(root: Path) -> None:
    """Make a home root's again that was such a user's; who is not root has nothing to take.

    In a container root has no right to look into what is another's.
    """
    if os.geteuid() == 0 and root.stat().st_uid in HOME_USERS:
        give(root, 0)


def _from(first: int) -> list[int]:
    at = first % len(HOME_USERS)
    return [*HOME_USERS[at:], *HOME_USERS[:at]]


def _has_account(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True
