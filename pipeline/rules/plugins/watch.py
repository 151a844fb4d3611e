"""Shows from outside which plug-in runs, so that one that never returns can be named.

In thread mode nothing inside the process can do that: a plug-in may hold the interpreter's lock, and then no
other Python thread runs, a watchdog included. So each scoring thread has a small file mapped into memory, its
*desk*, and writes there before and after each call; another process reads it (`running`). Which plug-ins are
not to be called any more stands in `stopped.json` beside the desks, by `Plugin.key`.
"""

from __future__ import annotations

import json
import logging
import mmap
import os
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from pipeline.disk.files import write_atomically
from pipeline.rules.plugins.source import Plugin

log = logging.getLogger("plugins")

DESKS: Final = "*.desk"
_STOPPED: Final = "stopped.json"
_COUNTS: Final = struct.Struct("<qq")
_LABEL_BYTES: Final = 1_024
_NAMES: Final = ("rule", "place", "version", "hash")


@dataclass(frozen=True, slots=True)
class Running:
    """A call that has not returned: `number` tells it from other calls at the same desk."""

    number: int
    pid: int
    thread: int
    began: str | None
    """when the process began, in the kernel's ticks, so that a pid used again is told apart"""
    rule: str
    place: str
    key: str
    limit_s: float
    version: str
    hash: str


class Stopped(TypedDict):
    """A plug-in that is not called any more, and why."""

    rule: str
    place: str
    version: str
    hash: str
    reason: str
    at_ms: int


class Desk:
    """Guards the plug-ins of one rule set in one thread, the one that calls `begin`."""

    def __init__(self, folder: Path, version: str, ruleset_hash: str) -> None:
        self._ruleset = {"version": version, "hash": ruleset_hash}
        self._stopped = stopped(folder)
        self._path = folder / f"{os.getpid()}-{os.urandom(6).hex()}.desk"
        self._map = self._mapped()
        self._calls = 0
        self._labels: dict[tuple[str, float], bytes] = {}
        self._shown = b""

    def refuses(self, plugin: Plugin) -> str | None:
        """Why a plug-in was stopped for good, in the words that its decisions carry."""
        entry = self._stopped.get(plugin.key)
        return None if entry is None else str(entry["reason"])

    def begin(self, rule: str, plugin: Plugin, limit_s: float) -> None:
        label = self._labels.get((rule, limit_s)) or self._label(rule, plugin, limit_s)
        if label is not self._shown:
            self._map[_COUNTS.size :] = label
            self._shown = label
        self._calls += 1
        _COUNTS.pack_into(self._map, 0, self._calls, self._calls - 1)

    def end(self) -> None:
        _COUNTS.pack_into(self._map, 0, self._calls, self._calls)

    def close(self) -> None:
        """Leave the desk: its file goes."""
        self._map.close()
        self._path.unlink(missing_ok=True)

    def _mapped(self) -> mmap.mmap:
        """The file in memory, its bytes taken from the disk at once: later, a full one would end the process.

        Where there is no room nobody can look from outside; scoring goes on all the same.
        """
        size = _COUNTS.size + _LABEL_BYTES
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("w+b") as file:
                os.posix_fallocate(file.fileno(), 0, size)
                return mmap.mmap(file.fileno(), size)
        except OSError as failure:
            log.warning("plug-ins are not watched from outside: %s: %s", self._path, failure)
            self._path.unlink(missing_ok=True)
            return mmap.mmap(-1, size)

    def _label(self, rule: str, plugin: Plugin, limit_s: float) -> bytes:
        document = self._ruleset | {
            "pid": os.getpid(),
            "thread": threading.get_native_id(),
            "began": began(os.getpid()),
            "rule": rule,
            "place": plugin.place,
            "key": plugin.key,
            "limit_s": limit_s,
        }
        label = json.dumps(document).encode()[:_LABEL_BYTES].ljust(_LABEL_BYTES)
        return self._labels.setdefault((rule, limit_s), label)


def running(path: Path) -> Running | None:
    """The call at a desk that has not returned; None when there is none, or the desk is gone."""
    try:
        content = path.read_bytes()
        started, done = _COUNTS.unpack_from(content)
        label = content[_COUNTS.size :].strip(b" \0")
        return Running(started, **json.loads(label)) if started != done else None
    except (OSError, ValueError, struct.error, TypeError):
        return None


def sweep(path: Path) -> None:
    """Remove a desk whose process is gone."""
    if began(int(path.name.partition("-")[0])) is None:
        path.unlink(missing_ok=True)


def stopped(folder: Path) -> dict[str, Stopped]:
    """The plug-ins that are not called any more, by key.

    An entry of another shape is left out: its plug-in is called, and stopped again if need be.
    """
    try:
        found = json.loads((folder / _STOPPED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {key: _entry(one) for key, one in entries if isinstance(one, dict) and "reason" in one}


def _entry(found: Mapping[str, object]) -> Stopped:
    at_ms = found.get("at_ms")
    rule, place, version, ruleset_hash = (str(found.get(name, "")) for name in _NAMES)
    return {
        "rule": rule,
        "place": place,
        "version": version,
        "hash": ruleset_hash,
        "reason": str(found["reason"]),
        "at_ms": at_ms if isinstance(at_ms, int) else 0,
    }


def stop(folder: Path, key: str, entry: Stopped) -> None:
    """Note that a plug-in is not to be called any more; on disk when it returns. Raises OSError."""
    noted = stopped(folder) | {key: entry}
    write_atomically(folder / _STOPPED, json.dumps(noted, indent=1))


def began(pid: int) -> str | None:
    """When a process began, in the kernel's ticks; None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
