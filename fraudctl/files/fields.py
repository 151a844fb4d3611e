"""How the values of one column become a field: what a payment, a label or a rule may read of them.

A column that no field of a payment and no rule uses is sent along where it fits and left out where it does
not; it never refuses a payment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from fraudctl.files.amounts import Amounts, checked_number, number_of_cell
from fraudctl.files.countries import Countries
from fraudctl.files.currencies import code_of
from fraudctl.files.json_objects import Members
from fraudctl.files.kinds import POWER
from fraudctl.files.options import ReadOptions
from fraudctl.files.times import Times
from pipeline.records.fields import LABEL_FIELDS, NUMBER_FIELDS, RESERVED, STRING_FIELDS
from pipeline.records.quantities import Number, Refusal
from pipeline.records.spelling import CODES, spelt

IDS = frozenset(("event_id", "user_id", "card_id", "device_id", "merchant_id"))
TEXTS = frozenset(("event_id", "user_id", *STRING_FIELDS))
CORE = TEXTS | {"event_time", "amount", *NUMBER_FIELDS, *LABEL_FIELDS}
"""Fields that the pipeline knows; any other is a further one."""

Convert = Callable[[Any], Any]
"""Makes a field of a value. Refusal when it cannot be one."""
_UNCLEAN = re.compile("[\0\ud800-\udfff]")
_WHOLE = re.compile(r"(-?[0-9]+)\.0+")
_POWER = re.compile(POWER)
_ANY_POWER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
_TRUE = "true t yes y 1 1.0 wahr ja vrai oui verdadero vero sim"
_FALSE = "false f no n 0 0.0 falsch nein faux non falso nao não"
_TRUTHS = dict.fromkeys(_TRUE.split(), True) | dict.fromkeys(_FALSE.split(), False)
"""What a column that is said to be bool may hold, in small letters: PostgreSQL writes t and f, spreadsheets
the words of their language."""
_MOST_CODES = 1_024
_HINTS = {"source": "--map channel=source or --drop source"}


@dataclass(slots=True)
class Fields:
    """Makes the conversion of each column. `kinds` are the kinds found in a CSV file, `whole` its columns of
    ids that are whole numbers, `used` the further fields that rules read."""

    options: ReadOptions
    amounts: Amounts
    times: Times
    used: frozenset[str] = frozenset()
    kinds: Mapping[str, str] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    left_out: Counter[str] = field(default_factory=Counter)
    """values of further fields that fit no transaction, by column"""
    countries: Countries = field(default_factory=Countries)

    def of_cell(self, column: str, name: str) -> Convert | None:
        """For the cells of a CSV column, which are clean text that is not empty; None takes them as they
        are."""
        if name in LABEL_FIELDS:
            return None
        if name == "event_time":
            return self.times.ms
        if name == "amount":
            return self.amounts.of_text
        if name in TEXTS:
            if name == "country" and self.options.country_codes:
                return self.countries.code
            if name == "currency":
                return lru_cache(maxsize=_MOST_CODES)(_currency)
            if name in CODES:
                return lru_cache(maxsize=_MOST_CODES)(partial(spelt, name))
            return _whole_text if column in self.whole else None
        kind = self.options.kind_of(column, name) or self.kinds.get(column, "text")
        if name in NUMBER_FIELDS:
            return lambda cell: number_of_cell(name, cell, self.options.decimal)
        if kind == "text":
            return None
        return self._further(name, self._cell_of_kind(column, name, kind))

    def of_value(self, column: str, name: str, ids_may_be_numbers: bool) -> Convert:
        """For values that have types: of JSON, or of Parquet, where ids may be numbers."""
        if name in LABEL_FIELDS:
            return _same
        if name in RESERVED:
            return _refused(name)
        kind = self.options.kind_of(column, name)
        if name == "event_time":
            return self.times.ms
        if name == "amount":
            return self._amount_as_text if kind == "number" else self.amounts.of_number
        if name == "currency":
            return self._currency(kind == "text")
        if name in TEXTS:
            return self._text(name, ids_may_be_numbers or kind == "text")
        if name in NUMBER_FIELDS:
            return lambda value: checked_number(name, value)
        return self._further(name, self._value_of_kind(name, kind))

    def _currency(self, may_be_number: bool) -> Convert:
        """A currency may be the number of its code, whatever its type."""
        text = self._text("currency", may_be_number)

        def currency(value: Any) -> str | None:
            if isinstance(value, Number) and (code := code_of(_whole_text(value))).isalpha():
                return code
            found: str | None = text(value)
            return None if found is None else code_of(found)

        return currency

    def _text(self, name: str, may_be_number: bool) -> Convert:
        as_code = name == "country" and self.options.country_codes

        def text(value: Any) -> str | None:
            if as_code and isinstance(value, str):
                return self.countries.code(value)
            if type(value) is not str:
                if may_be_number and isinstance(value, Number):
                    return _whole_text(value)
                what = f"{name} is not a string: {str(value)[:40]}; see --kind {name}=text"
                raise Refusal("wrong_type", what)
            if _UNCLEAN.search(value):
                raise Refusal("bad_string", f"{name}: {value[:40]!a}")
            return spelt(name, value) if name != "ip" else value

        return text

    def _amount_as_text(self, value: Any) -> int:
        if isinstance(value, str) and not isinstance(value, Number):
            return self.amounts.of_text(value.strip())
        return self.amounts.of_number(value)

    def _cell_of_kind(self, column: str, name: str, kind: str) -> Convert:
        if kind == "number" and self.options.decimal != "," and self.kinds.get(column) == "number":
            return Number
        if kind == "number":
            return lambda cell: self._number(name, cell)
        return _truth

    def _number(self, name: str, cell: str) -> Number:
        return number_of_cell(name, cell, self.options.decimal)

    def _value_of_kind(self, name: str, kind: str | None) -> Convert:
        if kind == "text":
            return lambda value: _clean(_spelt(value))
        if kind == "number":
            return lambda value: (
                self._number(name, value.strip()) if isinstance(value, str) else _scalar(value)
            )
        return _truth if kind == "bool" else _scalar

    def _further(self, name: str, convert: Convert) -> Convert:
        """A further field: what does not fit is left out, unless a rule reads it."""
        if convert is Number:
            return convert
        used, left_out = name in self.used, self.left_out

        def lenient(value: Any) -> Any:
            try:
                return convert(value)
            except Refusal as refusal:
                if used:
                    raise Refusal(refusal.code, f"{name}: {refusal.detail}") from None
                left_out[name] += 1
                return None

        return lenient


def reserved_hint(name: str) -> str:
    """What to do about a column whose name a decision needs for itself."""
    return _HINTS.get(name, f"--drop {name}")


def _refused(name: str) -> Convert:
    def refuse(_: Any) -> Any:
        raise Refusal("reserved_field", f"{name}: say {reserved_hint(name)}")

    return refuse


def _currency(cell: str) -> str | None:
    found = spelt("currency", cell)
    return None if found is None else code_of(found)


def _whole_text(value: str) -> str:
    """A whole number written as a double as that number: 42.0 as 42, 4.2E+15 as all of its digits. What has a
    type, and so is a number in any case, may have an exponent in other ways too: 1e3."""
    if found := _WHOLE.fullmatch(value):
        return found[1]
    power = _ANY_POWER if isinstance(value, Number) else _POWER
    if power.fullmatch(value) and (exact := Decimal(value)) == exact.to_integral_value():
        return format(exact, "f").partition(".")[0]
    return str(value)


def _same(value: Any) -> Any:
    return value


def _clean(value: str) -> str:
    if _UNCLEAN.search(value):
        raise Refusal("bad_string", f"{value[:40]!a}")
    return value


def _spelt(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise Refusal("not_scalar", "a list or an object")
    return str(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = _TRUTHS.get(str(value).strip().lower())
    if found is None:
        raise Refusal("wrong_type", f"{str(value)[:40]!r} is neither true nor false")
    return found


def _scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, Number):
        is_short = len(value) < 300 and "e" not in value and "E" not in value
        return value if is_short else checked_number("it", value)
    if isinstance(value, str):
        return _clean(value)
    what = "an object" if isinstance(value, Members | dict) else "a list"
    raise Refusal("not_scalar", what)
