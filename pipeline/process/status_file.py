"""Where a process that runs for long tells of itself: one JSON file, replaced about once a second.

What it tells is for people and for `status`; its work does not hang on it. So a disk that is full ends no
process: the write is counted, said once, and tried again at the next turn.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Protocol

from pipeline.disk.files import write_atomically
from pipeline.records.clock import now_ms

EVERY_S = 1.0

log = logging.getLogger("status")


class Status(Protocol):
    """What is told, as a JSON-able mapping. The two figures are set by the file."""

    updated_ms: int
    failed_writes: int

    def document(self) -> dict[str, object]: ...


class StatusFile:
    """Writes a status, whole or not at all, at most once in `every_s` unless told. Raises no OSError."""

    def __init__(self, path: Path, every_s: float = EVERY_S) -> None:
        self._path = path
        self._every_s = every_s
        self._next = 0.0
        self._failing = False

    def offer(self, status: Status) -> None:
        """Write it if its time has come."""
        if time.monotonic() >= self._next:
            self.write(status)

    def write(self, status: Status) -> None:
        """Write it now."""
        self._next = time.monotonic() + self._every_s
        status.updated_ms = now_ms()
        try:
            write_atomically(self._path, json.dumps(status.document()) + "\n", durable=False)
        except OSError as error:
            status.failed_writes += 1
            self._say(error)
        else:
            self._failing = False

    def _say(self, error: OSError) -> None:
        """Once in a row of failures: the log may lie on the same disk."""
        if not self._failing:
            log.warning("the status cannot be written: %s; the work goes on", error)
        self._failing = True
