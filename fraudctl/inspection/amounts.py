"""What a column of amounts is: its decimal sign, its currency sign, whether it counts in cents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from fraudctl.errors import UsageError
from fraudctl.files.amounts import BETWEEN, Amounts, digits_in, may_be_thousands
from fraudctl.files.currencies import exponent
from fraudctl.files.currency_signs import SIGN, currencies_of, sign_of
from fraudctl.files.mapping import Said
from fraudctl.files.options import ReadOptions
from fraudctl.inspection import names
from fraudctl.inspection.notes import How, Proposal
from pipeline.records.quantities import Refusal

_COMMA_DECIMALS = re.compile(
    r",[0-9]{1,2}\D*$|,--?\D*$|,[0-9]{4,}\D*$|\.[0-9]{3},|[\s'\u00a0\u202f\u2019][0-9]{3},"
)
_POINT_DECIMALS = re.compile(r",[0-9]{3}\.|,[0-9]{2,3},[0-9]{3}|(?<!\d)[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})\D*$")
_PARTED = re.compile(f"[0-9][{BETWEEN}][0-9]{{3}}")
_POINTS = re.compile(r"[0-9]\.[0-9]{3}\.[0-9]{3}")
_SIGN_NAMES = {".": "point", ",": "comma"}
_FAR_MORE = 10
"""Times as many cells with one sign outweigh those with the other, which are refused."""
_SIGN = re.compile(rf"(?<![A-Za-z])(?:{SIGN})")


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


def perhaps_thousands(cells: Sequence[str]) -> str | None:
    """A cell whose point may part thousands, where that is so of all that have one: 1.250 beside 25."""
    found = [cell for cell in cells if "." in cell]
    return found[0] if found and all(map(may_be_thousands, found)) else None


def are_amounts(cells: Sequence[str], decimal: str | None, least: float = 0.9) -> bool:
    """Whether at least that share of the cells, and one of them, are amounts with that decimal sign, of
    however many digits."""
    try:
        amounts = Amounts(ReadOptions(decimal=decimal or ".", round_to=4, currency=_meant(signs_of(cells))))
    except UsageError:
        return False
    good = 0
    for cell in cells:
        try:
            amounts.of_text(cell)
            good += 1
        except Refusal:
            continue
    return good > 0 and good >= least * len(cells)


def signs_of(cells: Sequence[str]) -> list[str]:
    """The signs and codes of currencies that the cells show, the most frequent first."""
    found = (_SIGN.search(cell) for cell in cells if any(map(str.isdigit, cell)))
    shown = (one[0] for one in found if one and not _is_a_word(one[0]))
    return [sign for sign, _ in Counter(map(sign_of, shown)).most_common()]


def _is_a_word(written: str) -> bool:
    """Whether three small letters are no currency: `5 min`, `12 pcs`."""
    return (
        not written.isupper()
        and currencies_of(sign_of(written)) == (written.upper(),)
        and (exponent(written.upper()) is None)
    )


def _meant(signs: Sequence[str]) -> str | None:
    """The currency of the first code among them, or else the one that all of them can mean."""
    codes = _codes(signs)
    common = set.intersection(*(set(currencies_of(sign)) for sign in signs)) if signs else set()
    return codes[0] if codes else (common.pop() if len(common) == 1 else None)


def _codes(signs: Sequence[str]) -> list[str]:
    return [sign for sign in signs if currencies_of(sign) == (sign,)]


def are_whole(cells: Sequence[str]) -> bool:
    """Whether no cell has digits behind a point or comma."""
    return not any("." in digits or "," in digits for digits in map(digits_in, cells))


def most_digits(cells: Sequence[str], decimal: str) -> int:
    """The most digits behind the decimal sign."""
    written = (one for one in map(digits_in, cells) if "e" not in one.lower())
    return max((len(one.rpartition(decimal)[2]) for one in written if decimal in one), default=0)


def first_other(cells: Sequence[str]) -> str | None:
    """The first cell that is no amount as the others are."""
    decimal = decimal_of(cells)[0]
    return next((cell for cell in cells if not are_amounts([cell], decimal)), None)


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
    sign = proposal.said.decimal or "."
    if said.round is None and most_digits(cells, sign) > 4:
        proposal.say(Said(round=4))
        text = f"{name} has more than 4 digits behind the {_SIGN_NAMES[sign]}: rounded to 4"
        proposal.note(How.assumed, text, "--round 2")
    has_currency = _currency(name, cells, has_currency, proposal) or has_currency
    if said.minor_units is None and are_whole(cells):
        _minor_units(name, has_currency, proposal)


def _currency(name: str, cells: Sequence[str], has_currency: bool, proposal: Proposal) -> bool:
    """Name the currency that the cells show; whether they do so surely."""
    signs = signs_of(cells)
    codes, code = _codes(signs), _meant(signs)
    if code is None and not codes and len(signs) > 1:
        text = f"{name} shows {' and '.join(signs)}: rows with another than the first are refused"
        proposal.note(How.assumed, text)
    if not signs or (not codes and has_currency) or (code is None and len(signs) > 1):
        return False
    if code is None:
        text = f"{name} shows {signs[0]}, which several currencies have: none is named"
        proposal.note(How.assumed, text, f"--currency {(*currencies_of(signs[0]), 'USD')[0]}")
        return False
    proposal.say(Said(currency=code))
    others = f"; rows in {', '.join(codes[1:])} are refused" if codes[1:] else ""
    shown = (codes or signs)[0]
    proposal.note(How.assumed if others else How.recognised, f"{name} is in {shown}: {code}{others}")
    return True


def _minor_units(name: str, has_currency: bool, proposal: Proposal) -> None:
    if names.CENTS.search(name) and has_currency:
        proposal.say(Said(minor_units=True))
        proposal.note(How.recognised, f"{name} is in minor units by its name")
        return
    text = f"{name} holds whole numbers only: taken as they are, not as cents"
    more = () if has_currency else ("--currency EUR",)
    proposal.note(How.assumed, text, " ".join(("--minor-units", *more)))
