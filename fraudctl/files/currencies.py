"""How many digits each currency has behind its point: ISO 4217, list one (SIX, 2024-06-25).

A currency that is not named here has two.
"""

from __future__ import annotations

_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENT = {code: exponent for exponent, codes in _EXPONENTS.items() for code in codes.split()}


def exponent(currency: str) -> int:
    """Digits of the minor unit of a currency in upper case: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENT.get(currency, 2)
