"""What columns hold beside what their names say: users that are none, cards by four digits, other than
addresses. It is said; who reads the file decides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fraudctl.inspection import fitting, names
from fraudctl.inspection.columns import Column
from fraudctl.inspection.notes import How, Proposal

_WHAT = {
    "user_id": "user",
    "card_id": "card",
    "device_id": "device",
    "ip": "address",
    "country": "country",
    "currency": "currency",
}
_SAID_ELSEWHERE = ("country", "currency")
"""Fields of which `places` says what columns of their own names hold."""
_ENOUGH = 20
"""Rows below which one value in all of them, or another in each, says nothing."""
_LAST_FOUR = re.compile(r"[*xX\u2022\u00b7.\-\s]*[0-9]{4}")


def note(
    columns: Iterable[Column],
    chosen: Mapping[str, Sequence[Column]],
    dropped: Iterable[str],
    proposal: Proposal,
) -> None:
    """Say what of the columns contradicts their names, or makes many payments one user's or one card's."""
    taken = {one.name for found in chosen.values() for one in found} | set(dropped)
    some = list(columns)
    for field, what in _WHAT.items():
        for one in _refuted(field, (one for one in some if one.name not in taken)):
            text = f"{one.name} holds {_shown(field, one)[:40]!r}, which is no {what}"
            how = "taken as it is written" if one.name == field else f"it is not taken as {field}"
            proposal.note(How.assumed, f"{text}: {how}")
    for one in chosen.get("user_id", ()):
        _note_user(one, proposal)
    for one in chosen.get("card_id", ()):
        if one.examples and all(map(_LAST_FOUR.fullmatch, fitting.tested(one))):
            text = f"{one.name} shows four digits of a card: cards that have the same four count as one"
            proposal.note(How.assumed, text)
    for one in chosen.get("ip", ()):
        _note_addresses(one, proposal)


def _refuted(field: str, free: Iterable[Column]) -> Iterator[Column]:
    """Columns that are named as the field is, and hold what it cannot be."""
    for one in free:
        is_named = names.is_named(field, one.name) and one.name not in _SAID_ELSEWHERE
        if is_named and one.examples and not fitting.fits(field, one):
            yield one


def _shown(field: str, column: Column) -> str:
    """A cell that the field cannot be; of most fields any is one."""
    none = _no_addresses(column) if field == "ip" else iter(())
    return next(none, column.examples[0])


def _no_addresses(column: Column) -> Iterator[str]:
    """Cells that are none; lists as from proxies are refused, and need no note."""
    yield from (cell for cell in fitting.tested(column) if "," not in cell and not fitting.is_address(cell))


def _note_user(user: Column, proposal: Proposal) -> None:
    if user.filled < _ENOUGH:
        return
    if len(user.distinct) == 1:
        text = f"{user.name} is {user.examples[0][:40]!r} in every row: all of them count as one user's"
        proposal.note(How.assumed, text, "--map user_id=COLUMN")
    elif not user.has_repeats:
        text = f"{user.name} is another in every row: no user has two payments, so nothing is counted by user"
        proposal.note(How.assumed, text, "--map user_id=COLUMN")


def _note_addresses(column: Column, proposal: Proposal) -> None:
    if (cell := next(_no_addresses(column), None)) is not None:
        text = (
            f"{column.name} holds {cell[:40]!r}, which is no address: taken as it is written, in no network"
        )
        proposal.note(How.assumed, text)
