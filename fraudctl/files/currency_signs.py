"""What stands beside an amount for its currency: a sign, an abbreviation, a code; and which it can mean."""

from __future__ import annotations

import re

_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₫": "VND", "₴": "UAH",
    "₦": "NGN", "₱": "PHP", "₪": "ILS", "₡": "CRC", "฿": "THB", "₲": "PYG", "₸": "KZT", "₾": "GEL",
    "৳": "BDT", "₵": "GHS", "₭": "LAK", "៛": "KHR", "₮": "MNT", "₼": "AZN",
    "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD",
    "S$": "SGD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL",
    "GH₵": "GHS", "Ksh": "KES", "TSh": "TZS", "USh": "UGX", "RM": "MYR", "R": "ZAR", "S/": "PEN",
    "S/.": "PEN",
    "円": "JPY", "元": "CNY", "원": "KRW", "TL": "TRY", "lei": "RON", "лв": "BGN", "грн": "UAH", "руб": "RUB",
    "د.إ": "AED", "ر.س": "SAR", "￥": "JPY CNY", "＄": "",
    "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "SFr": "CHF",
    "$": "", "¥": "JPY CNY", "kr": "SEK NOK DKK ISK", "Rs": "INR PKR LKR NPR MUR SCR", "Rp": "IDR",
}  # fmt: skip
"""With the currencies that each can be; $ has too many to name."""
_SELDOM = {"£": "FKP GIP SHP EGP SDG SSP SYP LBP", "₩": "KPW", "C$": "NIO", "₱": "CUP", "₡": "SVC"}
"""What some of them are besides, where it is said."""
_SAME = {"euro": "€", "euros": "€"}
_ABBREVIATIONS = {one.casefold(): one for one in _SIGNS if one.isalpha()} | _SAME
_LONGEST_FIRST = sorted((one for one in _SIGNS if not one.isalpha()), key=len, reverse=True)
_ABBREVIATED = "|".join(sorted(_ABBREVIATIONS, key=len, reverse=True))
_SHOWN = "|".join(map(re.escape, _LONGEST_FIRST))
SIGN = rf"{_SHOWN}|(?i:{_ABBREVIATED})(?![^\W\d_])\.?|[A-Za-z]{{3}}(?![A-Za-z])"
"""The form of one of them."""


def sign_of(written: str) -> str:
    """One spelling for each: `Rs.` and `RS` are `Rs`, `eur` is `EUR`."""
    bare = written.rstrip(".")
    known = bare if bare in _SIGNS else _ABBREVIATIONS.get(bare.casefold())
    return known or bare.upper()


def currencies_of(sign: str) -> tuple[str, ...]:
    """The currencies that it can mean, none where those are too many; a code means itself."""
    return tuple(_SIGNS[sign].split()) if sign in _SIGNS else (sign,)


def stands_for(sign: str, currency: str) -> bool:
    """Whether it can mean that currency."""
    return currency in currencies_of(sign) or currency in _SELDOM.get(sign, "").split()
