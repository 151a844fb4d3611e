"""What the command line may say about a file: which column is which field, and how its cells are written.

Everything that can be read two ways has an option here; what is recognised without one is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from fraudctl.errors import UsageError
from fraudctl.files import zones
from pipeline.records.quantities import Refusal, parse_time

FORMATS = ("csv", "jsonl", "parquet")
KINDS = ("text", "number", "bool")
IDS = ("row", "hash")
UNIT_NS = {
    "d": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
"""Nanoseconds in each unit of time that a column of numbers may count in."""
EPOCH_UNITS = ("s", "ms", "us", "ns")
EXCEL_START = "1899-12-30T00:00:00Z"
"""What Excel counts days from."""
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "soh": "\x01"}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is read. `fields` maps a field to its column (several joined by `+` make a time); `label`
    names the label column. None stands for: recognise it, or refuse what can be read two ways."""

    fields: Mapping[str, str] = field(default_factory=dict)
    label: str = "label"
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    decimal: str | None = None
    skip_lines: int = 0
    zone: str | None = None
    zone_names: Mapping[str, str] = field(default_factory=dict)
    time_unit: str | None = None
    time_formats: tuple[str, ...] = ()
    time_start_ms: int | None = None
    id_from: str | None = None
    user_from: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    round_to: int | None = None
    minor_units: bool = False
    currency: str | None = None
    absent: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()
    keep: frozenset[str] | None = None
    records: str | None = None
    country_codes: bool = False

    def __post_init__(self) -> None:
        _one_of("--format", self.format, FORMATS)
        _one_of("--decimal", self.decimal, (",", "."))
        _one_of("--time-unit", self.time_unit, tuple(UNIT_NS))
        _one_of("--id", self.id_from, IDS)
        _one_of("--user-from", self.user_from, ("row",))
        for column, kind in self.kinds.items():
            _one_of(f"--kind {column}", kind, KINDS)
        _check_single(self)
        _check_times(self)

    @property
    def named(self) -> tuple[str, ...]:
        """The texts that name columns that are wanted."""
        return (*self.fields.values(), self.label, *(self.keep or ()), *self.kinds)

    def kind_of(self, column: str, field: str) -> str | None:
        """The kind given for a column, by its own name or by that of its field."""
        return self.kinds.get(column) or self.kinds.get(field)

    def with_kinds(self, declared: Mapping[str, str]) -> ReadOptions:
        """The same with the kinds that a rule set declares, where the user gave none."""
        return replace(self, kinds={**declared, **self.kinds})


def mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Fields to columns from texts `field=column`. UsageError when one is malformed or a field repeated."""
    return _pairs("--map", "field=column", pairs)


def kinds(pairs: Iterable[str]) -> dict[str, str]:
    """Columns to kinds from texts `column=text`. UsageError when one is malformed or repeated."""
    return _pairs("--kind", "column=text", pairs, is_last=True)


def zone_names(pairs: Iterable[str]) -> dict[str, str]:
    """Names of zones to what they stand for, from texts `CST=-06:00`. UsageError as from `kinds`."""
    return _pairs("--zone-name", "CST=-06:00", pairs)


def delimiter(text: str | None) -> str | None:
    """The delimiter that an option names by itself or by its name (tab, comma, semicolon, pipe)."""
    return None if text is None else _DELIMITERS.get(text, text)


def moment_ms(option: str, text: str | None) -> int | None:
    """The moment an option gives in full, also one before 2000. UsageError for what is none."""
    old_ms = None if text is None else _long_ago_ms(text)
    try:
        return parse_time(text) if old_ms is None and text is not None else old_ms
    except Refusal as refusal:
        raise UsageError(f"{option} {text}: {refusal.detail}", hint="write 2026-01-31T00:00:00Z") from None


def _long_ago_ms(text: str) -> int | None:
    """A moment before 2000, which no event may have and programs count from; None for any other text."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_old = moment.tzinfo is not None and moment.year < 2000
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) if is_old else None


def _pairs(option: str, form: str, pairs: Iterable[str], is_last: bool = False) -> dict[str, str]:
    """Names and values; a name holds the sign too where the last of them parts the two."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.rpartition("=") if is_last else pair.partition("=")
        if not (name and equals and value) or name in found:
            raise UsageError(f"{option} {pair}", hint=f"write {option} {form}, each of them once")
        found[name] = value
    return found


def _one_of(option: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise UsageError(f"{option} {value}", hint=f"choose one of: {' '.join(known)}")


def _check_single(options: ReadOptions) -> None:
    if options.delimiter is not None and (len(options.delimiter) != 1 or options.delimiter in '"\r\n'):
        raise UsageError(f"--delimiter {options.delimiter!r}", hint="give one character, or tab")
    if options.quote != "none" and len(options.quote) != 1:
        raise UsageError(f"--quote {options.quote!r}", hint="give one character, or none")
    if options.currency is not None and not _CURRENCY.fullmatch(options.currency):
        raise UsageError(f"--currency {options.currency}", hint="write its three letters: --currency EUR")
    if options.skip_lines < 0:
        raise UsageError(f"--skip-lines {options.skip_lines}", hint="0 or more lines before the heading")
    if options.round_to is not None and not 0 <= options.round_to <= 4:
        raise UsageError(f"--round {options.round_to}", hint="an amount has 0 to 4 digits after the point")
    try:
        "".encode(options.encoding or "utf-8")
    except LookupError:
        raise UsageError(f"--encoding {options.encoding}", hint="try utf-8, cp1252 or utf-16") from None


def _check_times(options: ReadOptions) -> None:
    if options.zone is not None and zones.zone_of(options.zone) is None:
        raise UsageError(f"--zone {options.zone}", hint="try --zone UTC or --zone Europe/Berlin")
    for name, zone in options.zone_names.items():
        zones.check(name, zone)
    if options.time_start_ms is not None and options.time_unit is None:
        raise UsageError("--time-start counts in no unit", hint="add --time-unit s or --time-unit h")
    if options.time_unit in ("d", "h", "m") and options.time_start_ms is None:
        raise UsageError(f"--time-unit {options.time_unit} needs a start", hint="add --time-start TIME")
