"""What a column of times in numbers counts, and from when."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fraudctl.files.mapping import Said
from fraudctl.files.options import EXCEL_START
from fraudctl.inspection import names, times
from fraudctl.inspection.notes import How, Proposal

_OF_TEN_DIGITS = ("%Y%m%d%H", "%y%m%d%H%M")
_PADDED = re.compile(r"0[0-9]+")
_START = "2020-01-01T00:00:00Z"


def propose(name: str, cells: Sequence[str], proposal: Proposal) -> times.Written | None:
    """Add the options that read the numbers. Where they are dates without marks (20240501), how these are
    written."""
    said, units = proposal.said, times.numbers_units(cells)
    if said.time_unit or said.time_format:
        return None
    if len(units) > 1:
        text = f"{name} counts in {' and in '.join(units)} since 1970: rows of the other are refused"
        proposal.note(How.open, text, *(f"--time-unit {unit}" for unit in units))
    elif units == ["s"] and (form := _as_hours(cells)):
        text = f"{name} counts seconds since 1970, or is written as {form}: {cells[0]}"
        proposal.note(How.open, text, "--time-unit s", f"--time-format {form} --zone UTC")
    elif units:
        proposal.note(How.recognised, f"{name} counts in {units[0]} since 1970")
    else:
        days = times.written(cells)
        if days.formats and not days.unread:
            return days
        if padded := next((cell for cell in cells if _PADDED.fullmatch(cell)), None):
            text = f"{name} holds {padded!r}, which is not read as a time, and counts nothing with its zero"
            proposal.note(How.open, text, "--time-format FORMAT", "--map event_time=COLUMN")
            return None
        _from_a_start(name, cells, proposal)
    return None


def _as_hours(cells: Sequence[str]) -> str | None:
    """The format by which all numbers are hours or minutes of this century as well as seconds since 1970."""
    return next((form for form in _OF_TEN_DIGITS if times.are_written_as(cells, form)), None)


def _from_a_start(name: str, cells: Sequence[str], proposal: Proposal) -> None:
    unit, start = names.UNITS_OF_STEPS.get(names.plain(name)), proposal.said.time_start
    if unit is None and start is None and times.are_excel_days(cells):
        proposal.say(Said(time_unit="d", time_start=EXCEL_START))
        text = f"{name} holds days as Excel counts them, taken as UTC"
    elif unit is None and start is None and names.is_date(name):
        text = f"{name} holds {cells[0]!r}, which is not read as a day"
        proposal.note(How.open, text, "--time-format FORMAT", "--time-start TIME --time-unit d")
        return
    else:
        proposal.say(Said(time_unit=unit or "s", time_start=start or _START))
        text = f"{name} counts from an unknown start: taken as {unit or 's'} from {start or _START}"
    other = "d" if unit == "h" else "h"
    proposal.note(How.assumed, text, "--time-start TIME", f"--time-unit {other}")
