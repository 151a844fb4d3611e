"""Whether the payments of a file of JSON are its objects, or stand in a list within these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fraudctl.files.lines import first, pieces
from fraudctl.files.mapping import Said
from fraudctl.files.options import ReadOptions
from fraudctl.files.packing import opened
from fraudctl.files.within import lists_in
from fraudctl.inspection import fitting
from fraudctl.inspection.columns import Column, look
from fraudctl.inspection.notes import How, Proposal

_MOST_LINES = 10_000
_MOST_LISTS = 5


def propose(paths: Sequence[Path], proposal: Proposal) -> None:
    """Say where the rows are, if not in objects by themselves."""
    said = proposal.said
    if said.records is not None or {"event_time", "amount"} & set(said.map or ()):
        return
    options = said.options()
    found = _lists(paths[0], options)
    if not found:
        return
    outer = look(paths, options)
    good = [one for one in found if _are_payments(look(paths, replace(options, records=one)))]
    if len(good) == 1 and not (_are_payments(outer) and _rows(outer) > 1):
        proposal.say(Said(records=good[0]))
        proposal.note(How.recognised, f"the rows are the elements of the list {good[0]}")
        _beside(good[0], outer, proposal)
    elif good and (len(good) > 1 or _are_payments(outer)):
        text = f"payments can be the elements of {' or of '.join(good)}"
        as_well = ", or the objects around them" if _are_payments(outer) else ""
        other = ["--map event_time=COLUMN"] if as_well else []
        proposal.note(How.open, text + as_well, *(f"--records {one}" for one in good), *other)


def _lists(path: Path, options: ReadOptions) -> list[str]:
    with opened(path) as stream:
        head = first(pieces(stream, options.encoding)[1], _MOST_LINES)
    return lists_in(b"\n".join(line for _, line, _, _ in head))[:_MOST_LISTS]


def _are_payments(columns: Sequence[Column]) -> bool:
    return all(fitting.candidates(field, columns) for field in ("event_time", "amount"))


def _rows(columns: Sequence[Column]) -> int:
    return max((one.rows for one in columns), default=0)


def _beside(records: str, outer: Sequence[Column], proposal: Proposal) -> None:
    """Say what stands around the list, and may be of all its elements."""
    names = [one.name for one in outer if one.kind not in ("empty", "nested") and one.name != records]
    if names:
        text = f"what stands around {records} is no part of its rows: {fitting.named(names)}"
        proposal.note(How.assumed, text)
