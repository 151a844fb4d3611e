"""The cache is ours alone: what lies in it is run, so nobody else may have written it.

Downloaded files are known by their checksums. What was built or recorded here is not: it is made anew where
others could have written it.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from fraudctl.errors import Failed

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def close(cache: Path) -> None:
    """Make the cache, or take from others the right to write to it; what they could have changed goes.

    Raises Failed for a cache of another user.
    """
    cache.mkdir(parents=True, exist_ok=True)
    folders = [cache, *(folder for folder in cache.glob("jars/**/") if folder.is_dir()), cache / "classes"]
    if [folder for folder in folders if folder.is_dir() and _closed(folder)]:
        for built in cache.glob("*.jar"):
            built.unlink()
        shutil.rmtree(cache / "classes", ignore_errors=True)


def _closed(folder: Path) -> bool:
    """Whether others could write to it until now."""
    found = folder.stat()
    if found.st_uid not in (0, os.getuid()):
        raise Failed(
            f"{folder} belongs to another user ({found.st_uid}), and what lies there would be run",
            hint="name a cache of your own: FRAUDCTL_CACHE=FOLDER",
            code="foreign_cache",
        )
    if found.st_mode & _OTHERS:
        folder.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
        return True
    return False
