"""The rows of a file that are no payments: counted by reason, the first of each shown, all of them written.

Holds no more than the first of them in memory, however many there are.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TextIO

from fraudctl.console.result import Table
from fraudctl.errors import UsageError
from fraudctl.files.lines import LONGEST_BYTES
from fraudctl.files.making import RefusedRow
from fraudctl.files.to_mend import ToMend
from fraudctl.home.private_files import make_folder, open_private

KEPT = 1_000
"""Refusals that an answer in JSON holds."""
SHOWN = 3
"""Refusals of each reason that a table shows."""
_BEGINNING_BYTES = 4_096
_LIMIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)%|([0-9]+)")


@dataclass(slots=True)
class _Reason:
    count: int = 0
    first: list[RefusedRow] = field(default_factory=list)


@dataclass(slots=True)
class Refusals:
    """Takes refused rows one by one. With a `target` all of them are written there, as they stand in their
    files if that is asked for `with_rows`; `written` says so once `close` has been called."""

    target: Path | None = None
    with_rows: bool = True
    to_mend: ToMend | None = None
    """takes the rows of files of payments"""
    written: Path | None = None
    count: int = 0
    kept: list[RefusedRow] = field(default_factory=list)
    _reasons: dict[str, _Reason] = field(default_factory=dict)
    _open: TextIO | None = None

    def __len__(self) -> int:
        return self.count

    def add(self, row: RefusedRow) -> None:
        """Count one, and write it."""
        reason = self._reasons.setdefault(row.code, _Reason())
        self.count += 1
        reason.count += 1
        self.write(row)
        if self.to_mend is not None:
            self.to_mend.add(row)
        if len(reason.first) < SHOWN or len(self.kept) < KEPT:
            row = replace(row, raw=None)  # which may be long
        if len(reason.first) < SHOWN:
            reason.first.append(row)
        if len(self.kept) < KEPT:
            self.kept.append(row)

    def write(self, row: RefusedRow) -> None:
        """Write one that is counted elsewhere, such as a row of another file."""
        if self.target is not None:
            self._write(self.target, row)

    def close(self) -> None:
        """All have been added: what was written gets its name."""
        if self._open is not None and self.target is not None:
            self._open.close()
            _partial(self.target).replace(self.target)
            self._open, self.written = None, self.target
        if self.to_mend is not None:
            self.to_mend.close()

    def notes(self) -> list[str]:
        """Where the rows lie to be mended."""
        return [] if self.to_mend is None else self.to_mend.notes()

    def reasons(self) -> dict[str, int]:
        """How many rows each reason refused, the most frequent first."""
        ordered = sorted(self._reasons.items(), key=lambda item: -item[1].count)
        return {code: reason.count for code, reason in ordered}

    def as_document(self) -> dict[str, object]:
        """The first thousand, the count of all, and that by reason."""
        return {
            "refused": [one.as_document() for one in self.kept],
            "refused_rows": self.count,
            "refused_by_reason": self.reasons(),
        }

    def tables(self, title: str = "Refused rows") -> tuple[Table, ...]:
        """Every reason with its count and the first rows it refused; none without refusals."""
        if not self.count:
            return ()
        rows: list[tuple[object, ...]] = []
        for code, count in self.reasons().items():
            for index, one in enumerate(self._reasons[code].first):
                where = f"{Path(one.file).name} {one.number}" if one.file else one.number
                rows.append((None if index else count, where, one.reason))
        return (Table(f"{title} ({self.count})", ("rows", "line", "reason"), rows),)

    def _write(self, target: Path, row: RefusedRow) -> None:
        if self._open is None:
            make_folder(target.parent)
            self._open = open_private(_partial(target))
        document = row.as_document() | (_shown(row.raw) if self.with_rows and row.raw is not None else {})
        self._open.write(json.dumps(document, ensure_ascii=False) + "\n")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many rows may be refused before a command fails: a share of them or a number."""

    share: Fraction | None = None
    rows: int | None = None

    def is_exceeded(self, refused: int, rows: int) -> bool:
        """Whether so many of so many rows are too many."""
        if self.rows is not None:
            return refused > self.rows
        return self.share is not None and refused > self.share * rows


NO_LIMIT = Limit()


def limit(text: str | None) -> Limit:
    """`1%` or `100`; None is no limit. UsageError for anything else."""
    if text is None:
        return NO_LIMIT
    found = _LIMIT.fullmatch(text)
    if found is None or float(found[1] or 0) > 100:
        raise UsageError(f"--max-refused {text}", hint="write --max-refused 1% or --max-refused 100")
    return Limit(Fraction(found[1]) / 100) if found[1] else Limit(rows=int(found[2]))


def _shown(raw: bytes) -> dict[str, str]:
    """The row as it stands; of one that no reader takes for its length the beginning."""
    if len(raw) <= LONGEST_BYTES:
        return {"row": _text(raw)}
    return {"row": _text(raw[:_BEGINNING_BYTES]), "cut": f"its first {_BEGINNING_BYTES} bytes"}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")
