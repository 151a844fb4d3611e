"""The formats in which programs write times: which a column may be in is told by how its cells are built."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import product

from fraudctl.inspection.columns import shape_of

_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%y-%m-%d", "%y.%m.%d", "%Y%m%d", "%y%m%d",
    "%G-W%V-%u", "%GW%V%u", "%Y-%j", "%Y%j", "%Y.%m.%d.",
    "%d-%b-%Y", "%d-%b-%y", "%d%b%Y", "%d %b %Y", "%d %b %y", "%d %b, %Y", "%d. %b %Y", "%d.%b.%Y",
    "%d/%b/%Y", "%b %d, %Y", "%b %d %Y", "%b-%d-%Y", "%Y-%b-%d", "%Y %b %d",
    "%Y年%m月%d日", "%Y년 %m월 %d일", "%Y. %m. %d", "%Y. %m. %d.",
    "%a %b %d %Y", "%a %b %d, %Y", "%a, %b %d, %Y", "%a %d %b %Y", "%a, %d %b %Y", "%a, %d. %b %Y",
    "%a, %d-%b-%y", "%d%b%y",
)  # fmt: skip
"""Names of months and days stand for those of other languages, and those in full."""
_CLOCKS = (
    "", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H.%M", "%H.%M.%S",
    "%H%M%S", "%H", "%Hh%M",
)  # fmt: skip
_BEFORE_DATES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
_JOINTS = (" ", "T", ", ", " - ", ":")
_WHOLE = (
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M%S%f",
    "%Y%m%d%H%M",
    "%y%m%d%H%M%S",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S %Z %Y",
    "%d-%b-%y %I.%M.%S.%f %p",
    "%d-%b-%y %I.%M.%S %p",
    "%Y-%m-%d-%H.%M.%S.%f",
    "%Y-%m-%d-%H.%M.%S",
    "%Y-%m-%d %H %M",
    "%Y年%m月%d日 %H时%M分%S秒",
    "%Y年%m月%d日 %H時%M分%S秒",
    "%Y年%m月%d日%H时%M分%S秒",
    "%Y年%m月%d日%H時%M分%S秒",
)
"""Without marks, as mail and the web do, as C and Java, as Oracle and DB2, with clocks in words."""
_MIDNIGHTS = (
    "%Y-%m-%d 00:00:00",
    "%Y-%m-%dT00:00:00",
    "%d.%m.%Y 00:00:00",
    "%d/%m/%Y 00:00:00",
    "%m/%d/%Y 00:00:00",
    "%m/%d/%Y 12:00:00 AM",
)
"""A day as programs write it that know no days; the clock stands in another column."""
_ZONES = ("", "%z", " %z", " UTC", " GMT", " GMT%z", " %Z", "%Z")
_PLACES = ("CET", "Europe/Berlin", "America/New_York")
"""Names of zones as they are built."""
_EXAMPLE = datetime(2024, 5, 13, 10, 11, 12)


def _candidates() -> Iterator[str]:
    yield from _WHOLE
    yield from (f"{clock} {date}" for date, clock in product(_DATES, _BEFORE_DATES))
    for date, clock, zone in product((*_DATES, *_MIDNIGHTS), _CLOCKS, _ZONES):
        for joint in _JOINTS if clock else ("",):
            yield f"{date}{joint}{clock}{zone}"


@cache
def by_shape() -> dict[str, list[str]]:
    """The formats by how a text of each is built; trying all of them on a cell would take a second."""
    found: dict[str, list[str]] = {}
    for form in _candidates():
        text = _EXAMPLE.strftime(form.replace("%z", "\1").replace("%f", "\2").replace("%Z", "\1"))
        zones = (
            ("Z", "+00:00", "+0000", "-00:00", "-0000")
            if "%z" in form
            else _PLACES
            if "%Z" in form
            else ("",)
        )
        fractions = ["0" * digits for digits in range(1, 7)] if "%f" in form else [""]
        for zone, fraction in product(zones, fractions):
            found.setdefault(shape_of(text.replace("\1", zone).replace("\2", fraction)), []).append(form)
    return {shape: list(dict.fromkeys(forms)) for shape, forms in found.items()}
