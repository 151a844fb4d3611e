"""What a verification found: counts, some differences to show, and a file that names every one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from fraudctl.verify.classes import FAULTS, Difference, Kind
from fraudctl.verify.log import Offsets


@dataclass(slots=True)
class SinkReport:
    """One store. `expected` counts the decisions it should hold (in the part asked for), `held` its rows."""

    expected: int = 0
    held: int = 0
    equal: int = 0
    seconds: float = 0.0
    classes: dict[Kind, int] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        return sum(self.classes.get(kind, 0) for kind in FAULTS)

    def as_document(self) -> dict[str, object]:
        return {
            "expected": self.expected,
            "held": self.held,
            "equal": self.equal,
            "seconds": round(self.seconds, 3),
            "faults": self.faults,
            "classes": {str(kind): self.classes.get(kind, 0) for kind in Kind},
        }


@dataclass(slots=True)
class Report:
    """All stores. `decisions` counts events, `records` what the log holds of them, repeats included."""

    sinks: Mapping[str, SinkReport]
    starts: Offsets
    ends: Offsets
    decisions: int = 0
    records: int = 0
    undecodable: int = 0
    seconds: float = 0.0
    shown: list[Difference] = field(default_factory=list)
    file: Path | None = None

    @property
    def faults(self) -> int:
        """Differences without a reason: what repair mends."""
        return sum(sink.faults for sink in self.sinks.values())

    @property
    def is_clean(self) -> bool:
        return self.faults == 0

    def as_document(self) -> dict[str, object]:
        """The report for JSON; `differences` holds the first of each class, `file` names them all."""
        return {
            "decisions": self.decisions,
            "records": self.records,
            "undecodable": self.undecodable,
            "seconds": round(self.seconds, 3),
            "faults": self.faults,
            "log": {
                str(partition): {"from": self.starts.get(partition, 0), "to": end}
                for partition, end in sorted(self.ends.items())
            },
            "sinks": {name: sink.as_document() for name, sink in self.sinks.items()},
            "differences": [one.as_document() for one in self.shown],
            "file": None if self.file is None else str(self.file),
        }


class Register:
    """Counts differences, keeps the first few of each class and writes every one to a file, a line each."""

    def __init__(self, report: Report, out: TextIO, shown: int) -> None:
        self._report = report
        self._out = out
        self._shown = shown

    def add(self, difference: Difference) -> None:
        classes = self._report.sinks[difference.sink].classes
        before = classes.get(difference.kind, 0)
        classes[difference.kind] = before + 1
        if before < self._shown:
            self._report.shown.append(difference)
        self._out.write(json.dumps(difference.as_document(), ensure_ascii=True) + "\n")
