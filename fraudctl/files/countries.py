"""Countries by their two letters (ISO 3166), whichever name or code a file has for them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from fraudctl.files.country_names import NAMES
from pipeline.records.spelling import spelt

_OTHER = {"UK": "GB", "EL": "GR"}
"""Two letters that are in use and another's in ISO 3166."""
_LINE_END = re.compile(r"\n +")


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
    """The two letters of a country by a name in English or German, or by any code of ISO 3166."""
    bare = text.strip()
    by_code, by_name = _known()
    code = bare.zfill(3) if bare.isdigit() else bare.upper()
    return by_code.get(code) or by_name.get(_key(bare))


@cache
def _known() -> tuple[dict[str, str], dict[str, str]]:
    """The two letters by code, and by name."""
    by_code, by_name = dict(_OTHER), dict[str, str]()
    for line in _LINE_END.sub("", NAMES).splitlines():
        two, three, number, names = line[:2], line[3:6], line[7:10], line[11:]
        by_code |= dict.fromkeys((two, three, number), two)
        by_name |= {_key(name): two for name in names.split("|")}
    return by_code, by_name


def _key(name: str) -> str:
    """A name by its letters alone: `Saint Barthélemy` as `saintbarthelemy`."""
    bare = unicodedata.normalize("NFKD", name.casefold().replace("&", "and"))
    return "".join(mark for mark in bare if mark.isascii() and mark.isalpha())
