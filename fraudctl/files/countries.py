"""Countries by their two letters (ISO 3166), whichever name or code a file has for them."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache

from fraudctl.files.country_names import FURTHER
from pipeline.records.spelling import spelt

_OTHER = {"UK": "GB", "EL": "GR", "XKX": "XK"}
"""Codes that are in use and are others in ISO 3166."""
_NO_COUNTRIES = "AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ"
"""Territories of Unicode that ISO 3166 has not assigned to a country; XK, which it leaves to its users too,
is Kosovo everywhere."""
_LANGUAGES = "en de fr es it pt nl da nb sv fi pl cs sk hu ro hr sl el tr ru uk bg ar he th vi id ja ko zh"
"""Those of names. What stands for two countries in two of them is neither."""


class Countries:
    """Brings a column of countries to their two letters; `unknown` counts those that are none."""

    def __init__(self) -> None:
        self.unknown = 0

    def code(self, text: str) -> str | None:
        """The two letters; what is no country stays as it is written, in upper case."""
        found = code_of(text)
        if found is None and text.strip():
            self.unknown += 1
        return found or spelt("country", text)


@lru_cache(maxsize=65_536)
def code_of(text: str) -> str | None:
    """The two letters of a country by a name in one of many languages, or by any code of ISO 3166."""
    bare = text.strip()
    code = bare.zfill(3) if bare.isdigit() else bare.upper()
    return _by_code().get(code) or _by_name().get(_key(bare))


@cache
def _by_code() -> Mapping[str, str]:
    """By codes of two letters, of three, and of three digits."""
    # What it brings along would be read for every help.
    from babel.core import get_global

    known = {two: two for two in _territories("en")}
    others = get_global("territory_aliases").items()
    of_three = {code: found[0] for code, found in others if len(code) == 3 and len(found) == 1}
    return known | {code: two for code, two in of_three.items() if two in known} | _OTHER


@cache
def _by_name() -> Mapping[str, str]:
    found: dict[str, set[str]] = defaultdict(set)
    for language in _LANGUAGES.split():
        for two, name in _territories(language).items():
            found[_key(name)].add(two)
    sure = {key: codes.pop() for key, codes in found.items() if len(codes) == 1}
    return sure | {_key(name): two for two, names in FURTHER.items() for name in names.split("|")}


def _territories(language: str) -> dict[str, str]:
    """The names of countries in a language, by their two letters."""
    from babel.core import Locale

    names = Locale.parse(language).territories
    return {two: name for two, name in names.items() if len(two) == 2 and two not in _NO_COUNTRIES.split()}


def _key(name: str) -> str:
    """A name by its letters alone: `Saint Barthélemy` as `saintbarthelemy`."""
    bare = unicodedata.normalize("NFKD", name.casefold().replace("&", "and"))
    return "".join(mark for mark in bare if mark.isalpha())
