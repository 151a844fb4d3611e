"""Amounts, numbers and times: how they are read from the wire and written to it, exactly.

Knows the two quantities every transaction has; knows nothing of the transaction around them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

UNITS: Final = 10_000
"""Amount units in one unit of currency: an amount is an integer of 1/10,000."""

MAX_UNITS: Final = 10**18
MIN_TIME_MS: Final = 946_684_800_000
MAX_TIME_MS: Final = 4_102_444_800_000

_AMOUNT_DIGITS: Final = 4
_MINUTE_MS: Final = 60_000
_DAY_MINUTES: Final = 1_440
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SIMPLE = re.compile(r"(-?)([0-9]{1,14})(?:\.([0-9]{1,4}))?")
_LITERAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)0*([0-9]+))?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r"(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)"
)
_USUAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}):([0-5][0-9])(?:\.([0-9]{3}))?Z")
_EPOCH_MS = re.compile(r"-?[0-9]+")
_DAYS_IN_MONTH: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Refusal(Exception):
    """Why a record is not a transaction: a short stable code, then detail. `str()` is `code: detail`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Number(str):
    """A numeric field as written: the raw JSON literal. `float(n)` gives its double."""

    __slots__ = ()


def parse_amount(text: str) -> int:
    """The units of a JSON number literal, exactly. Raises `Refusal` bad_amount.

    Value, not spelling, decides: 1e3 and 1.50000 are fine, 0.00001 and 1e14 are not; -0 is 0.
    """
    if simple := _SIMPLE.fullmatch(text):
        sign, whole, fraction = simple.groups()
        units = int(whole) * UNITS + (int(fraction.ljust(_AMOUNT_DIGITS, "0")) if fraction else 0)
        return -units if sign else units
    match = _LITERAL.fullmatch(text)
    if match is None:
        raise Refusal("bad_amount", "not a number")
    sign, whole, fraction, exponent_sign, exponent_digits = match.groups(default="")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 0
    # An exponent of ten digits and more outweighs any literal that fits into a record.
    exponent = int(exponent_digits[:10] or "0") * (-1 if exponent_sign == "-" else 1)
    shift = exponent - len(fraction) + len(digits) - len(significant) + _AMOUNT_DIGITS
    if shift < 0:
        raise Refusal("bad_amount", f"more than {_AMOUNT_DIGITS} digits after the point")
    if len(significant) + shift > len(str(MAX_UNITS)) - 1:
        raise Refusal("bad_amount", "too large: below 1e14 is accepted")
    units = int(significant + "0" * shift)
    return -units if sign else units


def amount_text(units: int) -> str:
    """The shortest exact decimal text of an amount: `12.5`, `-0.0001`, `3`."""
    whole, rest = divmod(abs(units), UNITS)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:04d}".rstrip("0") if rest else f"{sign}{whole}"


@lru_cache(maxsize=64)
def format_time(time_ms: int) -> str:
    """Epoch milliseconds as ISO 8601 in UTC with exactly three fraction digits and Z."""
    minutes, of_minute_ms = divmod(time_ms, _MINUTE_MS)
    second, ms = divmod(of_minute_ms, 1000)
    return f"{_minute(minutes)}:{second:02d}.{ms:03d}Z"


@lru_cache(maxsize=16_384)
def _minute(minutes: int) -> str:
    days, minute = divmod(minutes, _DAY_MINUTES)
    return f"{_day(days)}T{minute // 60:02d}:{minute % 60:02d}"


@lru_cache(maxsize=4_096)
def _day(days: int) -> str:
    return f"{_EPOCH + timedelta(days=days):%Y-%m-%d}"


def parse_time(value: str | int) -> int:
    """Epoch milliseconds of an event time. Raises `Refusal` bad_event_time or event_time_out_of_range.

    An int or a `Number` is epoch milliseconds and must be written as a plain integer. A string is
    `YYYY-MM-DD`, `T`, `t` or a space, `HH:MM`, optionally `:SS` and a fraction of any length (cut to
    milliseconds), then `Z`, `z` or an offset `+HH`, `+HHMM`, `+HH:MM` below 24 hours. No leap second, no
    24:00. The time must lie in [2000-01-01, 2100-01-01) UTC.
    """
    time_ms = _epoch_ms(str(value)) if isinstance(value, int | Number) else _iso_ms(value)
    if not MIN_TIME_MS <= time_ms < MAX_TIME_MS:
        raise Refusal("event_time_out_of_range", "not within 2000-01-01 and 2100-01-01")
    return time_ms


def _epoch_ms(text: str) -> int:
    if not _EPOCH_MS.fullmatch(text):
        raise Refusal("bad_event_time", "a number must be whole milliseconds")
    return int(text[:20])


def _iso_ms(text: str) -> int:
    """Most times are written in one way, and lie in a minute of which others have come."""
    usual = _USUAL.fullmatch(text)
    if usual is None:
        return _any_iso_ms(text)
    minute, second, ms = usual.groups()
    return _minute_ms(minute) + int(second) * 1000 + (int(ms) if ms else 0)


@lru_cache(maxsize=65_536)
def _minute_ms(minute: str) -> int:
    return _any_iso_ms(f"{minute}Z")


def _any_iso_ms(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise Refusal("bad_event_time", "not ISO 8601 with a zone")
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    days = _days_since_epoch(int(year), int(month), int(day))
    of_day, second_of, offset = int(hour) * 60 + int(minute), int(second or 0), 0
    is_valid = days is not None and int(hour) < 24 and int(minute) < 60 and second_of < 60
    if sign:
        ahead = int(offset_hours) * 60 + int(offset_minutes or 0)
        is_valid = is_valid and int(offset_hours) < 24 and int(offset_minutes or 0) < 60
        offset = -ahead if sign == "-" else ahead
    if days is None or not is_valid:
        raise Refusal("bad_event_time", "no such time")
    ms = int(fraction[:3].ljust(3, "0")) if fraction else 0
    return ((days * 1_440 + of_day - offset) * 60 + second_of) * 1000 + ms


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in_month(year: int, month: int) -> int:
    return 29 if month == 2 and _is_leap(year) else _DAYS_IN_MONTH[month - 1]


@lru_cache(maxsize=4_096)
def _days_since_epoch(year: int, month: int, day: int) -> int | None:
    """None where there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= _days_in_month(year, month)):
        return None
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400
    days_before_month = sum(_days_in_month(year, m) for m in range(1, month))
    return before * 365 + leaps + days_before_month + day - 1 - 719_162
