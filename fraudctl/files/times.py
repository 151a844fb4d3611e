"""Event times as files write them: more spellings than the wire has, but none that means two moments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from fraudctl.errors import UsageError
from fraudctl.files.options import EPOCH_UNITS, EXCEL_START, UNIT_NS, ReadOptions
from fraudctl.files.time_names import OFFSET, parsed, parsed_with_zone
from fraudctl.files.zones import Place, Zones, zone_of
from pipeline.records.quantities import MAX_TIME_MS, MIN_TIME_MS, Number, Refusal, format_time, parse_time

_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE]\+?[0-9]{1,2})?")
"""With an exponent as R and Java write doubles: 1e+05, 1.7145576E12."""
_NAME = r"(?![AaPp][Mm]\b)[A-Za-z]{2,5}|[A-Z][A-Za-z]+(?:/[A-Za-z0-9_+-]+)+"
_ZONE = rf"(?P<zone>[Zz]|(?:UTC|GMT)?[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?|{_NAME})?"
_BESIDE = r"(?:\[[A-Za-z0-9_+/-]{1,40}\])?(?(zone)(?:\s+(?:[A-Z]{2,5}|\([^()]*\)))?|)"
"""The zone by its name as well."""
_SPELLINGS = tuple(
    re.compile(form + r"\s*" + _ZONE + _BESIDE)
    for form in (
        r"(?P<y>[0-9]{4})(?P<sep>[-/ ])(?P<m>[0-9]{1,2})(?P=sep)(?P<d>[0-9]{1,2})(?:[Tt]|\s+)"
        r"(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?",
        r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})[Tt]"
        r"(?P<H>[0-9]{2})(?P<M>[0-9]{2})(?:(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?",
    )
)
_IN_DATE = re.compile(r"/Date\(([0-9]{12,13})(?:[+-][0-9]{4})?\)/")
"""Milliseconds, as .NET puts them into JSON; the zone behind them moves no moment."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGITS_OF_A_TIME = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
_EXCEL_DAYS = (36_526, 73_050)
"""Of 2000-01-01 and 2099-12-31."""
_ZONES_OF_UTC = ("Z", "UTC", "GMT")
_Local = tuple[str | None, str | None]
"""A local time as ISO 8601 and its zone, None where it has none."""
_NONE: _Local = (None, None)
_CLOCKS = ("%H", "%I", "%c", "%X")


def unit_of(text: str) -> str | None:
    """The unit in which a number is a moment of this century; the units' ranges do not meet."""
    if not _NUMBER.fullmatch(text):
        return None
    value = int(Decimal(text))
    for unit in EPOCH_UNITS:
        if MIN_TIME_MS * 1_000_000 <= value * UNIT_NS[unit] < MAX_TIME_MS * 1_000_000:
            return unit
    return None


def is_number(text: str) -> bool:
    """Whether a time is a number of some unit."""
    return bool(_NUMBER.fullmatch(text))


def is_excel_day(text: str) -> bool:
    """Whether a number can be a day of this century as Excel counts them."""
    return bool(_NUMBER.fullmatch(text)) and _EXCEL_DAYS[0] <= float(text) < _EXCEL_DAYS[1] + 1


def has_zone(form: str) -> bool:
    """Whether what is written in a format as in strptime says its zone."""
    return "%z" in form or "%Z" in form or form.endswith(_ZONES_OF_UTC)


def column_unit(column: str, numbers: Iterable[str], options: ReadOptions) -> str | None:
    """The one unit of a column's numbers, None without any. UsageError when there are two, or none fits."""
    if options.time_unit is not None or options.time_formats:
        return options.time_unit
    found: dict[str | None, str] = {}
    for text in numbers:
        found.setdefault(unit_of(text), text)
    units = [unit for unit in EPOCH_UNITS if unit in found]
    if len(units) > 1:
        shown = " and ".join(f"{found[unit]} in {unit}" for unit in units)
        raise UsageError(
            f"{column} counts in {len(units)} units: {shown}",
            hint=f"say which with --time-unit {units[0]}; rows of another are refused then",
            code="ambiguous_time",
        )
    if found and not units:
        first = next(iter(found.values()))
        raise UsageError(
            f"{column} holds {first!r}, which is no moment since 2000 in s, ms, us or ns",
            hint=_hint_for_number(first),
            code="ambiguous_time",
        )
    return units[0] if units else None


