"""Durations as people write them: `500ms`, `30s`, `1.5m`, `24h`, `30d`, `1w`.

The one grammar of rule sets, profiles, scenarios, faults and options: a number and a unit, nothing around
them. Where a text is part of what is hashed or kept (rule sets, profiles) the number is whole.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

_MS: Final = timedelta(milliseconds=1)
MOST_MS: Final = timedelta(days=100 * 365) // _MS
"""What no duration may exceed: a hundred years."""
PATTERN: Final = "[0-9]{1,12}(ms|s|m|h|d|w)"
"""What a whole duration matches, as a regular expression of JSON Schema."""
PATTERN_WITH_FRACTION: Final = r"[0-9]{1,12}(\.[0-9]{1,9})?(ms|s|m|h|d|w)"

_UNITS_MS: Final = {
    "ms": 1,
    "s": timedelta(seconds=1) // _MS,
    "m": timedelta(minutes=1) // _MS,
    "h": timedelta(hours=1) // _MS,
    "d": timedelta(days=1) // _MS,
    "w": timedelta(weeks=1) // _MS,
}
_WRITTEN: Final = ("d", "h", "m", "s", "ms")
_FORM = re.compile(r"([0-9]{1,12}(\.[0-9]{1,9})?)(ms|s|m|h|d|w)")
_SHOWN = 60


def parse(text: object, least_ms: int = 0, most_ms: int = MOST_MS, *, whole: bool = False) -> int:
    """The milliseconds of a duration; with `whole`, fractions such as `1.5m` are none.

    Raises ValueError for what is no duration, and for one out of bounds.
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    exact = Decimal(match[1]) * _UNITS_MS[match[3]] if match else Decimal("0.1")
    if match is None or exact % 1 or (whole and match[2]):
        given = str(text) if text is None or isinstance(text, str | bool | float) else type(text).__name__
        raise ValueError(f"{given[:_SHOWN]!r} is not a duration such as 500ms, 30s, 5m, 24h or 30d")
    return _within(int(exact), least_ms, most_ms)


def write(length_ms: int) -> str:
    """The text in the largest unit up to days that `parse` reads as that many milliseconds."""
    for unit in _WRITTEN:
        size_ms = _UNITS_MS[unit]
        if length_ms and length_ms % size_ms == 0:
            return f"{length_ms // size_ms}{unit}"
    return f"{length_ms}ms"


def show(length_ms: int) -> str:
    """The same for who reads it and never writes it: `1d 15m` for what is 1455m in one unit."""
    shown, left_ms = [], length_ms
    for unit in _WRITTEN:
        count, left_ms = divmod(left_ms, _UNITS_MS[unit])
        if count:
            shown.append(f"{count}{unit}")
    return " ".join(shown) or "0ms"


def _within(length_ms: int, least_ms: int, most_ms: int) -> int:
    if least_ms == 1 and length_ms < 1:
        raise ValueError("must be above 0")
    if not least_ms <= length_ms <= most_ms:
        raise ValueError(f"must be from {write(least_ms)} to {write(most_ms)}, not {write(length_ms)}")
    return length_ms
