"""Codes of currencies, their numbers, and how many digits each has behind its point: ISO 4217, list one (SIX,
2024-06-25)."""

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
_NUMBERS = (
    "008ALL 012DZD 032ARS 036AUD 044BSD 048BHD 050BDT 051AMD 052BBD 060BMD 064BTN 068BOB 072BWP 084BZD "
    "090SBD 096BND 104MMK 108BIF 116KHR 124CAD 132CVE 136KYD 144LKR 152CLP 156CNY 170COP 174KMF 188CRC "
    "192CUP 203CZK 208DKK 214DOP 222SVC 230ETB 232ERN 238FKP 242FJD 262DJF 270GMD 292GIP 320GTQ 324GNF "
    "328GYD 332HTG 340HNL 344HKD 348HUF 352ISK 356INR 360IDR 364IRR 368IQD 376ILS 388JMD 392JPY 398KZT "
    "400JOD 404KES 408KPW 410KRW 414KWD 417KGS 418LAK 422LBP 426LSL 430LRD 434LYD 446MOP 454MWK 458MYR "
    "462MVR 480MUR 484MXN 496MNT 498MDL 504MAD 512OMR 516NAD 524NPR 532ANG 533AWG 548VUV 554NZD 558NIO "
    "566NGN 578NOK 586PKR 590PAB 598PGK 600PYG 604PEN 608PHP 634QAR 643RUB 646RWF 654SHP 682SAR 690SCR "
    "702SGD 704VND 706SOS 710ZAR 728SSP 748SZL 752SEK 756CHF 760SYP 764THB 776TOP 780TTD 784AED 788TND "
    "800UGX 807MKD 818EGP 826GBP 834TZS 840USD 858UYU 860UZS 882WST 886YER 901TWD 925SLE 926VED 927UYW "
    "928VES 929MRU 930STN 931CUC 932ZWL 933BYN 934TMT 936GHS 938SDG 940UYI 941RSD 943MZN 944AZN 946RON "
    "947CHE 948CHW 949TRY 950XAF 951XCD 952XOF 953XPF 967ZMW 968SRD 969MGA 970COU 971AFN 972TJS 973AOA "
    "975BGN 976CDF 977BAM 978EUR 979MXV 980UAH 981GEL 984BOV 985PLN 986BRL 990CLF 997USN"
)
"""The numbers that stand for codes in messages of card schemes."""
_OF_NUMBER = {pair[:3]: pair[3:] for pair in _NUMBERS.split()}
_EXPONENT = {
    code: exponent for codes in (_CODES, _GONE) for exponent, some in codes.items() for code in some.split()
}


def has_three_digits(codes: Iterable[object]) -> bool:
    """Whether any of them is a currency of three digits behind the point, as KWD."""
    return any(isinstance(code, str) and exponent(code_of(code.strip().upper())) == 3 for code in codes)


def code_of(text: str) -> str:
    """The code that a number stands for, also one whose zeros in front have gone (36 is AUD); any other text
    as it is."""
    is_number = text.isdecimal() and len(text) <= 3
    return _OF_NUMBER.get(text.zfill(3), text) if is_number else text


def exponent(currency: str) -> int | None:
    """Digits of the minor unit of a currency in upper case: 2 for EUR, 0 for JPY, 3 for KWD; None for what is
    no currency of that list, or has none, such as gold."""
    return _EXPONENT.get(currency)
