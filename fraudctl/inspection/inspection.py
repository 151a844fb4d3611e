"""A file looked at: what it is, how it could be read, and what reading it so gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.files.csv_table import CsvTable, csv_table
from fraudctl.files.mapping import Said, named
from fraudctl.files.order import Order
from fraudctl.files.refusals import Refusals
from fraudctl.files.rows import Reading, RefusedRow, Row
from fraudctl.files.sources import filled_parts, format_of
from fraudctl.inspection import lists, quotes
from fraudctl.inspection.columns import Column, look
from fraudctl.inspection.encodings import Encoding, encoding_of, otherwise
from fraudctl.inspection.heading import heading_of
from fraudctl.inspection.notes import How, Proposal
from fraudctl.inspection.proposing import Proposer
from fraudctl.inspection.sample import sampled
from pipeline.records.clock import HOUR_MS
from pipeline.records.quantities import format_time
from pipeline.records.wire import MAX_EVENT_BYTES

_MOST_IDS = 5_000_000


@dataclass(slots=True)
class Found:
    """What reading the rows gave. `repeated` counts rows whose user and id came before, among the first five
    million; `foreign` those of another currency than the rule set's."""

    rows: int = 0
    accepted: int = 0
    labelled: int = 0
    fraud: int = 0
    oldest_ms: int | None = None
    newest_ms: int | None = None
    order: Order = field(default_factory=Order)
    repeated: int = 0
    future: int = 0
    currencies: Counter[str] = field(default_factory=Counter)
    foreign: int = 0
    refused: Refusals = field(default_factory=Refusals)
    notes: list[str] = field(default_factory=list)

    def as_document(self) -> dict[str, object]:
        """The counts in JSON."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            **self.refused.as_document(),
            "labelled": self.labelled,
            "fraud": self.fraud,
            "from": None if self.oldest_ms is None else format_time(self.oldest_ms),
            "to": None if self.newest_ms is None else format_time(self.newest_ms),
            "out_of_order": self.order.moved,
            "repeated_ids": self.repeated,
            "in_the_future": self.future,
            "currencies": dict(self.currencies.most_common()),
            "other_currency": self.foreign,
            "notes": self.notes,
        }


@dataclass(slots=True)
class Inspection:
    """The whole answer. `how` says in a line how the file is read; `is_part` that a sample of it was."""

    files: list[Path]
    is_part: bool
    how: str
    columns: list[Column]
    fields: dict[str, list[str]]
    proposal: Proposal
    found: Found

    @property
    def can_be_read(self) -> bool:
        """Whether the options proposed read rows."""
        return not self.proposal.is_open and self.found.accepted > 0

    def is_past(self, now_ms: int) -> bool:
        """Whether a live topic would refuse it."""
        return self.found.oldest_ms is None or self.found.oldest_ms < now_ms - HOUR_MS


def inspect(
    files: Sequence[Path], said: Said, currency: str | None, now_ms: int, whole: bool, progress: Progress
) -> Inspection:
    """Look at files. What is said already counts; UsageError when there is nothing to look at."""
    progress.update(0, "looking")
    with sampled(filled_parts(files), whole) as sample:
        proposal = Proposal(said)
        kind = _format(sample.paths[0], proposal)
        if kind == "csv":
            _dialect(sample.paths[0], proposal)
        elif kind == "jsonl":
            _encoding(sample.paths[0], proposal)
            lists.propose(sample.paths, proposal)
        columns = look(sample.paths, proposal.said.options())
        proposer = Proposer(columns, proposal, kind != "csv", kind == "parquet")
        if any(one.rows for one in columns):
            proposer.propose()
        else:
            what = "no object of JSON" if kind == "jsonl" else "no row"
            proposal.note(
                How.open, f"{sample.paths[0].name} holds {what}", *([] if kind == "csv" else ["--format csv"])
            )
        found, how = Found(), ""
        if not proposal.is_open:
            progress.update(0, "reading")
            how = _read(sample.paths, proposal, found, currency, now_ms, progress)
    return Inspection(list(files), sample.is_part, how, columns, _fields(proposer), proposal, found)


def _format(path: Path, proposal: Proposal) -> str:
    try:
        return format_of(path, proposal.said.options())
    except UsageError as error:
        if error.code != "unknown_format":
            raise
    proposal.say(Said(format="csv"))
    proposal.note(How.assumed, f"{path.name} is read as delimited text", "--format jsonl")
    return "csv"


def _dialect(path: Path, proposal: Proposal) -> None:
    said = proposal.said
    heading = heading_of(path, _encoding(path, proposal), proposal.said.options().delimiter)
    if said.skip_lines is None and heading.skip_lines:
        proposal.say(Said(skip_lines=heading.skip_lines))
        proposal.note(How.recognised, f"the heading is on line {heading.skip_lines + 1}")
    if heading.wrong is not None:
        proposal.note(How.open, heading.wrong)
    if heading.delimiter is not None and not _is_told(path, proposal, heading.delimiter):
        proposal.say(Said(delimiter=named(heading.delimiter)))
        proposal.note(How.recognised, f"cells are parted by {named(heading.delimiter)}")
    if said.quote is None and quotes.are_single(csv_table(path, proposal.said.options())):
        proposal.say(Said(quote="'"))
        proposal.note(How.recognised, "cells are quoted by '")
    _repeated(csv_table(path, proposal.said.options()), proposal)


def _encoding(path: Path, proposal: Proposal) -> str | None:
    """The encoding that is said, or added to what is said; None for one that the reader finds."""
    said = proposal.said.encoding
    found = Encoding(said) if said else encoding_of(path)
    if found.name != said:
        proposal.say(Said(encoding=found.name))
        proposal.note(How.assumed, f"the file is no UTF-8: taken as {found.name}", *otherwise(found))
    return found.name


def _is_told(path: Path, proposal: Proposal, delimiter: str) -> bool:
    """Whether the reader finds that delimiter by itself."""
    try:
        return csv_table(path, proposal.said.options()).dialect.delimiter == delimiter
    except UsageError as error:
        if error.code != "ambiguous_delimiter":
            raise
        return False


def _repeated(table: CsvTable, proposal: Proposal) -> None:
    twice = [name for name, count in Counter(table.columns).items() if count > 1 and name]
    left = tuple(name for name in twice if name not in (proposal.said.drop or ()))
    if left:
        proposal.said = Said(**{**vars(proposal.said), "drop": (*(proposal.said.drop or ()), *left)})
        options = (f"--map FIELD={name}#{place}" for name in left[:1] for place in (1, 2))
        proposal.note(
            How.assumed, f"several columns are named {', '.join(left)}: they are left out", *options
        )


def _read(
    paths: list[Path], proposal: Proposal, found: Found, currency: str | None, now_ms: int, progress: Progress
) -> str:
    try:
        reading = Reading(paths, proposal.said.options(), MAX_EVENT_BYTES)
    except UsageError as error:
        proposal.note(How.open, error.message, error.hint)
        return ""
    seen: set[int] = set()
    for row in reading:
        found.rows += 1
        if isinstance(row, RefusedRow):
            found.refused.add(row)
        else:
            _note(row, found, seen, currency, now_ms)
        if not found.rows % 5_000:
            progress.update(0, f"{found.rows} rows read")
    found.notes = reading.notes()
    return reading.said()


def _note(row: Row, found: Found, seen: set[int], currency: str | None, now_ms: int) -> None:
    transaction = row.transaction
    at = transaction.event_time_ms
    found.accepted += 1
    found.order.note(at)
    found.oldest_ms = at if found.oldest_ms is None else min(found.oldest_ms, at)
    found.newest_ms = found.order.newest_ms
    found.future += at > now_ms
    if row.label is not None:
        found.labelled += 1
        found.fraud += row.label.fraud
    if (code := transaction.fields.get("currency")) is not None:
        found.currencies[str(code)] += 1
        found.foreign += currency is not None and code != currency
    identity = hash((transaction.user_id, transaction.event_id))
    if identity in seen:
        found.repeated += 1
    elif len(seen) < _MOST_IDS:
        seen.add(identity)


def _fields(proposer: Proposer) -> dict[str, list[str]]:
    """The fields by the column that becomes them."""
    found: dict[str, list[str]] = {}
    for name, columns in proposer.chosen.items():
        for column in columns:
            found.setdefault(column.name, []).append(name)
    return found
