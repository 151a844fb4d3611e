"""Amounts and numbers as files write them, exactly: decimal comma, thousands, currency sign, minor units."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from fraudctl.files.currencies import exponent
from fraudctl.files.currency_signs import SIGN, currencies_of, sign_of, stands_for
from fraudctl.files.options import ReadOptions
from pipeline.records.quantities import UNITS, Number, Refusal, amount_text, parse_amount

_MINUS = "\u2212"
"""What is printed for a minus."""
BETWEEN = " '\u00a0\u2009\u202f\u2019"
"""What may part thousands besides the point or comma that does not part the decimals."""
_SIGNED = re.compile(
    rf"([+-]?)\s*+({SIGN})?\s*+([+-]?)\s*+([0-9.,{BETWEEN}eE+-]*[0-9.])"
    rf"\s*+(-?)\s*+({SIGN})?\s*+(-?)"
)
_IN_PARENTHESES = re.compile(rf"({SIGN})?\s*\((.*)\)\s*({SIGN})?")
"""As bookkeepers write what is below zero."""
_NO_CENTS = re.compile(rf"(?<=[0-9])(?:([.,])(?:--?|[\u2013\u2014])|/[-=])(?=\s*(?:{SIGN})?\s*$)")
"""A stroke in the place of cents that there are none of: `12,-`, `12.--`, in India `12/-`."""
_MAYBE_GROUPED = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_LOOSE = re.compile(r"(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?([eE][+-]?[0-9]+)?")


def _grouped(decimal: str, other: str) -> re.Pattern[str]:
    """Thousands, or hundreds of thousands as in India, are parted by one mark."""
    group, end = rf"[0-9]{{1,3}}([{other}{BETWEEN}])[0-9]{{3}}(?:\1[0-9]{{3}})*", rf"(?:{decimal}[0-9]*)?"
    lakhs = rf"[0-9]{{1,2}}(?:([{other}{BETWEEN}])[0-9]{{2}})(?:\2[0-9]{{2}})*\2[0-9]{{3}}"
    return re.compile(f"{group}{end}|{lakhs}{end}|[0-9]*{end}")


_GROUPS = {",": _grouped(",", "."), ".": _grouped("[.]", ",")}
_PARTING = {",": re.compile(f"[.{BETWEEN}]"), ".": re.compile(f"[,{BETWEEN}]")}


class Amounts:
    """Reads the column of amounts. `rounded` counts amounts that `--round` changed."""

    def __init__(self, options: ReadOptions) -> None:
        self._decimal, self._round = options.decimal, options.round_to
        self._minor, self._currency = options.minor_units, options.currency
        self._sign: str | None = None
        self.rounded = 0

    def of_text(self, text: str) -> int:
        """The units of an amount in a cell. Refusal with the cell for what is none."""
        if self._decimal is None and self._round is None:
            try:
                return parse_amount(text)
            except Refusal:
                pass
        return self.of_number(Number(self._plain(text)), text)

    def of_number(self, value: Any, shown: str | None = None) -> int:
        """The units of a number as it was written."""
        if not isinstance(value, Number):
            raise Refusal(
                "wrong_type", f"amount is not a number: {str(value)[:40]!r}; see --kind amount=number"
            )
        try:
            return parse_amount(value if self._round is None else self._rounded(value))
        except Refusal as refusal:
            hint = "; see --round 4" if "digits after the point" in refusal.detail else ""
            raise Refusal(refusal.code, f"{(shown or value)[:40]!r}: {refusal.detail}{hint}") from None

    def major(self, units: int, currency: str | None) -> int:
        """An amount in minor units as units, by the exponent of its currency."""
        if not self._minor:
            return units
        if currency is None:
            raise Refusal("bad_amount", "no currency says how many minor units there are; see --currency")
        if units % UNITS:
            raise Refusal("bad_amount", f"{amount_text(units)} is no whole number of minor units")
        digits = exponent(currency)
        if digits is None:
            what = f"{currency[:40]!r} is no currency of ISO 4217, so nothing says its minor units"
            raise Refusal("bad_amount", what)
        major: int = units // 10**digits
        return major

    def _rounded(self, value: str) -> str:
        try:
            exact = Decimal(value)
            near = exact.quantize(Decimal(1).scaleb(-(self._round or 0)), ROUND_HALF_EVEN)
        except InvalidOperation:
            raise Refusal("bad_amount", "not a number of this size") from None
        self.rounded += near != exact
        return format(near, "f")

    def _plain(self, text: str) -> str:
        """The cell as a JSON number."""
        below, bare = _without_parentheses(text.replace(_MINUS, "-"))
        found = _SIGNED.fullmatch(_with_cents(bare.strip()))
        if found is None:
            raise Refusal("bad_amount", f"{text[:40]!r} is not a decimal number")
        first, sign, inner, number, behind, code, last = found.groups(default="")
        marks = [mark for mark in (below, first, inner, behind, last) if mark]
        digits = tidy(ungrouped(number.strip(), self._decimal, text))
        if digits is None or len(marks) > 1 or (sign and code):
            raise Refusal("bad_amount", f"{text[:40]!r} is not a decimal number")
        self._check_sign(sign or code, text)
        return ("-" if "-" in marks else "") + digits

    def _check_sign(self, written: str, text: str) -> None:
        """Signs are cut off, so two of them in one column would make one currency of two; so is a code, where
        rows are said to be in that currency."""
        if not written:
            return
        sign, said = sign_of(written), (self._currency or "").upper()
        known = currencies_of(sign)
        if known == (sign,) and sign != said:
            raise Refusal("bad_amount", f"{text[:40]!r} is in {sign}: if all rows are, say --currency {sign}")
        if known and said:
            if not stands_for(sign, said):
                raise Refusal("bad_amount", f"{text[:40]!r} is in {' or '.join(known)}, not in {said}")
            return
        if self._sign is None:
            self._sign = sign
        if sign != self._sign:
            raise Refusal("bad_amount", f"{text[:40]!r} is in {sign}, earlier rows are in {self._sign}")


def _without_parentheses(text: str) -> tuple[str, str]:
    """The sign that parentheses stand for, and what is in them with the currency beside them."""
    found = _IN_PARENTHESES.fullmatch(text) if "(" in text else None
    if found is None:
        return "", text
    before, inner, behind = found.groups(default="")
    return "-", f"{before}{inner}{behind}"


def _with_cents(text: str) -> str:
    if text[-1:].isdigit():
        return text
    return _NO_CENTS.sub(lambda found: f"{found[1]}00" if found[1] else "", text)


def digits_in(text: str) -> str:
    """The digits of an amount with what parts them, without its currency; what is no amount as it is."""
    found = _SIGNED.fullmatch(_with_cents(_without_parentheses(text.replace(_MINUS, "-"))[1].strip()))
    return text if found is None else found[4]


def may_be_thousands(text: str) -> bool:
    """Whether the point of an amount may part thousands: `1.250`, but not `0.125` or `12.50`."""
    return bool(_MAYBE_GROUPED.fullmatch(digits_in(text)))


def ungrouped(digits: str, decimal: str | None, shown: str) -> str:
    """Digits with a point for the decimal sign and nothing between thousands."""
    if decimal is None:
        if "," in digits:
            raise Refusal("bad_amount", f"{shown[:40]!r} has a comma: say --decimal , or --decimal .")
        if _PARTING["."].search(digits):
            hint = "say what parts the decimals: --decimal . (or --decimal ,)"
            raise Refusal("bad_amount", f"{shown[:40]!r} has something between thousands: {hint}")
        return digits
    if not _GROUPS[decimal].fullmatch(digits):
        mark = _PARTING[decimal].search(digits)
        if mark is None:
            return digits
        raise Refusal("bad_amount", f"{shown[:40]!r} is no number with the decimal sign {decimal!r}")
    return _PARTING[decimal].sub("", digits).replace(decimal, ".")


def checked_number(name: str, value: Any) -> Number:
    """A number that a double can hold."""
    if not isinstance(value, Number):
        raise Refusal("wrong_type", f"{name} is not a number: {str(value)[:40]!r}")
    if float(value) in (float("inf"), float("-inf")):
        raise Refusal("number_out_of_range", f"{name}: {value[:40]}")
    return value


def number_of_cell(name: str, text: str, decimal: str | None) -> Number:
    """The number in a cell of another column than the amount."""
    digits = tidy(ungrouped(text[1:] if text[:1] in "+-" else text, decimal, text))
    if digits is None:
        raise Refusal("wrong_type", f"{name} is not a number: {text[:40]!r}")
    return checked_number(name, Number(("-" if text.startswith("-") else "") + digits))


def tidy(digits: str) -> str | None:
    """Digits without a sign (.5, 007, 5.) as a JSON number; None when they are none."""
    found = _LOOSE.fullmatch(digits)
    if found is None:
        return None
    whole, fraction, power = found.groups(default="")
    return f"{whole.lstrip('0') or '0'}{f'.{fraction}' if fraction else ''}{power}"
