"""From the columns of a time to the options that read it: unit, formats, zone."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from fraudctl.files.mapping import Said
from fraudctl.files.time_names import AMBIGUOUS
from fraudctl.files.times import has_zone
from fraudctl.files.zones import options_for
from fraudctl.inspection import fitting, names, numbers, times
from fraudctl.inspection.columns import Column
from fraudctl.inspection.notes import How, Proposal


class Clock:
    """Reads the columns that are the time of a payment. `columns` are all of the file; `is_told` says that
    which of them these are was said."""

    def __init__(self, columns: Mapping[str, Column], proposal: Proposal, is_told: bool) -> None:
        self._columns, self._proposal, self._is_told = columns, proposal, is_told

    def propose(self, found: list[Column]) -> None:
        """Add the options that the cells need; a column of zones beside them is added to them."""
        said = self._proposal.said
        if not found:
            text = fitting.nothing_like("event_time", "a time", self._columns.values(), said.drop or ())
            within = [f"--records {one.name}" for one in self._columns.values() if "objects" in one.types]
            self._proposal.note(How.open, text, "--map event_time=COLUMN", "--time-format FORMAT", *within)
        elif len(found) == 1 and fitting.is_counted(found[0]):
            if not self._is_told and (day := fitting.day_beside(found[0], self._columns.values())):
                text = f"{found[0].name} may be the clock of {day.name}, without zeros and colons"
                count = f"--map event_time={shlex.quote(found[0].name)}"
                self._proposal.note(How.open, text, "write it as 09:30:00", count)
            else:
                self._numbers(found[0])
        elif said.time_format:
            self._zone(found[0].name, not all(map(has_zone, said.time_format)))
        else:
            self._spelt(found)
            if len(found) == 1 and found[0].rows > 1 and not fitting.has_clock(found[0]):
                text = f"{found[0].name} holds days without a clock: all rows of a day are of one moment"
                self._proposal.note(How.assumed, text, "--map event_time=DAY+CLOCK")

    def _numbers(self, column: Column) -> None:
        if forms := self._proposal.said.time_format:
            self._zone(column.name, not all(map(has_zone, forms)))
        if (days := numbers.propose(column.name, column.cells(), self._proposal)) is not None:
            self._formats(column.name, days)

    def _spelt(self, found: list[Column]) -> None:
        name = " ".join(one.name for one in found)
        written = times.written(joined(found), self._proposal.said.zone_name)
        if written.is_local and not self._is_told and (zone := self._zone_beside(found)) is not None:
            otherwise = f"--map event_time={'+'.join(one.name for one in found)}"
            self._proposal.note(How.assumed, f"{zone.name} is the zone of {name}", otherwise)
            found.append(zone)
            name = "+".join(one.name for one in found)
            self._proposal.said = Said(map={"event_time": name}).over(self._proposal.said)
            written = times.written(joined(found), self._proposal.said.zone_name)
        if written.is_local and self._proposal.said.zone is None and not self._is_told:
            self._unknown_zones(found)
        self._formats(name, written)

    def _unknown_zones(self, found: Sequence[Column]) -> None:
        """Ask where a column says in which zones the times are, and not by names that are known."""
        named = (one for one in self._columns.values() if one not in found and names.is_zone(one.name))
        for one in named:
            if one.examples and not times.are_zones(one.cells()):
                text = f"{one.name} holds {one.examples[0]!r}, which is no zone that is known"
                self._proposal.note(How.open, text, "--zone America/New_York")

    def _zone_beside(self, found: Sequence[Column]) -> Column | None:
        """A column that says of each time in which zone it is."""
        free = (one for one in self._columns.values() if one not in found)
        return next((one for one in free if names.is_zone(one.name) and times.are_zones(one.cells())), None)

    def _formats(self, name: str, found: times.Written) -> None:
        if found.formats:
            self._proposal.say(Said(time_format=tuple(found.formats)))
            self._proposal.note(How.recognised, f"{name} is written as {' and '.join(found.formats)}")
        for why in found.why:
            self._proposal.note(How.assumed, f"{name}: {why}")
        for forms in found.either:
            text = f"{name} can be read as {' or '.join(forms)}"
            self._proposal.note(How.open, text, *(f"--time-format '{form}'" for form in forms))
        self._zone_names(name, found.zones)
        self._zone(name, found.is_local)

    def _zone_names(self, name: str, found: Sequence[str]) -> None:
        known = self._proposal.said.zone_name or {}
        for zone in found:
            if zone in AMBIGUOUS and zone not in known:
                text = f"{name} is in {zone}, which is the name of several zones"
                self._proposal.note(How.open, text, *options_for(zone))
        sure = [f"{zone} is {times.ahead(zone)}" for zone in found if zone not in AMBIGUOUS]
        if sure:
            self._proposal.note(How.recognised, f"{name} names its zones: {', '.join(sure)}")

    def _zone(self, name: str, is_local: bool) -> None:
        if is_local and self._proposal.said.zone is None:
            self._proposal.say(Said(zone="UTC"))
            if names.UTC.search(name):
                self._proposal.note(How.recognised, f"{name} has no zone; its name says UTC")
            else:
                text = f"{name} has no zone: taken as UTC"
                self._proposal.note(How.assumed, text, "--zone Europe/Berlin")


def joined(found: Sequence[Column]) -> list[str]:
    """Cells of columns that are a time together: all of each beside the first ones of the others."""
    if len(found) == 1:
        return found[0].cells()
    first = [one.examples[0] for one in found]
    cells = [" ".join(first)]
    if len(found) < 4 or not first[0].isdigit():
        for place, one in enumerate(found):
            cells += [" ".join([*first[:place], cell, *first[place + 1 :]]) for cell in one.cells()]
    return list(dict.fromkeys(cells))
