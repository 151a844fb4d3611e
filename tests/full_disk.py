"""A disk without room, for one process: the kernel refuses every byte of every file it writes.

The limit on the size of a process's files (RLIMIT_FSIZE) meets the same `write` as a full disk or a quota and
needs no root. Python ignores the signal that goes with it, so what is left is the error.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_disk() -> Iterator[None]:
    """As long as this lasts no file takes a byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