def _hint_for_number(text: str) -> str:
    form = _DIGITS_OF_A_TIME.get(len(text))
    if form is not None and parsed(text, form) is not None:
        return f"say how it is written: --time-format {form} --zone UTC"
    if is_excel_day(text):
        return f"if Excel wrote it, it counts days: --time-start {EXCEL_START} --time-unit d"
    return "say what it counts from: --time-start 2026-01-01T00:00:00Z --time-unit s (or h)"


class Times:
    """Reads one column of times, and when labels became known. `twice` counts times in an hour that their
    zone had twice (the first is taken), `days` labels that are dated by the day alone."""

    def __init__(self, options: ReadOptions, unit: str | None) -> None:
        self._formats, self._unit = options.time_formats, unit
        self._forms = [(form, has_zone(form)) for form in options.time_formats]
        found = None if options.zone is None else zone_of(options.zone)
        self._place = None if found is None else Place(found)
        self._zones = Zones(options.zone_names)
        self._start_ms = options.time_start_ms or 0
        self.twice = self.days = 0

    def ms(self, value: Any) -> int:
        """Epoch milliseconds. Refusal with the value, and the nearest form that is right."""
        if isinstance(value, bool) or not isinstance(value, str):
            raise Refusal("wrong_type", "event_time is neither a string nor a number")
        if not self._formats:
            if isinstance(value, Number) or value.isdigit():
                return self._counted(value)
            try:
                return parse_time(value)
            except Refusal as refusal:
                if _NUMBER.fullmatch(value):
                    return self._counted(value)
                if refusal.code != "bad_event_time":
                    raise Refusal(refusal.code, f"{value[:40]!r} is {refusal.detail}") from None
        return self._spelt(value)

    def known_ms(self, value: Any) -> int:
        """When a label became known, as `ms`, but numbers by their own unit, and what is of no format also in
        ISO 8601. A day alone is its end: by then it was known."""
        if not isinstance(value, str):
            return self.ms(value)
        if unit := unit_of(value):
            return int(Decimal(value) * UNIT_NS[unit]) // 1_000_000
        if day := self._day(value):
            self.days += 1
            return self._from_local(f"{day + timedelta(days=1):%Y-%m-%d}T00:00:00", value, "UTC")
        if self._forms and self._by_format(value) == _NONE:
            return self._as_iso(value)
        return self.ms(value)

    def _day(self, text: str) -> datetime | None:
        if _DATE.fullmatch(text):
            return parsed(text, "%Y-%m-%d")
        days = (form for form, _ in self._forms if not any(mark in form for mark in _CLOCKS))
        return next((found for form in days if (found := parsed(text, form))), None)

    def _counted(self, text: str) -> int:
        unit = self._unit or "ms"
        if not _NUMBER.fullmatch(text):
            raise Refusal("bad_event_time", f"{text[:40]!r} is no number of {unit}")
        found = self._start_ms + _whole_ms(text, unit)
        if MIN_TIME_MS <= found < MAX_TIME_MS:
            return found
        other = unit_of(text)
        hint = f", but of {other}: a column is one unit, see --time-unit" if other else ""
        what = f"{text[:40]!r} is no number of {unit} within 2000-01-01 and 2100-01-01{hint}"
        raise Refusal("event_time_out_of_range", what)

    def _spelt(self, text: str) -> int:
        found = self._by_format(text) if self._formats else _by_spelling(text)
        if self._formats and found == _NONE and not _NUMBER.fullmatch(text):
            with suppress(Refusal):
                return parse_time(text)  # which has a zone, and no other meaning
        return self._moment(text, *found)

    def _as_iso(self, text: str) -> int:
        return self._moment(text, *_by_spelling(text))

    def _moment(self, text: str, local: str | None, zone: str | None) -> int:
        if local is None:
            raise Refusal("bad_event_time", f"{text[:40]!r}: {self._advice(text)}")
        if zone is None:
            return self._from_local(local, text)
        offset = OFFSET.fullmatch(zone)
        if offset is None and zone not in "Zz":
            return self._named(zone, local, text)
        return parse_time(f"{local}{zone if offset is None else _padded(*offset.groups(default='00'))}")

    def _from_local(self, local: str, text: str, else_zone: str | None = None) -> int:
        as_utc = parse_time(f"{local}Z")
        if self._place is None:
            if else_zone == "UTC":
                return as_utc
            raise Refusal("bad_event_time", f"{text[:40]!r} has no zone: give --zone UTC, or write {local}Z")
        return self._utc(as_utc, *self._place.ahead(as_utc, text))

    def _named(self, zone: str, local: str, text: str) -> int:
        as_utc = parse_time(f"{local}Z")
        return self._utc(as_utc, *self._zones.ahead(zone, as_utc, text))

    def _utc(self, local_ms: int, ahead_ms: int, came_twice: bool) -> int:
        self.twice += came_twice
        return local_ms - ahead_ms

    def _by_format(self, text: str) -> _Local:
        """By the formats given. One that two of them read as different moments is refused."""
        found = {one for form, zoned in self._forms if (one := _read_by(text, form, zoned)) != _NONE}
        if len(found) > 1:
            raise Refusal("bad_event_time", f"{text[:40]!r} is another time by each --time-format")
        return found.pop() if found else _NONE

    def _advice(self, text: str) -> str:
        if self._formats:
            return f"not of the form {' or '.join(self._formats)}"
        nearest = _nearest(text)
        if nearest is not None:
            return f"write {nearest}"
        if _DATE.fullmatch(text):
            return f"a day is no time: write {text}T00:00:00Z, or give --time-format %Y-%m-%d --zone UTC"
        return "write it like 2026-01-31T10:00:00Z, or give its form: --time-format '%d.%m.%Y %H:%M'"


