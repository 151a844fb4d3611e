"""The audit log of a home: who changed what and when, in a file to which lines are only added.

A line is a JSON object with its number and the SHA-256 of the line before it, so whoever changes or drops one
must write all that follow anew. The newest line's number and hash stand in `audit.head` too, and every
signed record on the rules topic carries them (`pipeline.scoring.account`): a log that was cut or written anew
since the newest change of the rules does not agree with what lies on the broker. A command writes a line
before it begins and one when it has ended.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from fraudctl.home import signing
from fraudctl.home.private_files import open_private, write_atomically
from pipeline.records.clock import now_ms
from pipeline.records.quantities import format_time

LOG: Final = "audit.jsonl"
HEAD: Final = "audit.head"
NOTHING: Final = "0" * 64
"""What the first line says of the one before it."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pin:
    """A line by its number, from 1 on, and its hash. `where` somebody says that it was the newest."""

    line: int
    hash: str
    where: str = HEAD


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the log is not what it was: the number of the line, and what is wrong."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found. `newest` is None where there is no line, `broken` where all is right."""

    lines: int
    newest: Pin | None
    pins: int
    broken: Break | None


def write(home: Path, entry: Document, author: str | None = None) -> Pin:
    """Add a line with who and when; what it is now. OSError where it cannot be written.

    `author` is a program that acts by itself, None for the user of this process.
    """
    with open_private(home / LOG, "ab") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        newest = _newest(home / LOG, log)
        line = _line(entry, newest, author or signing.user())
        log.write(line + b"\n")
        log.flush()
        os.fsync(log.fileno())
        pin = Pin(newest.line + 1, _hash(line))
        write_atomically(home / HEAD, json.dumps({"line": pin.line, "hash": pin.hash}) + "\n")
    return pin


def head(home: Path) -> Pin | None:
    """The newest line as the file beside the log has it; None where there is none, or it is damaged."""
    try:
        document = json.loads((home / HEAD).read_bytes())
        return Pin(int(document["line"]), str(document["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def entries(home: Path) -> Iterator[Document]:
    """Every line that can be read, the oldest first."""
    for line in _lines(home):
        entry = _entry(line)
        if entry is not None:
            yield entry


def verify(home: Path, pins: Iterable[Pin] = ()) -> Verified:
    """Whether each line follows the one before, and all that were once the newest are there."""
    hashes: list[str] = []
    broken: Break | None = None
    for number, line in enumerate(_lines(home), 1):
        broken = broken or _break(number, line, hashes[-1] if hashes else NOTHING)
        hashes.append(_hash(line))
    own = head(home)
    known = [*pins, *([own] if own else [])]
    if broken is None and hashes and own is None:
        broken = Break(len(hashes), f"no {HEAD} says which line is the newest")
    broken = broken or next(filter(None, (_missing(pin, hashes) for pin in known)), None)
    newest = Pin(len(hashes), hashes[-1]) if hashes else None
    return Verified(len(hashes), newest, len(known), broken)


def succeeded(home: Path, command: str) -> list[Document]:
    """How a command was begun, each time that it ended well, the oldest first."""
    told = list(entries(home))
    well = {one["ended"] for one in told if one.get("ended") and one.get("exit_code") == 0}
    return [one for one in told if one.get("command") == command and one.get("line") in well]


def since_cut_off(home: Path, command: str, settled: str) -> frozenset[str]:
    """The hashes of the lines since a command was begun that was cut off or failed, up to where it was begun
    again, which is what runs now; none where it ended well, or with the error `settled`.
    """
    lines = _lines(home)
    told = [_entry(line) or {} for line in lines]
    begun = [n for n, one in enumerate(told) if one.get("command") == command and "ended" not in one]
    if len(begun) < 2:
        return frozenset()
    before, now = begun[-2:]
    ends = [one.get("error") for one in told if one.get("ended") == before + 1]
    if ends and ends[-1] in (None, settled):
        return frozenset()
    return frozenset(map(_hash, lines[before:now]))


def _line(entry: Document, newest: Pin, author: str) -> bytes:
    document = {
        "line": newest.line + 1,
        "at": format_time(now_ms()),
        "author": author,
        "host": socket.gethostname(),
        **entry,
        "previous": newest.hash,
    }
    return json.dumps(document, ensure_ascii=True, default=str).encode()


def _newest(path: Path, log: BinaryIO) -> Pin:
    """That of the file as it is; a line that was cut off by a crash is ended, and counts."""
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        log.write(b"\n")
    lines = content.splitlines()
    return Pin(len(lines), _hash(lines[-1]) if lines else NOTHING)


def _break(number: int, line: bytes, previous: str) -> Break | None:
    entry = _entry(line)
    if entry is None:
        return Break(number, "it is no entry")
    if entry.get("line") != number:
        return Break(number, f"it says that it is line {entry.get('line')}")
    if entry.get("previous") != previous:
        return Break(number, "it does not follow the line before it, one of the two was changed")
    return None


def _missing(pin: Pin, hashes: list[str]) -> Break | None:
    if pin.line > len(hashes):
        return Break(len(hashes) + 1, f"the log was cut: {pin.where} knows a line {pin.line}")
    if pin.line < 1 or hashes[pin.line - 1] != pin.hash:
        return Break(pin.line, f"it is another one than {pin.where} knows")
    return None


def _entry(line: bytes) -> Document | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _lines(home: Path) -> list[bytes]:
    try:
        return (home / LOG).read_bytes().splitlines()
    except FileNotFoundError:
        return []


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
