"""What a column of times is: its unit, its formats, whether it has a zone. Two readings are no guess."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from fraudctl.files.options import ReadOptions
from fraudctl.files.time_names import AMBIGUOUS, ZONE_MINUTES, in_english, parsed, parsed_with_zone, zones_in
from fraudctl.files.times import Times, has_zone, is_excel_day, unit_of
from fraudctl.files.zones import Zones
from fraudctl.inspection import time_forms
from fraudctl.inspection.columns import shape_of
from pipeline.records.quantities import Refusal

_BLANK = re.compile(r"\s+")
_EACH_BAD = 50
"""Of so many cells that are built alike one may be no time (31/02/2024, 00/00/0000), and one of a few."""
_A_FEW = 5
_NEAR = timedelta(days=31)
_FAR_CLOSER = 10


@dataclass(slots=True)
class Written:
    """How the cells are written. `formats` is empty where ISO 8601 is enough; `is_local` where they have no
    zone, `zones` the names of those that they have but UTC. `either` holds the readings of cells that have
    two, `why` what decided between them; `unread` are cells that are no times at all."""

    formats: list[str] = field(default_factory=list)
    is_local: bool = False
    either: list[tuple[str, ...]] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    read: int = 0


def numbers_units(cells: Iterable[str]) -> list[str]:
    """The units in which at least half of the numbers are moments of this century, the most frequent first;
    none where they count from something else."""
    found = Counter(map(unit_of, cells))
    others = found.pop(None, 0)
    return [str(unit) for unit, _ in found.most_common()] if found.total() >= others else []


def are_excel_days(cells: Sequence[str]) -> bool:
    """Whether all numbers are days as Excel counts them: 45413 is 2024-05-01."""
    return bool(cells) and all(map(is_excel_day, cells))


def are_written_as(cells: Sequence[str], form: str) -> bool:
    """Whether all of the cells are times since 2000 by that format."""
    found = [_parsed(cell, form) for cell in cells]
    return bool(found) and all(one is not None and one.year >= 2000 for one in found)


def are_known(cells: Sequence[str], options: ReadOptions) -> bool:
    """Whether nearly all of the cells say when a label became known."""
    times = Times(options, None)
    return sum(_reads(times.known_ms, cell) for cell in cells) * 10 >= len(cells) * 9


def are_zones(cells: Sequence[str]) -> bool:
    """Whether all cells are zones: by a name that several may have, an offset, or a place."""
    zones = Zones(_any_zone(cells, None))
    return bool(cells) and all(_reads(lambda cell: zones.ahead(cell, 0, cell)[0], cell) for cell in cells)


def ahead(zone: str) -> str:
    """What a short name of one zone alone is ahead of UTC, as an offset."""
    hours, minutes = divmod(abs(ZONE_MINUTES[zone]), 60)
    return f"{'-' if ZONE_MINUTES[zone] < 0 else '+'}{hours:02}:{minutes:02}"


def written(cells: Sequence[str], zone_names: Mapping[str, str] | None = None) -> Written:
    """How texts are written, from different ones in the order of the file; `zone_names` says what names of
    zones stand for."""
    any_zone = _any_zone(cells, zone_names)
    local, zoned, rest = _iso(cells, any_zone)
    found = Written(is_local=bool(local), read=len(local) + len(zoned), zones=_zones(zoned))
    if not rest:
        return found
    known = [one for one in map(_naive, [*local, *zoned]) if one is not None]
    for same in _by_shape(rest).values():
        _add(found, same, known)
    if found.formats and (local or zoned):
        for same in _by_shape([*local, *zoned]).values():
            _add(found, same, known)
        # Formats stand in the place of ISO 8601, some spellings of which no format reads.
        if sum(any(_parsed(cell, form) for form in found.formats) for cell in cells) < len(local) + len(
            zoned
        ):
            return Written(is_local=bool(local), unread=rest, read=len(local) + len(zoned))
    if any("%Z" in form for form in found.formats):
        found.zones = _zones(cells)
    return found


def _zones(cells: Iterable[str]) -> list[str]:
    """Names of zones but UTC, in the order in which they come first."""
    found = dict.fromkeys(zone for cell in cells for zone in zones_in(cell))
    return [zone for zone in found if ZONE_MINUTES.get(zone) != 0]


def _any_zone(cells: Iterable[str], zone_names: Mapping[str, str] | None) -> dict[str, str]:
    """As what to read names that several zones have, for as long as nobody has said it."""
    found = {zone for cell in cells for zone in zones_in(cell) if zone in AMBIGUOUS}
    return dict.fromkeys(found, "+00:00") | dict(zone_names or {})


def _iso(cells: Sequence[str], any_zone: Mapping[str, str]) -> tuple[list[str], list[str], list[str]]:
    """Cells of ISO 8601 without a zone, with one, and the others."""
    plain, utc = (Times(ReadOptions(zone=zone, zone_names=any_zone), None) for zone in (None, "UTC"))
    local, zoned, rest = [], [], []
    for cell in cells:
        if not cell.isdigit() and _reads(plain.ms, cell):
            zoned.append(cell)
        elif not cell.isdigit() and _reads(utc.ms, cell):
            local.append(cell)
        else:
            rest.append(cell)
    return local, zoned, rest


def _reads(read: Callable[[str], int], cell: str) -> bool:
    try:
        read(cell)
    except Refusal as refusal:
        return refusal.code == "event_time_out_of_range"
    return True


def _add(found: Written, cells: list[str], known: list[datetime]) -> None:
    """The format of cells that are built alike; `known` are times that are sure."""
    forms = _forms(cells)
    if not forms:
        found.unread += cells
        return
    found.read += len(cells)
    forms, why = _nearer(forms, cells)
    if why:
        found.why.append(f"{cells[0]!r} is read as {forms[0]}: {why}")
    form = forms[0]
    if len(forms) > 1:
        form, why = _decided(forms, cells, known)
        if not why:
            found.either.append(tuple(forms))
        else:
            found.why.append(f"{cells[0]!r} is read as {form}: {why}")
    known += _read(cells[:100], form)
    found.is_local = found.is_local or not has_zone(form)
    if form not in found.formats:
        found.formats.append(form)


def _forms(cells: list[str]) -> list[str]:
    """The formats by which nearly all of the cells are times, those alone that differ in a moment."""
    forms = time_forms.by_shape().get(_shape(cells[0]), [])
    good = {form: sum(_parsed(cell, form) is not None for cell in cells) for form in forms}
    most = max(good.values(), default=0)
    if not most or len(cells) - most > max(len(cells) // _EACH_BAD, len(cells) >= _A_FEW):
        return []
    forms = [form for form in forms if good[form] == most]
    different: dict[tuple[datetime | None, ...], str] = {}
    for form in forms:
        different.setdefault(tuple(_without_zone(_parsed(cell, form)) for cell in cells), form)
    return list(different.values())


def _without_zone(found: datetime | None) -> datetime | None:
    """The clock's time: forms of one cell can differ in nothing else, for Z is both an offset and a name."""
    return None if found is None else found.replace(tzinfo=None)


