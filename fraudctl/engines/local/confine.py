"""Runs a program that opens the files it is told of and no others: `python -I -S confine.py WHAT PROGRAM…`.

By Landlock, which every user may ask the kernel for. It holds for the program and all that it starts, and
nobody takes it back. The program also looks into no process outside, nor sends one a signal (Linux 6.12 on).
Where the kernel has no Landlock it says so on its standard error, and runs the program as it is.

Knows the standard library alone.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION: Final = 1
_NO_NEW_PRIVILEGES: Final = 38
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE: Final = 1 << 14
_OF_FILES: Final = _EXECUTE | _WRITE | _READ | _TRUNCATE
_BY_VERSION: Final = (0, (1 << 13) - 1, (1 << 14) - 1, (1 << 15) - 1)
"""what each version of Landlock can refuse of files: first 13 kinds, then moving came, and cutting"""
_WITH_NETWORK, _WITH_SCOPES = 4, 6
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Allowed:
    """Files and folders, with all in them: to be read and run, and to be changed as well. What is not there
    is passed over.
    """

    read: Sequence[str]
    changed: Sequence[str]


def main(arguments: Sequence[str]) -> None:
    allowed = Allowed(**json.loads(arguments[0]))
    if version() > 0:
        _confine(allowed)
    else:
        sys.stderr.write("this kernel has no Landlock: plug-ins may open what this user may\n")
    os.execv(arguments[1], list(arguments[1:]))


def version() -> int:
    """The kernel's version of Landlock, 0 where it has none."""
    return max(0, int(_libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


def _confine(allowed: Allowed) -> None:
    known = version()
    refused = _BY_VERSION[min(known, len(_BY_VERSION) - 1)]
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if known >= _WITH_SCOPES else 0
    size = 24 if known >= _WITH_SCOPES else 16 if known >= _WITH_NETWORK else 8
    told = struct.pack("=QQQ", refused, 0, scopes)[:size]
    ruleset = _checked(_libc.syscall(_CREATE, told, ctypes.c_size_t(size), ctypes.c_uint32(0)))
    for place in allowed.read:
        _allow(ruleset, place, _EXECUTE | _READ | _LIST)
    for place in allowed.changed:
        _allow(ruleset, place, refused)
    _checked(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(_libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)))
    os.close(ruleset)


def _allow(ruleset: int, place: str, rights: int) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        number = os.open(place, os.O_PATH | os.O_CLOEXEC)
        told = struct.pack("=Qi", rights if Path(place).is_dir() else rights & _OF_FILES, number)
        _checked(_libc.syscall(_ADD, ruleset, 1, told, ctypes.c_uint32(0)))
        os.close(number)


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer


if __name__ == "__main__":
    main(sys.argv[1:])
