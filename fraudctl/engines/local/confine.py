"""Runs a program that opens the files and ports it is told of and no others: `confine.py WHAT PROGRAM…`.

By Landlock and seccomp, which every user may ask the kernel for. They hold for the program and all that it
starts, and nobody takes them back. The program also looks into no process outside nor sends one a signal
(Linux 6.12 on), connects to certain ports alone (6.7 on), and makes no connection but by TCP: none to a
socket that is a file, behind which a service would act for it. What the kernel lacks of this is said on
standard error, and the program runs without.

Knows the standard library alone: it is started with `python -I -S`.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION: Final = 1
_BELOW_PATH, _PORT = 1, 2
_NO_NEW_PRIVILEGES: Final = 38
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _CONTROL = 1 << 14, 1 << 15
_OF_FILES: Final = _EXECUTE | _WRITE | _READ | _TRUNCATE | _CONTROL
_BY_VERSION: Final = (0, *((1 << kinds) - 1 for kinds in (13, 14, 15, 15, 16)))
"""what each version of Landlock can refuse of files: 13 kinds, then moving, cutting, and ioctl of devices"""
WITH_NETWORK: Final = 4
WITH_SCOPES: Final = 6
_LISTEN, _CONNECT = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Allowed:
    """Files and folders, with all in them: to be read and run, to be changed as well, or folders of which the
    names in them may be seen. What is not there is passed over.

    `connects` and `listens` are TCP ports, of whatever address; None is every port, and 0 to listen is one
    that the kernel picks. `asks_names` lets it send datagrams, as who asks for addresses does.
    """

    read: Sequence[str]
    changed: Sequence[str]
    connects: Sequence[int] | None = None
    listens: Sequence[int] | None = None
    asks_names: bool = False
    listed: Sequence[str] = ()


def main(arguments: Sequence[str]) -> None:
    allowed = Allowed(**json.loads(arguments[0]))
    _checked(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    if version() > 0:
        _confine(allowed)
    else:
        _say("this kernel has no Landlock: plug-ins may open what this user may")
    try:
        _filter_calls(allowed.asks_names)
    except OSError as error:
        _say(f"no filter of system calls: {error.strerror}")
    os.execv(arguments[1], list(arguments[1:]))


def version() -> int:
    """The kernel's version of Landlock, 0 where it has none."""
    return max(0, int(_libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def _confine(allowed: Allowed) -> None:
    known = version()
    files, ports = _BY_VERSION[min(known, len(_BY_VERSION) - 1)], _ports(allowed, known)
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if known >= WITH_SCOPES else 0
    size = 24 if known >= WITH_SCOPES else 16 if known >= WITH_NETWORK else 8
    told = struct.pack("=QQQ", files, ports, scopes)[:size]
    ruleset = _checked(_libc.syscall(_CREATE, told, ctypes.c_size_t(size), ctypes.c_uint32(0)))
    for place in allowed.read:
        _allow(ruleset, place, _EXECUTE | _READ | _LIST)
    for place in allowed.changed:
        _allow(ruleset, place, files)
    for place in allowed.listed:
        _allow(ruleset, place, _LIST)
    for right, numbers in ((_CONNECT, allowed.connects), (_LISTEN, allowed.listens)):
        for number in (numbers or ()) if ports & right else ():
            _add(ruleset, _PORT, struct.pack("=QQ", right, number))
    _checked(_libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)))
    os.close(ruleset)


def _ports(allowed: Allowed, known: int) -> int:
    """What is refused of ports but for those that are allowed."""
    if known < WITH_NETWORK:
        return 0
    return (_CONNECT if allowed.connects is not None else 0) | (_LISTEN if allowed.listens is not None else 0)


def _allow(ruleset: int, place: str, rights: int) -> None:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        number = os.open(place, os.O_PATH | os.O_CLOEXEC)
        held = rights if Path(place).is_dir() else rights & _OF_FILES
        _add(ruleset, _BELOW_PATH, struct.pack("=Qi", held, number))
        os.close(number)


def _add(ruleset: int, kind: int, told: bytes) -> None:
    _checked(_libc.syscall(_ADD, ruleset, kind, told, ctypes.c_uint32(0)))


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer


# What follows is a program of the kernel's small machine (classic BPF), which looks at each system call.