def _whole_ms(text: str, unit: str) -> int:
    """A number of a unit in milliseconds: of seconds and below cut as on the wire, of larger ones the
    nearest, for a share of a day is no exact decimal."""
    if text.lstrip("-").isdigit():
        return int(text) * UNIT_NS[unit] // 1_000_000
    ns = int(Decimal(text) * UNIT_NS[unit])
    return (ns + (0 if unit in EPOCH_UNITS else 500_000)) // 1_000_000


def _read_by(text: str, form: str, zoned: bool) -> _Local:
    if "%Z" in form:
        named = parsed_with_zone(text, form)
        if named is None:
            return _NONE
        zone = "+00:00" if named[1].upper() in _ZONES_OF_UTC else named[1]
        return named[0].isoformat(timespec="milliseconds"), zone
    moment = parsed(text, form, zoned)
    if moment is None:
        return _NONE
    plain = moment if moment.tzinfo is None else moment.astimezone(UTC)
    local = plain.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return local, None if moment.tzinfo is None else "+00:00"


def _padded(sign: str, hours: str, minutes: str) -> str:
    return f"{sign}{hours:0>2}:{minutes}"


def _by_spelling(text: str) -> _Local:
    """The local time as ISO 8601, and the zone as the wire writes it if the text has one."""
    for spelling in _SPELLINGS:
        if found := spelling.fullmatch(text):
            part = found.groupdict(default="")
            fraction = f".{part['f']}" if part["f"] else ""
            local = (
                f"{part['y']}-{part['m']:0>2}-{part['d']:0>2}T{part['H']:0>2}:{part['M']}"
                f":{part['S'] or '00'}{fraction}"
            )
            try:
                parse_time(f"{local}Z")
            except Refusal as refusal:
                if refusal.code == "bad_event_time":
                    return _NONE
                raise Refusal(refusal.code, f"{text[:40]!r} is {refusal.detail}") from None
            return local, part["zone"] or None
    counted = _IN_DATE.fullmatch(text)
    return _NONE if counted is None else (format_time(int(counted[1])).rstrip("Z"), "Z")


def _nearest(text: str) -> str | None:
    """The form that was probably meant, for what is nearly right."""
    for changed in (text.replace("\u2212", "-"), text.replace(":60", ":59.999"), _next_midnight(text)):
        local, zone = _by_spelling(changed)
        if local is not None and changed != text:
            return f"{local}{zone or 'Z'}"
    try:
        return format_time(int(parsedate_to_datetime(text).timestamp() * 1000))
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def _next_midnight(text: str) -> str:
    found = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]24:00(?::00)?(.*)", text)
    if found is None:
        return text
    day = parsed(found[1], "%Y-%m-%d")
    return text if day is None else f"{day + timedelta(days=1):%Y-%m-%d}T00:00:00{found[2]}"