def _shape(text: str) -> str:
    """How a text is built, whichever blanks it has: some programs write a narrow one before AM."""
    return shape_of(in_english(_BLANK.sub(" ", text)))


def _parsed(text: str, form: str) -> datetime | None:
    named = parsed_with_zone(text, form) if "%Z" in form else None
    found = named[0] if named else parsed(text, form)
    return found if found is not None and 1990 <= found.year < 2100 else None


def _nearer(forms: list[str], cells: list[str]) -> tuple[list[str], str]:
    """Of formats that take the first or the last of three numbers for the year, those by which the times lie
    far closer together, and why; all of them where that tells nothing."""
    first = [form for form in forms if form.startswith("%y")]
    others = [form for form in forms if form not in first]
    if not first or not others:
        return forms, ""
    spans = [min(_span(cells, form) for form in some) for some in (first, others)]
    why = "so the times lie closer together"
    if spans[0] * _FAR_CLOSER < spans[1]:
        return first, why
    return (others, why) if spans[1] * _FAR_CLOSER < spans[0] else (forms, "")


def _span(cells: list[str], form: str) -> timedelta:
    read = _read(cells, form)
    return max(read) - min(read)


def _decided(forms: list[str], cells: list[str], known: list[datetime]) -> tuple[str, str]:
    """The reading that fits with what is sure, and why; no reason where several fit."""
    if known:
        first, last = min(known) - _NEAR, max(known) + _NEAR
        near = [form for form in forms if all(first <= one <= last for one in _read(cells, form))]
        if len(near) == 1:
            return near[0], "so it lies among the other times of the column"
    if len(cells) > 2:
        rising = [form for form in forms if all(a <= b for a, b in pairwise(_read(cells, form)))]
        if len(rising) == 1:
            return rising[0], "so the rows are in the order of time"
    return forms[0], ""


def _read(cells: list[str], form: str) -> list[datetime]:
    found = (_parsed(cell, form) for cell in cells)
    return [one.replace(tzinfo=None) for one in found if one is not None]


def _naive(cell: str) -> datetime | None:
    try:
        return datetime.fromisoformat(cell).replace(tzinfo=None)
    except ValueError:
        return None


def _by_shape(cells: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for cell in cells:
        found.setdefault(_shape(cell), []).append(cell)
    return found
