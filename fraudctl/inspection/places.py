"""How a column of countries names them: by the two letters of ISO 3166, or by other codes and names."""

from __future__ import annotations

from collections.abc import Sequence

from fraudctl.files.countries import code_of
from fraudctl.files.mapping import Said
from fraudctl.inspection.notes import How, Proposal


def are_countries(cells: Sequence[str]) -> bool:
    """Whether nearly all of the cells are countries, by a name or any code of ISO 3166."""
    return bool(cells) and sum(code_of(cell) is not None for cell in cells) * 10 >= len(cells) * 9


def propose(name: str, cells: Sequence[str], proposal: Proposal) -> None:
    """Add the option that makes two letters of them, and name those that are no countries."""
    others = [cell for cell in cells if cell.upper() != code_of(cell)]
    if not others:
        return
    if are_countries(cells):
        proposal.say(Said(country_codes=True))
        shown = next(cell for cell in others if code_of(cell))
        text = f"{name} holds {shown!r}: countries become the two letters of ISO 3166 ({code_of(shown)})"
        proposal.note(How.recognised, text, "--countries-as-written")
    elif len(others) * 10 > len(cells):
        text = f"{name} holds {others[0]!r}, which is no country of ISO 3166: taken as it is written"
        proposal.note(How.assumed, text, "--country-codes")
