"""Zones of local times: by the calendar of a place, by an offset, or by a short name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from fraudctl.errors import UsageError
from fraudctl.files.time_names import AMBIGUOUS, AREA, OFFSET, ZONE_MINUTES, offset_minutes
from pipeline.records.quantities import Refusal

if TYPE_CHECKING:
    import zoneinfo

_MINUTE_MS = 60_000


class Place:
    """A zone whose offset changes with the time of the year."""

    def __init__(self, zone: zoneinfo.ZoneInfo) -> None:
        self._zone = zone
        self._ahead = lru_cache(maxsize=4_096)(self._looked_up)

    def ahead(self, local_ms: int, text: str) -> tuple[int, bool]:
        """What a local time is ahead of UTC in milliseconds, and whether it came twice: then by the first.

        Refusal for one that the zone skipped.
        """
        found = self._ahead(local_ms // _MINUTE_MS)
        if found is None:
            raise Refusal("bad_event_time", f"{text[:40]!r} does not exist in {self._zone.key}")
        return found

    def _looked_up(self, minutes: int) -> tuple[int, bool] | None:
        naive = datetime(1970, 1, 1) + timedelta(minutes=minutes)
        first, second = (naive.replace(tzinfo=self._zone, fold=fold).utcoffset() for fold in (0, 1))
        assert first is not None
        if first != second:
            there = naive.replace(tzinfo=self._zone).astimezone(UTC).astimezone(self._zone)
            if there.replace(tzinfo=None) != naive:
                return None
        return int(first.total_seconds() * 1000), first != second


class Zones:
    """Zones by the names that stand beside times; `given` says what names stand for, an offset or a place."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = {name.upper(): zone for name, zone in given.items()}
        self._places: dict[str, Place | None] = {}

    def ahead(self, name: str, local_ms: int, text: str) -> tuple[int, bool]:
        """As of a place. Refusal for a name that nothing is known of, or that several zones have."""
        name = self._given.get(name.upper(), name)
        minutes = ZONE_MINUTES.get(name.upper(), offset_minutes(name))
        if minutes is not None:
            return minutes * _MINUTE_MS, False
        place = self._place(name)
        if place is None:
            raise Refusal("bad_event_time", f"{text[:40]!r}: {_unknown(name)}")
        return place.ahead(local_ms, text)

    def _place(self, name: str) -> Place | None:
        if name not in self._places:
            found = zone_of(name) if AREA.fullmatch(name) else None
            self._places[name] = None if found is None else Place(found)
        return self._places[name]


def zone_of(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of a place such as Europe/Berlin, None where there is none."""
    # What it brings along would double the time that a help takes.
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def check(name: str, zone: str) -> None:
    """UsageError for what an option cannot say of a name."""
    if not OFFSET.fullmatch(zone) and zone.upper() not in ZONE_MINUTES and zone_of(zone) is None:
        hint = f"write --zone-name {name}=+01:00 or --zone-name {name}=Europe/Berlin"
        raise UsageError(f"--zone-name {name}={zone}", hint=hint)


def options_for(name: str) -> list[str]:
    """Options that say what an ambiguous name stands for."""
    return [f"--zone-name {name}={offset}" for offset in AMBIGUOUS.get(name, ("+01:00",))]


def _unknown(name: str) -> str:
    what = "is the name of several zones" if name.upper() in AMBIGUOUS else "is no zone that is known"
    return f"{name} {what}, see {options_for(name.upper())[0]}"
