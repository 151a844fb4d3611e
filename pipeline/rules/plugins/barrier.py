"""What no plug-in does even if it got past every check of its text: files, other programs, the network.

While a plug-in runs, Python's own audit events (PEP 578) of its thread are looked at, and what would act on
the machine fails. It is a second line: whoever writes into the interpreter's memory passes it, and a local
stack's worker has limits of the kernel besides. Reading a module of Python's own, as codecs do, is let pass.
What a process is told by its environment is the same for all of them: local times are those of UTC.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

_ACTS: Final = (
    *("os.", "subprocess.", "pty.", "shutil.", "tempfile.", "glob.", "signal.", "fcntl.", "mmap."),
    "resource.",
    *("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "imaplib.", "poplib.", "nntplib.", "telnetlib."),
    *("ctypes.", "code.__new__", "pickle.", "sqlite3.", "syslog.", "webbrowser.", "gc.", "sys.set"),
    "sys.add",
)
_LISTS: Final = ("os.listdir", "os.scandir")
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Here(threading.local):
    """Whether a plug-in runs in this thread."""

    is_up = False


here: Final = _Here()


@contextmanager
def lowered() -> Iterator[None]:
    """For what is done on a plug-in's behalf, such as importing a module that it is given a view of."""
    was, here.is_up = here.is_up, False
    try:
        yield
    finally:
        here.is_up = was


@cache
def build() -> None:
    """Look at events from now on, in a process without a zone of its own; once, for good."""
    if time.tzname != ("UTC", "UTC"):
        os.environ["TZ"] = "UTC"
        time.tzset()
    sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)
    _folders()  # asked for here, since it opens files
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if not here.is_up:
        return
    if event == "open":
        if not _is_pythons_own(*arguments):
            raise PermissionError("a plug-in opens no files")
    elif event.startswith(_ACTS) and event not in _LISTS:
        raise PermissionError(f"{event} is not for plug-ins")


def _is_pythons_own(path: object, mode: object, flags: object) -> bool:
    """Whether a file is read that belongs to Python or an installed package."""
    if not isinstance(path, str | bytes) or (isinstance(flags, int) and flags & _WRITES):
        return False
    if isinstance(mode, str) and set(mode) & set("wax+"):
        return False
    return os.path.realpath(os.fsdecode(path)).startswith(_folders())


@cache
def _folders() -> tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple(os.path.realpath(sysconfig.get_path(name)) + os.sep for name in names)
