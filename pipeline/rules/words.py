"""What a rule set adds to the names of its expressions: further fields, their kinds, a zone, rates.

Reads the sections `fields`, `rates`, `settings` and `zones` of a rule set's content; what each word means
is a definition of `derived`. A further field of a word's name goes before the word.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from pipeline.records.fields import RESERVED
from pipeline.rules import zones
from pipeline.rules.derived import TYPED, Converted, Derived, LocalTime, Network, Typed
from pipeline.rules.expression.parse import NEEDS_SETTING
from pipeline.rules.expression.tree import Kind, Name
from pipeline.rules.feature import Complain
from pipeline.rules.names import is_free
from pipeline.settings.document import Content

SETTINGS: Final = ("currency", "zone")
MAX_RATES: Final = 400
FIELD_KINDS_SAID: Final[Mapping[str, Kind]] = {"any": Kind.ANY} | {said: kind for kind, said in TYPED.items()}
"""Kinds of further fields by the words for them."""

_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_CURRENCY = re.compile("[A-Z]{3}")
_RATE = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")


@dataclass(frozen=True, slots=True)
class Words:
    """The further fields with their kinds, the currency of amounts, and what is made of fields, by word."""

    fields: Mapping[str, Kind] = field(default_factory=dict)
    currency: str | None = None
    derived: Mapping[str, Derived] = field(default_factory=dict)

    def names(self) -> dict[str, Name]:
        """What the words mean in an expression."""
        return {word: Name(one.name, one.kind) for word, one in self.derived.items()}

    def among(self, used: Iterable[str]) -> dict[str, Derived]:
        """The definitions of those of the names that are derived, by name."""
        by_name = {one.name: one for one in self.derived.values()}
        return {name: by_name[name] for name in sorted(set(used)) if name in by_name}


def said_kinds(fields: Mapping[str, Kind]) -> dict[str, str]:
    """How the kind of each further field that has one is written: text, number or bool."""
    return {name: TYPED[kind] for name, kind in fields.items() if kind in TYPED}


def read_words(content: Content, complain: Complain) -> Words:
    """What a content says, complaining of what is wrong with it."""
    settings = _mapping(content, "settings", complain)
    for key in settings:
        if key not in SETTINGS:
            complain(("settings", key), f"unknown; known are {', '.join(SETTINGS)}")
    fields = _fields(content.get("fields", []), complain)
    currency = _currency(settings.get("currency"), complain)
    derived: dict[str, Derived] = {"ip_net": Network()}
    if "zone" in settings:
        zone = None if settings["zone"] is None else zones.read(content, settings["zone"], complain)
        derived |= {word: LocalTime(word, zone) for word in NEEDS_SETTING} if zone else {}
    derived |= _converted(_rates(content, currency, complain), currency)
    derived = {word: one for word, one in derived.items() if word not in fields}
    derived |= {name: Typed(name, kind) for name, kind in fields.items() if kind is not Kind.ANY}
    return Words(fields, currency, derived)


def _mapping(content: Content, section: str, complain: Complain) -> Mapping[str, object]:
    value = content.get(section)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return value
    if value is not None:
        complain((section,), "must be a mapping")
    return {}


def _fields(declared: object, complain: Complain) -> dict[str, Kind]:
    """A list of names, or a mapping of names to kinds."""
    if isinstance(declared, list) and all(isinstance(name, str) for name in declared):
        places = {name: str(index) for index, name in enumerate(declared)}
        kinds = dict.fromkeys(sorted(places), Kind.ANY)
    elif isinstance(declared, Mapping) and all(isinstance(name, str) for name in declared):
        places = {name: name for name in declared}
        kinds = {name: _kind(name, declared[name], complain) for name in sorted(declared)}
    else:
        message = "must be a list of names of further transaction fields, or a mapping such as {mcc: text}"
        complain(("fields",), message)
        return {}
    for name, place in places.items():
        if name in ("event_time", *RESERVED) or not is_free(name, _FIELD_NAME):
            complain(("fields", place), f"{name} cannot name a further field")
    return kinds


def _kind(name: str, said: object, complain: Complain) -> Kind:
    if isinstance(said, str) and said in FIELD_KINDS_SAID:
        return FIELD_KINDS_SAID[said]
    complain(("fields", name), f"must be one of {', '.join(FIELD_KINDS_SAID)}")
    return Kind.ANY


def _currency(said: object, complain: Complain) -> str | None:
    if said is not None and not (isinstance(said, str) and _CURRENCY.fullmatch(said)):
        complain(("settings", "currency"), "must be a three-letter code such as EUR")
    return said if isinstance(said, str) else None


def _rates(content: Content, currency: str | None, complain: Complain) -> dict[str, Fraction]:
    """What one unit of each currency is worth in the rule set's, itself included; empty without rates."""
    rates: dict[str, Fraction] = {}
    declared = _mapping(content, "rates", complain)
    if declared and currency is None:
        complain(("rates",), "are in the rule set's currency: add settings: {currency: EUR}")
    if len(declared) > MAX_RATES:
        complain(("rates",), f"at most {MAX_RATES} rates")
        return {}
    for code, said in declared.items():
        text = said if isinstance(said, str) else "" if isinstance(said, bool) else _written(said)
        if not _CURRENCY.fullmatch(code) or not _RATE.fullmatch(text) or not Fraction(text):
            complain(
                ("rates", code), 'must be a decimal above 0 by a three-letter code, such as JPY: "0.006"'
            )
        elif code == currency and Fraction(text) != 1:
            complain(("rates", code), "is the rule set's own currency: its rate is 1")
        else:
            rates[code] = Fraction(text)
    return rates | {currency: Fraction(1)} if rates and currency else {}


def _written(number: object) -> str:
    return repr(number) if isinstance(number, int | float) else ""


def _converted(rates: Mapping[str, Fraction], own: str | None) -> dict[str, Converted]:
    if own is None:
        return {}
    said = json.dumps([own, {code: str(rate) for code, rate in sorted(rates.items())}])
    mark = hashlib.sha256(said.encode()).hexdigest()[:8]
    made = (
        Converted(code, own, {other: worth / rate for other, worth in rates.items()}, mark)
        for code, rate in rates.items()
    )
    return {one.word: one for one in made}