@dataclass(frozen=True)
class _Machine:
    """A kind of processor: as the kernel calls it, and its numbers of system calls."""

    audit: int
    socket: int
    sends: Sequence[tuple[int, int]]
    """calls that send, each with the place of its flags among its arguments"""
    refused: Sequence[int]
    """io_uring_setup, bpf, perf_event_open, add_key, request_key, keyctl, shmget, shmat: ways around the
    rest, to keys of the user, and to memory of other programs"""
    foreign: int | None = None
    """from which number on calls are those of another kind"""


_MACHINES: Final = {
    "x86_64": _Machine(
        0xC000003E, 41, ((44, 3), (46, 2), (307, 3)), (425, 321, 298, 248, 249, 250, 29, 30), 0x40000000
    ),
    "aarch64": _Machine(
        0xC00000B7, 198, ((206, 3), (211, 2), (269, 3)), (425, 280, 241, 217, 218, 219, 194, 196)
    ),
}
_SET_FILTER, _BY_FILTER = 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_FROM, _JUMP_BITS, _KEEP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_FINE, _REFUSED = 0x7FFF0000, 0x00050000
_EPERM, _NO_SUCH_PROTOCOL, _NO_SUCH_FAMILY = 1, 93, 97
_NUMBER, _KIND, _FIRST_ARGUMENT = 0, 4, 16
_IPV4, _IPV6, _STREAM, _DATAGRAM, _TCP, _TYPES = 2, 10, 1, 2, 6, 0xF
_WITH_FIRST_BYTES: Final = 0x20000000
"""a flag of what sends: connect as well, which Landlock does not see"""


def _filter_calls(asks_names: bool) -> None:
    machine = _MACHINES.get(platform.machine())
    if machine is None or sys.byteorder != "little":
        raise OSError(0, f"not made for {platform.machine()}")
    told = b"".join(_filter(machine, asks_names))
    held = ctypes.create_string_buffer(told, len(told))
    program = struct.pack("HP", len(told) // 8, ctypes.addressof(held))
    _checked(_libc.prctl(_SET_FILTER, _BY_FILTER, program, 0, 0))


def _filter(machine: _Machine, asks_names: bool) -> list[bytes]:
    found = [_step(_LOAD, _KIND), *_unless(_JUMP_EQUAL, [machine.audit], _EPERM), _step(_LOAD, _NUMBER)]
    if machine.foreign is not None:
        found += _when(_JUMP_FROM, machine.foreign, [_refuse(_EPERM)])
    for number in machine.refused:
        found += _when(_JUMP_EQUAL, number, [_refuse(_EPERM)])
    for number, flags in machine.sends:
        early = _when(_JUMP_BITS, _WITH_FIRST_BYTES, [_refuse(_EPERM)])
        found += _when(_JUMP_EQUAL, number, [_argument(flags), *early, _step(_RETURN, _FINE)])
    return [*found, *_when(_JUMP_EQUAL, machine.socket, _of_socket(asks_names)), _step(_RETURN, _FINE)]


def _of_socket(asks_names: bool) -> list[bytes]:
    """A family, a type and a protocol: TCP, and datagrams where they are wanted."""
    datagrams = _when(_JUMP_EQUAL, _DATAGRAM, [_step(_RETURN, _FINE)]) if asks_names else []
    return [
        _argument(0),
        *_unless(_JUMP_EQUAL, [_IPV4, _IPV6], _NO_SUCH_FAMILY),
        _argument(1),
        _step(_KEEP_BITS, _TYPES),
        *datagrams,
        *_unless(_JUMP_EQUAL, [_STREAM], _NO_SUCH_FAMILY),
        _argument(2),
        *_unless(_JUMP_EQUAL, [0, _TCP], _NO_SUCH_PROTOCOL),
    ]


def _when(jump: int, value: int, steps: Sequence[bytes]) -> list[bytes]:
    """Steps that are passed over where it is not so."""
    return [_step(jump, value, 0, len(steps)), *steps]


def _unless(jump: int, values: Sequence[int], error: int) -> list[bytes]:
    """A refusal that is passed over where one of these is so."""
    found = [_step(jump, value, len(values) - place, 0) for place, value in enumerate(values)]
    return [*found, _refuse(error)]


def _argument(number: int) -> bytes:
    """The lower half of an argument, which is all of what is looked at here."""
    return _step(_LOAD, _FIRST_ARGUMENT + 8 * number)


def _refuse(error: int) -> bytes:
    return _step(_RETURN, _REFUSED | error)


def _step(code: int, value: int, so: int = 0, not_so: int = 0) -> bytes:
    return struct.pack("=HBBI", code, so, not_so, value)


if __name__ == "__main__":
    main(sys.argv[1:])
