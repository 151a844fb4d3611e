"""How a column of countries or of currencies names them: by the codes of ISO, or by other codes and names."""

from __future__ import annotations

from collections.abc import Sequence

from fraudctl.files import currencies
from fraudctl.files.countries import code_of
from fraudctl.files.mapping import Said
from fraudctl.inspection.notes import How, Proposal


def are_countries(cells: Sequence[str]) -> bool:
    """Whether nearly all of the cells are countries, by a name or any code of ISO 3166."""
    if _are_short_numbers(cells):
        return False
    return bool(cells) and sum(code_of(cell) is not None for cell in cells) * 10 >= len(cells) * 9


def _are_short_numbers(cells: Sequence[str]) -> bool:
    """Whether none of the numbers has three digits: those of ISO that have lost zeros, or of telephones."""
    return bool(cells) and all(cell.isdigit() and len(cell) < 3 for cell in cells)


def propose(name: str, cells: Sequence[str], proposal: Proposal) -> None:
    """Add the option that makes two letters of them, and name those that are no countries."""
    meant = [cell for cell in cells if code_of(cell) not in (None, cell.upper())]
    unknown = [cell for cell in cells if code_of(cell) is None]
    if meant and are_countries(cells):
        proposal.say(Said(country_codes=True))
        text = (
            f"{name} holds {meant[0]!r}: countries become the two letters of ISO 3166 ({code_of(meant[0])})"
        )
        proposal.note(How.recognised, text, "--countries-as-written")
    if _are_short_numbers(cells):
        text = f"{name} holds {cells[0]!r}, of a country or of its telephones: taken as it is written"
        proposal.note(How.assumed, text, "--country-codes")
    elif unknown:
        text = f"{name} holds {unknown[0]!r}, which is no country of ISO 3166: taken as it is written"
        as_well = ["--country-codes"] if meant and not proposal.said.country_codes else []
        proposal.note(How.assumed, text, *as_well)


def note_currencies(name: str, cells: Sequence[str], proposal: Proposal) -> None:
    """Say where currencies are no codes, for rules over amounts take them for foreign ones."""
    others = [cell for cell in cells if currencies.exponent(currencies.code_of(cell.strip().upper())) is None]
    numbers = [cell.strip() for cell in cells if cell.strip().isdecimal() and cell not in others]
    if numbers:
        text = f"{name} has the numbers of ISO 4217: {numbers[0]} is {currencies.code_of(numbers[0])}"
        proposal.note(How.recognised, text)
    if others:
        text = f"{name} holds {others[0]!r}, which is no code of ISO 4217: taken as it is written"
        proposal.note(How.assumed, text, f"--drop {name} --currency EUR")
