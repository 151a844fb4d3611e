"""Reads definitions of values made of fields from a plan's JSON, as `derived` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from pipeline.records.members import Members
from pipeline.rules.derived import TYPED, Converted, Derived, LocalTime, Network, Typed
from pipeline.rules.expression.tree import Kind
from pipeline.rules.zones import Zone

_TYPES: Final[Mapping[str, Kind]] = {said: kind for kind, said in TYPED.items()}
_TIMES: Final = ("hour", "weekday", "day")


def read_derived(document: Members) -> Derived:
    """The definition of such a document. Raises `Malformed`, also where its name is another's."""
    name = document.text("name")
    found = _of(document, document.one_of("do", *_TYPES, *_TIMES, "ip_net", "amount_in"), name)
    if found.name != name:
        raise document.malformed("name", f"is not {found.name}")
    return found


def _of(document: Members, do: str, name: str) -> Derived:
    if do in _TYPES:
        return Typed(document.text("of"), _TYPES[do])
    if do == "ip_net":
        return Network()
    said, _, mark = name.partition("(")[2].removesuffix(")").rpartition(" ")
    if do in _TIMES:
        since, offsets = document.integers("since_s"), document.integers("offsets_s")
        if len(offsets) != len(since) + 1 or list(since) != sorted(set(since)):
            raise document.malformed("since_s", "must be rising moments, one less than offsets")
        return LocalTime(do, Zone(said, mark, since, offsets))
    rates = document.within("rates")
    return Converted(said, document.text("own"), {code: _rate(rates, code) for code in rates.names}, mark)


def _rate(rates: Members, code: str) -> Fraction:
    worth = rates.texts(code)
    if len(worth) != 2 or not all(one.isascii() and one.isdecimal() and one.strip("0") for one in worth):
        raise rates.malformed(code, "must be two whole numbers above 0")
    return Fraction(int(worth[0]), int(worth[1]))
