"""How many digits each currency has behind its point: ISO 4217, list one (SIX, 2024-06-25)."""

from __future__ import annotations

from collections.abc import Iterable

_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD"
    " CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL"
    " GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD"
    " LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN"
    " PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB"
    " TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD YER ZAR ZMW ZWL",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_GONE = {
    0: "ADP BEF BYR ESP GRD ITL LUF MGF PTE TPE TRL",
    2: "ATS BGL CSD CYP DEM EEK FIM FRF HRK IEP LTL LVL MRO MTL NLG ROL SIT SKK SLL STD VEF XCG ZMK ZWG"
    " AFA AZM GHC MXP MZM RUR SDD SRG TMM VEB YUM ZWD",
}
"""Codes that past data has, or that came later."""
_EXPONENT = {
    code: exponent for codes in (_CODES, _GONE) for exponent, some in codes.items() for code in some.split()
}


def has_three_digits(codes: Iterable[object]) -> bool:
    """Whether any of them is a currency of three digits behind the point, as KWD."""
    return any(isinstance(code, str) and exponent(code.strip().upper()) == 3 for code in codes)


def exponent(currency: str) -> int | None:
    """Digits of the minor unit of a currency in upper case: 2 for EUR, 0 for JPY, 3 for KWD; None for what is
    no currency of that list, or has none, such as gold."""
    return _EXPONENT.get(currency)
