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
from fraudctl.inspection import books, envelopes, fitting
from fraudctl.inspection.columns import Column, look
from fraudctl.inspection.notes import How, Proposal

_MOST_LINES = 10_000
_MOST_LISTS = 5
_FEW = 3


def propose(paths: Sequence[Path], proposal: Proposal) -> None:
    """Say where the rows are, if not in objects by themselves."""
    said = proposal.said
    if said.records is not None or {"event_time", "amount"} & set(said.map or ()):
        return
    options = said.options()
    lists = _lists(paths[0], options)
    outer = look(paths, options)
    if _by_columns(outer, proposal):
        return
    if not lists:
        _by_name(outer, proposal)
        return
    inner = {one: look(paths, replace(options, records=one)) for one in lists}
    good = [one for one, columns in inner.items() if _are_payments(columns)]
    if len(good) == 1 and not (_are_payments(outer) and _rows(outer) > 1):
        proposal.say(Said(records=good[0]))
        proposal.note(How.recognised, f"the rows are the elements of the list {good[0]}")
        _beside(good[0], outer, inner[good[0]], proposal)
    elif good and (len(good) > 1 or _are_payments(outer)):
        text = f"payments can be the elements of {' or of '.join(good)}"
        as_well = ", or the objects around them" if _are_payments(outer) else ""
        other = ["--map event_time=COLUMN"] if as_well else []
        proposal.note(How.open, text + as_well, *(f"--records {one}" for one in good), *other)


def _by_columns(columns: Sequence[Column], proposal: Proposal) -> bool:
    """Ask where one object holds columns, as pandas writes them unless told otherwise: each is a list, or has
    its rows by their numbers. Read as it is, the first of each would be one row and the others vanish."""
    some = [one for one in columns if one.kind != "empty"]
    if len(some) < _FEW or any(one.rows != 1 for one in some):
        return False
    parted = [one.name.rpartition(".")[::2] for one in some]
    children = {parent: {name for above, name in parted if above == parent} for parent, _ in parted}
    is_by_number = len(children) >= _FEW and all(
        above and names and all(map(str.isdecimal, names)) for above, names in children.items()
    )
    is_by_list = all(one.types == {"nested"} for one in some)
    if is_by_number or is_by_list:
        what = fitting.named(children if is_by_number else (one.name for one in some))
        text = f"the file holds columns and no rows, as pandas writes them by default: {what}"
        proposal.note(How.open, text, "write it with to_json(orient='records', lines=True)")
    return is_by_number or is_by_list


def _by_name(columns: Sequence[Column], proposal: Proposal) -> None:
    """Ask where the members of an object are payments: read as they are, one would be the fields of a row and
    the others would vanish."""
    current = envelopes.of_after(columns)
    whole = [{one.name for one in fitting.candidates(field, current)} for field in ("event_time", "amount")]
    places = [{name.rpartition(".")[0] for name in names} - {""} for names in whole]
    members = sorted(places[0] & places[1])
    parents: dict[str, list[str]] = {}
    for member in members:
        parents.setdefault(member.rpartition(".")[0], []).append(member.rpartition(".")[2])
    for parent, names in parents.items():
        if len(names) > 1:
            text = f"payments stand in an object by names: {fitting.named(names)}"
            proposal.note(How.open, text, f"jq -c '.{parent}[]'", "--map event_time=PATH --map amount=PATH")


def _lists(path: Path, options: ReadOptions) -> list[str]:
    with opened(path) as stream:
        head = first(pieces(stream, options.encoding)[1], _MOST_LINES)
    return lists_in(b"\n".join(line for _, line, _, _ in head))[:_MOST_LISTS]


def _are_payments(columns: Sequence[Column]) -> bool:
    has_amount = fitting.candidates("amount", columns) or books.pair(columns)
    return bool(fitting.candidates("event_time", columns) and has_amount)


def _rows(columns: Sequence[Column]) -> int:
    return max((one.rows for one in columns), default=0)


def _beside(records: str, outer: Sequence[Column], inner: Sequence[Column], proposal: Proposal) -> None:
    """Say what stands around the list, and may be of all its elements; ask where that is who paid."""
    around = [one for one in outer if one.kind not in ("empty", "nested") and one.name != records]
    if not around:
        return
    users = fitting.candidates("user_id", around)
    has_user = bool(fitting.candidates("user_id", inner)) or proposal.said.user_from is not None
    if users and not has_user and "user_id" not in (proposal.said.map or {}):
        text = f"{users[0].name} may say who paid, and stands around {records}, not in its rows"
        take = f"jq -c '{{{users[0].name}}} + .{records}[]'"
        proposal.note(How.open, text, "--user-from row", "--map user_id=COLUMN", take)
        return
    text = f"what stands around {records} is no part of its rows: {fitting.named(one.name for one in around)}"
    proposal.note(How.assumed, text)
