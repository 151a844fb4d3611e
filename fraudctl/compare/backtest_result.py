"""What a backtest is asked, and what it found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from fraudctl.compare.detection import MONTH_MS, Level, Measure, Outcome, within_budget
from fraudctl.compare.truths import Truths
from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import NO_LIMIT, Limit, Refusals
from fraudctl.files.sources import Paths
from fraudctl.files.spooled import Spooled
from pipeline.records.clock import DAY_MS
from pipeline.rules.expression.tree import Kind
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import RuleSet

_BUDGET = re.compile(r"([0-9]+(?:\.[0-9]+)?)/(day|week|month)")
_PERIODS_A_MONTH = {"day": MONTH_MS / DAY_MS, "week": MONTH_MS / (7 * DAY_MS), "month": 1.0}


class Engine(StrEnum):
    """What computes features: the kernel that the job runs, or the readable definition of each feature."""

    KERNEL = "kernel"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Order:
    """What to test. Labels come from the file's own column and from `labels`; of several the newest counts.

    With `as_of_ms` the file is judged as on that day: later events are left out, and a fraud that was
    reported later is one of which nothing is known yet. Events before `from_ms` fill the windows and are not
    judged; of those from `to_ms` on nothing is said.
    """

    paths: Paths
    options: ReadOptions
    ruleset: RuleSet
    settings: PlanSettings
    labels: Path | None = None
    as_of_ms: int | None = None
    budget_per_month: float | None = None
    refused: Path | None = None
    max_refused: Limit = NO_LIMIT
    from_ms: int | None = None
    to_ms: int | None = None
    until_ms: int | None = None
    """rows of a later time are refused"""
    beside: RuleSet | None = None
    """one that is to read the same rows: its further fields are kept too"""
    engine: Engine | None = None
    """what computes features; None for the quicker one"""
    to_mend: Path | None = None
    """a folder that gets the refused rows as files to be mended"""

    @property
    def fields(self) -> dict[str, Kind]:
        """The further fields that are read, with their kinds."""
        other = {} if self.beside is None else self.beside.words.fields
        return {**other, **self.ruleset.words.fields}

    def against(self, other: RuleSet) -> tuple[Order, Order]:
        """The order for this rule set and for another one, on the same rows read in the same way.

        UsageError when the two take a further field for different kinds.
        """
        mine, theirs = self.ruleset.words.fields, other.words.fields
        unlike = [name for name in mine if theirs.get(name, mine[name]) is not mine[name]]
        if unlike:
            hint = "declare it alike in both, or backtest them one by one"
            raise UsageError(f"the rule sets take {unlike[0]} for different kinds", hint=hint)
        return replace(self, beside=other), replace(
            self, ruleset=other, beside=self.ruleset, refused=None, to_mend=None
        )

    def judges(self, at_ms: int) -> bool:
        """Whether events of that time are judged."""
        return (self.from_ms is None or at_ms >= self.from_ms) and (self.to_ms is None or at_ms < self.to_ms)


@dataclass(slots=True)
class Backtest:
    """The result. `fired` measures each rule alone, `alone` counts alerts that no other rule joins in."""

    ruleset: RuleSet
    rows: int = 0
    refused: Refusals = field(default_factory=Refusals)
    too_many_refused: bool = False
    moved: int = 0
    """rows that stood in the file after newer ones"""
    notes: list[str] = field(default_factory=list)
    truths: Truths = field(default_factory=Truths)
    duplicates: int = 0
    reused_ids: int = 0
    """events whose id another event of the user had shortly before, with other content"""
    late: int = 0
    saturated: int = 0
    after: int = 0
    outside: int = 0
    """events before the time from which on, or after that up to which it was judged"""
    currencies: Counter[str] = field(default_factory=Counter)
    """events judged by the currency they name"""
    plugin_errors: Mapping[str, int] = field(default_factory=dict)
    """failures of plug-ins by rule; a rule whose plug-in failed did not fire"""
    seconds: float = 0.0
    outcomes: Spooled[Outcome] = field(default_factory=lambda: Spooled(Outcome._make))
    known: Mapping[str, int] = field(default_factory=dict)
    """events judged by what labels say of them"""
    months: float | None = None
    """from the oldest to the newest event; None when there is no time between them"""
    total: Measure | None = None
    fired: Mapping[str, Measure] = field(default_factory=dict)
    alone: Mapping[str, int] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    budget_per_month: float | None = None

    @property
    def foreign(self) -> int:
        """Events judged in another currency than the rule set's: its rules about amounts let them pass."""
        own = self.ruleset.currency
        return 0 if own is None else sum(n for code, n in self.currencies.items() if code != own)

    @property
    def pending(self) -> int:
        """Events of which labels were known only after the day of judging."""
        return self.truths.not_yet_known

    @property
    def chosen(self) -> Level | None:
        """The threshold that fits the budget."""
        return None if self.budget_per_month is None else within_budget(self.levels, self.budget_per_month)

    def as_document(self) -> dict[str, object]:
        """The whole result in JSON."""
        budget = None
        if self.budget_per_month is not None:
            chosen = self.chosen.as_document() if self.chosen else None
            budget = {"per_month": round(self.budget_per_month, 3), "level": chosen}
        return {
            "ruleset_version": self.ruleset.version,
            "ruleset_hash": self.ruleset.hash,
            "rows": self.rows,
            **self.refused.as_document(),
            "moved": self.moved,
            "notes": self.notes,
            "events": len(self.outcomes),
            "duplicates": self.duplicates,
            "reused_ids": self.reused_ids,
            "late": self.late,
            "saturated": self.saturated,
            "after_as_of": self.after,
            "outside": self.outside,
            "currencies": dict(self.currencies.most_common()),
            "other_currency": self.foreign,
            "plugin_errors": self.plugin_errors,
            "labels": {**self.known, "not_yet_known": self.pending},
            "labels_file": self.truths.as_document(),
            "months": None if self.months is None else round(self.months, 4),
            "seconds": round(self.seconds, 3),
            "interval": "Wilson score, 95 %",
            "total": self.total.as_document() if self.total else None,
            "by_rule": {
                name: found.as_document() | {"alone": self.alone[name]} for name, found in self.fired.items()
            },
            "sweep": [level.as_document() for level in self.levels],
            "budget": budget,
        }


def budget_per_month(text: str) -> float:
    """`400/month`, `20/day` or `100/week` as alerts a month. UsageError for anything else."""
    match = _BUDGET.fullmatch(text)
    if match is None:
        raise UsageError(f"--budget {text}", hint="write --budget 400/month, 100/week or 20/day")
    return float(match[1]) * _PERIODS_A_MONTH[match[2]]
