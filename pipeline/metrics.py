"""Every figure a sink writer reports, as one type. Nothing here is named that is not counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class SinkStatus:
    """What a sink writer tells of itself, counted since it started."""

    sink: str
    written: int = 0
    """decisions the store took"""
    superseded: int = 0
    """decisions whose event the store already had at an equal or greater position"""
    retried: int = 0
    """attempts that ended in "not now" """
    dead_lettered: int = 0
    """records put on the sink's dead-letter topic"""
    last_error: str | None = None
    """the latest "not now" or "never", in words"""
    mend: str | None = None
    """what may help against the "not now" that it is waiting out, where that is known"""
    paused: bool = False
    """whether it is waiting for its store"""
    suspended: bool = False
    """whether an operator has paused it"""
    lag: int | None = None
    """records in the assigned partitions that are not committed yet; None while that is not known"""
    updated_ms: int = 0
    """when this was written, epoch milliseconds"""
    failed_writes: int = 0
    """attempts to write this that failed"""

    def document(self) -> dict[str, Any]:
        """As a JSON-able mapping."""
        return asdict(self)
