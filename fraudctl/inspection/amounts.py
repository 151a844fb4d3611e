"""What a column of amounts is: its decimal sign, its currency sign, whether it counts in cents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from fraudctl.errors import UsageError
from fraudctl.files.amounts import BETWEEN, Amounts
from fraudctl.files.mapping import Said
from fraudctl.files.options import ReadOptions
from fraudctl.inspection import names
from fraudctl.inspection.notes import How, Proposal
from pipeline.records.quantities import Refusal

_COMMA_DECIMALS = re.compile(r",[0-9]{1,2}\D*$|,[0-9]{4,}\D*$|\.[0-9]{3},|[\s'\u00a0\u202f\u2019][0-9]{3},")
_POINT_DECIMALS = re.compile(r",[0-9]{3}\.|,[0-9]{3},[0-9]{3}|(?<!\d)[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})\D*$")
_PARTED = re.compile(f"[0-9][{BETWEEN}][0-9]{{3}}")
_POINTS = re.compile(r"[0-9]\.[0-9]{3}\.[0-9]{3}")
_FAR_MORE = 10
"""Times as many cells with one sign outweigh those with the other, which are refused."""
_SIGN = re.compile(r"[$€£¥₹₽₺₩₫₴]|(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
CURRENCIES = {"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₫": "VND", "₴": "UAH"}
"""Signs that one currency alone has."""


def decimal_of(cells: Sequence[str]) -> tuple[str | None, str | None]:
    """The decimal sign that commas, or what parts thousands, call for, and the cell that shows it.

    (None, None) without these; (None, a cell) where nothing tells what commas are.
    """
    commas = [cell for cell in cells if "," in cell]
    if not commas:
        return _without_commas(cells)
    comma = [cell for cell in commas if _COMMA_DECIMALS.search(cell)]
    point = [cell for cell in cells if _POINT_DECIMALS.search(cell) and not _COMMA_DECIMALS.search(cell)]
    if point and len(point) > _FAR_MORE * len(comma):
        return ".", point[0]
    if comma and (not point or "," not in point[0]):
        return ",", comma[0]
    return None, commas[0]


def _without_commas(cells: Sequence[str]) -> tuple[str | None, str | None]:
    for decimal, thousands in ((",", _POINTS), (".", _PARTED)):
        if (shown := next((cell for cell in cells if thousands.search(cell)), None)) is not None:
            return decimal, shown
    return None, None


def are_amounts(cells: Sequence[str], decimal: str | None) -> bool:
    """Whether nearly all cells are amounts with that decimal sign, of however many digits."""
    codes = [sign for sign in signs_of(cells) if sign.isalpha()]
    try:
        amounts = Amounts(
            ReadOptions(decimal=decimal or ".", round_to=4, currency=codes[0] if codes else None)
        )
    except UsageError:
        return False
    good = 0
    for cell in cells:
        try:
            amounts.of_text(cell)
            good += 1
        except Refusal:
            continue
    return bool(cells) and good * 10 >= len(cells) * 9


def signs_of(cells: Sequence[str]) -> list[str]:
    """The signs and codes of currencies that the cells show, the most frequent first."""
    found = (_SIGN.search(cell) for cell in cells if any(map(str.isdigit, cell)))
    return [sign for sign, _ in Counter(one[0] for one in found if one).most_common()]


def are_whole(cells: Sequence[str]) -> bool:
    """Whether no cell has digits behind a point or comma."""
    return not any("." in cell or "," in cell for cell in cells)


def most_digits(cells: Sequence[str]) -> int:
    """The most digits behind a point."""
    return max((len(cell.partition(".")[2]) for cell in cells if "e" not in cell.lower()), default=0)


def propose(name: str, cells: Sequence[str], has_currency: bool, proposal: Proposal) -> None:
    """Add the options that read the amounts; `has_currency` says that rows name theirs."""
    said = proposal.said
    decimal, cell = decimal_of(cells)
    if said.decimal is None and decimal is not None:
        proposal.say(Said(decimal=decimal))
        proposal.note(How.recognised, f"{name} has the decimal sign {decimal!r}: {cell!r}")
    elif said.decimal is None and cell is not None:
        text = f"{name} shows a comma that may part decimals or thousands: {cell!r}"
        proposal.note(How.open, text, "--decimal ,", "--decimal .")
    elif most_digits(cells) > 4 and said.round is None:
        proposal.say(Said(round=4))
        text = f"{name} has more than 4 digits behind the point: rounded to 4"
        proposal.note(How.assumed, text, "--round 2")
    has_currency = _currency(name, cells, has_currency, proposal) or has_currency
    if said.minor_units is None and are_whole(cells):
        _minor_units(name, has_currency, proposal)


def _currency(name: str, cells: Sequence[str], has_currency: bool, proposal: Proposal) -> bool:
    """Name the currency that the cells show; whether they do so surely."""
    signs = signs_of(cells)
    codes = [sign for sign in signs if sign.isalpha()]
    if not codes and (len(signs) != 1 or has_currency):
        return False
    sign = (codes or signs)[0]
    code = CURRENCIES.get(sign, sign if codes else None)
    if code is None:
        text = f"{name} shows {sign}, which several currencies have: none is named"
        proposal.note(How.assumed, text, "--currency USD")
        return False
    proposal.say(Said(currency=code))
    proposal.note(How.recognised, f"{name} is in {sign}: {code}")
    return True


def _minor_units(name: str, has_currency: bool, proposal: Proposal) -> None:
    if names.CENTS.search(name) and has_currency:
        proposal.say(Said(minor_units=True))
        proposal.note(How.recognised, f"{name} is in minor units by its name")
        return
    text = f"{name} holds whole numbers only: taken as they are, not as cents"
    more = () if has_currency else ("--currency EUR",)
    proposal.note(How.assumed, text, " ".join(("--minor-units", *more)))
