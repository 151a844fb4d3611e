"""Zones of the clock as data: when its offset changes, from 2000 to 2100, as a rule set's content holds it.

A file of a rule set names a zone (`settings: {zone: Europe/Berlin}`); reading it puts the zone's changes, and
the version of the zone data they are from, into the content (`zones`). From then on nobody looks at a table
of zones again: what is computed from the content is the same on every machine and in every year.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any, Final, TypeGuard
from zoneinfo import ZoneInfo

from pipeline.records.quantities import MAX_TIME_MS, MIN_TIME_MS
from pipeline.settings.document import Content

SECTION: Final = "zones"
_DATA: Final = "tzdata.zoneinfo"
_FIRST_S: Final = MIN_TIME_MS // 1_000
_LAST_S: Final = MAX_TIME_MS // 1_000
_DAY_S: Final = 86_400
_MOST_S: Final = 86_400
_MOST_CHANGES: Final = 2_000

Complain = Callable[[tuple[str, ...], str], None]


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone: `offsets_s[n]` (east of UTC) holds from `since_s[n - 1]` (epoch) on, the first from the
    beginning."""

    name: str
    version: str
    since_s: tuple[int, ...]
    offsets_s: tuple[int, ...]

    def as_document(self) -> dict[str, object]:
        """As a rule set's content has it."""
        return {"version": self.version, "since_s": list(self.since_s), "offsets_s": list(self.offsets_s)}


@lru_cache(maxsize=64)
def known(name: str) -> Zone | None:
    """The zone of that name by the zone data that comes along; None where there is none."""
    try:
        folder, *inner = name.split("/")
        data = resources.files(_DATA).joinpath(folder, *inner).read_bytes()
        info = ZoneInfo.from_file(io.BytesIO(data))
    except (OSError, ValueError, ModuleNotFoundError):
        return None
    since, offsets = [], [_offset(info, _FIRST_S)]
    for one, other in pairwise(range(_FIRST_S, _LAST_S + _DAY_S, _DAY_S)):
        if _offset(info, other) != offsets[-1]:
            since.append(_change(info, one, other))
            offsets.append(_offset(info, other))
    return Zone(name, _version(), tuple(since), tuple(offsets))


def _version() -> str:
    """Of the zone data that comes along, such as 2026a: it opens with `# version 2026a`."""
    with resources.files(_DATA).joinpath("tzdata.zi").open(encoding="utf-8") as text:
        return text.readline().rpartition(" ")[2].strip()


def _offset(info: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, info).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _change(info: ZoneInfo, before: int, after: int) -> int:
    """The second between the two from which on the offset is that of the later one."""
    wanted = _offset(info, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(info, middle) == wanted:
            after = middle
        else:
            before = middle
    return after


def embedded(content: Any, complain: Complain) -> Any:
    """The content of a file with the zone that it names."""
    if not isinstance(content, Mapping):
        return content
    if SECTION in content:
        complain((SECTION,), "is made from the zone that settings name")
    settings = content.get("settings")
    name = settings.get("zone") if isinstance(settings, Mapping) else None
    if name is None:
        return content
    zone = known(name) if isinstance(name, str) and ".." not in name else None
    if zone is None:
        complain(("settings", "zone"), f"{name!r:.60} is no zone such as Europe/Berlin or UTC")
        return (
            {**content, "settings": {**settings, "zone": None}} if isinstance(settings, Mapping) else content
        )
    return {**content, SECTION: {zone.name: zone.as_document()}}


def read(content: Content, name: object, complain: Complain) -> Zone | None:
    """The zone of that name in a content; None when there is none, which has been said."""
    section = content.get(SECTION)
    held = section.get(name) if isinstance(section, Mapping) else None
    if not isinstance(name, str) or not isinstance(held, Mapping):
        complain(("settings", "zone"), f"{name!r:.60} is not among the zones of the content")
        return None
    since, offsets, version = held.get("since_s"), held.get("offsets_s"), held.get("version")
    if not (_are_whole(since, _LAST_S) and _are_whole(offsets, _MOST_S) and isinstance(version, str)):
        complain((SECTION, name), "is not a version, moments and offsets")
        return None
    if len(offsets) != len(since) + 1 or any(one >= other for one, other in pairwise(since)):
        complain((SECTION, name), "has not one offset more than moments, in their order")
        return None
    return Zone(name, version[:60], tuple(since), tuple(offsets))


def _are_whole(numbers: Any, most: int) -> TypeGuard[list[int]]:
    return (
        isinstance(numbers, list)
        and len(numbers) <= _MOST_CHANGES
        and all(type(one) is int and abs(one) <= most for one in numbers)
    )
