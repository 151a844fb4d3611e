"""What is to be brought in, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fraudctl.console.result import Result
from fraudctl.files import order as sorting
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import NO_LIMIT, Limit, Refusals
from fraudctl.files.sources import Paths, name_of
from fraudctl.jobs.live_answers import Past
from fraudctl.traffic.accounting import Counts


@dataclass(frozen=True, slots=True)
class Order:
    """What to bring in. `rate` is events a second (None: as fast as it goes); `topic` replaces the live
    one."""

    paths: Paths
    options: ReadOptions
    rate: float | None = None
    shift_to_now: bool = False
    topic: str | None = None
    refused: Path | None = None
    max_refused: Limit = NO_LIMIT
    until_ms: int | None = None
    """rows of a later time are refused"""
    to_mend: Path | None = None
    """a folder that gets the refused rows as files to be mended"""

    @property
    def name(self) -> str:
        """What the file, or the first of several, is called."""
        return name_of(self.paths)


class History(Past, Counts):
    """Of past data: the job that decided it, and what became of the events."""


@dataclass(slots=True)
class Report:
    """What became of the rows: read = accepted + refused + not accepted by Kafka.

    `labels` are those that Kafka took.
    """

    file: str
    topic: str
    rows: int = 0
    accepted: int = 0
    labels: int = 0
    not_accepted: int = 0
    labels_not_accepted: int = 0
    order: sorting.Order = field(default_factory=sorting.Order)
    is_sorted: bool = False
    refused: Refusals = field(default_factory=Refusals)
    max_refused: Limit = NO_LIMIT
    notes: list[str] = field(default_factory=list)
    history: History | None = None

    @property
    def newest_ms(self) -> int | None:
        """The newest event time of the good rows."""
        return self.order.newest_ms

    def as_result(self) -> Result:
        """The report; exit code 1 when Kafka did not take every row and label, or no row was good, 5 when
        decisions lack."""
        data: dict[str, object] = {
            "file": self.file,
            "topic": self.topic,
            "rows": self.rows,
            "accepted": self.accepted,
            "labels": self.labels,
            "not_accepted": self.not_accepted,
            "labels_not_accepted": self.labels_not_accepted,
            **self.refused.as_document(),
            "report_file": None if self.refused.written is None else str(self.refused.written),
            "out_of_order": self.order.moved,
            "notes": self.notes,
            "history": self.history,
        }
        too_many = self.max_refused.is_exceeded(len(self.refused), self.rows)
        failed = (
            self.not_accepted or self.labels_not_accepted or (self.rows and not self.accepted) or too_many
        )
        lacking = bool(self.history and self.history["undecided"])
        return Result(self._summary(), data, 1 if failed else 5 if lacking else 0, self.refused.tables())

    def _summary(self) -> str:
        text = f"{self.accepted} of {self.rows} rows accepted into {self.topic}, {len(self.refused)} refused"
        if self.max_refused.is_exceeded(len(self.refused), self.rows):
            text += ", more than --max-refused"
        if self.labels:
            text += f", {self.labels} labelled"
        if self.not_accepted:
            text += f", {self.not_accepted} not taken by Kafka (see: fraudctl status)"
        if self.labels_not_accepted:
            text += f", {self.labels_not_accepted} labels not taken by Kafka"
        if self.order.moved:
            place = "moved into the order of time" if self.is_sorted else "come after newer ones"
            text += f", {self.order.moved} {place}"
        text = "; ".join([text, *self.notes])
        if self.history is not None:
            text += f"; {self.history['decided']} decided, {self.history['alerts']} alerts"
        if self.history is not None and self.history["undecided"]:
            text += f", {self.history['undecided']} without a decision"
        text += f"; every refusal: {self.refused.written}" if self.refused.written else ""
        return "; ".join((text, *self.refused.notes()))
