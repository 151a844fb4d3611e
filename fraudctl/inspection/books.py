"""Amounts as books have them: debit and credit in columns of their own, or a column that says which it is."""

from __future__ import annotations

from collections.abc import Iterable

from fraudctl.files.mapping import Said
from fraudctl.inspection import amounts, fitting, names
from fraudctl.inspection.columns import Column
from fraudctl.inspection.notes import How, Proposal

_NEARLY = 0.1
"""The share of rows that may have both, or neither."""
_SIDES = (
    {"d", "c"},
    {"s", "h"},
    {"dr", "cr"},
    {"db", "cr"},
    {"debit", "credit"},
    {"dbit", "crdt"},
    {"soll", "haben"},
    {"af", "bij"},
    {"支出", "收入"},
)


def pair(columns: Iterable[Column]) -> list[Column]:
    """A column of debits and one of credits, where nearly every row has an amount in one; else none."""
    some = [one for one in columns if one.kind not in ("empty", "nested", "bool")]
    debits = [one for one in some if names.is_debit(one.name) and _holds_amounts(one)]
    credits = [one for one in some if names.is_credit(one.name) and _holds_amounts(one)]
    if len(debits) > 1 and len(credits) > 1:
        debits, credits = ([one for one in some if not names.is_net(one.name)] for some in (debits, credits))
    if len(debits) != 1 or len(credits) != 1:
        return []
    debit, credit = debits[0], credits[0]
    both = debit.filled + credit.filled - debit.rows
    share = abs(both) / max(debit.rows, 1)
    return [debit, credit] if share <= _NEARLY or (both > 0 and _has_zeros(debit, credit)) else []


def propose(found: list[Column], proposal: Proposal) -> None:
    """Take them as one amount, as payments the side that has more of them: of an account what goes out, of a
    provider what comes in. The other goes the other way, by its own sign or by one that it gets."""
    debit, credit = sorted(found, key=lambda one: -one.filled)
    sign = (
        "+" if all(cell.lstrip().startswith(("-", "(")) for cell in debit.cells() if _is_some(cell)) else "-"
    )
    proposal.say(Said(map={"amount": f"{debit.name}{sign}{credit.name}"}))
    how = "as both are signed" if sign == "+" else f"{credit.name} with a minus"
    text = f"amount is {debit.name} or {credit.name}, {how}"
    others = (f"{credit.name}-{debit.name}", debit.name)
    proposal.note(How.assumed, text, *(fitting.option("amount", other) for other in others))


def note_side(amount: Column, columns: Iterable[Column], proposal: Proposal) -> None:
    """Say that a column tells debits from credits, where amounts have no sign that does."""
    if any(cell.lstrip().startswith(("-", "(")) or cell.rstrip().endswith("-") for cell in amount.cells()):
        return
    for one in columns:
        if one is not amount and {cell.strip().lower() for cell in one.distinct} in _SIDES:
            shown = " and ".join(sorted(one.distinct)[:2])
            text = f"{one.name} holds {shown}, and {amount.name} has no sign: taken as it is written"
            proposal.note(How.assumed, text)


def _holds_amounts(column: Column) -> bool:
    cells = fitting.tested(column)
    return amounts.are_amounts(cells, amounts.decimal_of(cells)[0])


def _has_zeros(*columns: Column) -> bool:
    """Whether the other column holds 0 where one has the amount."""
    return any(not _is_some(cell) for one in columns for cell in one.cells())


def _is_some(cell: str) -> bool:
    return any(mark in "123456789" for mark in cell)
