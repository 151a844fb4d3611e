"""Names within times: months and days of the week in several languages, and zones by their short names.

What has a name of several meanings (CST, IST) is no zone until it is said which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

_MONTHS = {
    "Jan": "january januar janv janvier jän jänner jaenner ene enero gen gennaio janeiro januari",
    "Feb": "february februar feber févr fevr fev février fevrier febrero febbraio fevereiro februari",
    "Mar": "march mär märz mrz maerz mars marzo março maart mrt",
    "Apr": "april avr avril abr abril aprile",
    "May": "mai mayo mag maggio maio mei",
    "Jun": "june juni juin junio giu giugno junho",
    "Jul": "july juli juil juillet julio lug luglio julho",
    "Aug": "august août aout ago agosto augustus",
    "Sep": "sept september septembre septiembre set settembre setembro",
    "Oct": "october okt oktober octobre octubre ott ottobre out outubro",
    "Nov": "november novembre noviembre novembro",
    "Dec": "december dez dezember déc décembre decembre dic diciembre dicembre dezembro",
}
"""By the name that strptime takes: no name stands for two months in any two of the languages."""
_MONTH_OF = {name: month for month, names in _MONTHS.items() for name in (month.lower(), *names.split())}
_DAYS = (
    "mon monday tue tuesday wed wednesday thu thursday fri friday sat saturday sun sunday"
    " mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag"
    " lun mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche"
    " mié jue vie sáb dom lunes martes miércoles jueves viernes sábado domingo"
)
"""Which of them it is says nothing that the date does not; `mar` is a month as well."""
_WEEKDAY = re.compile(
    rf"(?:{'|'.join(sorted(_DAYS.split(), key=len, reverse=True))})\.?(?=[, ])", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+(?:\.(?=[\s,]|$))?")
_ORDINAL = re.compile(r"(?<=[0-9])(?:st|nd|rd|th|er)\b")
_BETWEEN = re.compile(r"(?<=\s)(?:de|del|at|um|à|às|a las|alle|om)\s+|\s+Uhr\b")
"""Words that belong to how a date is said."""
_HALF = re.compile(r"(?<![A-Za-z])([AaPp])\.\s?[Mm]\.?(?![A-Za-z])")
_IN_PARENTHESES = re.compile(r"\s*\([^()]*\)$")
"""The long name of a zone, as JavaScript puts it behind the offset."""
_NAMED = re.compile(r"%[aAbBp]")

ZONE_MINUTES = {
    name: minutes
    for minutes, names in (
        (-600, "HST"), (-540, "AKST"), (-480, "PST AKDT"), (-420, "MST PDT"), (-360, "MDT"),
        (-300, "EST CDT"), (-240, "EDT"), (-210, "NST"), (-180, "BRT ART"), (-150, "NDT"),
        (0, "Z UTC GMT UT WET"), (60, "CET MEZ MET WEST WAT"), (120, "CEST MESZ MEST EET SAST CAT"),
        (180, "EEST MSK TRT EAT"), (300, "PKT"), (420, "WIB"), (480, "HKT SGT AWST PHT"), (540, "JST KST"),
        (570, "ACST"), (600, "AEST"), (630, "ACDT"), (660, "AEDT"), (720, "NZST"), (780, "NZDT"),
    )
    for name in names.split()
}  # fmt: skip
"""Those of RFC 5322, but CST, and others that mean one zone: minutes ahead of UTC."""
AMBIGUOUS = {
    "CST": ("-06:00", "+08:00"),
    "IST": ("+05:30", "+01:00", "+02:00"),
    "BST": ("+01:00", "+06:00"),
    "AST": ("-04:00", "+03:00"),
    "ADT": ("-03:00", "+04:00"),
    "GST": ("+04:00", "-02:00"),
    "SST": ("-11:00", "+08:00"),
}
"""Names that several zones have, and what they are then ahead of UTC."""
OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(?![0-9]{3}$)([0-9]{1,2})(?::?([0-9]{2}))?")
"""Hours and perhaps minutes; three digits are not told apart from minutes alone (-300)."""
AREA = re.compile(r"[A-Z][A-Za-z]+(?:/[A-Za-z0-9_+-]+)+")
_RUN = re.compile(r"%G-?W%V-?%u|(?:%[YymdHMSj]){2,}")
_HALVES = ("AM", "PM")
_ZONE_WORD = re.compile(r"(?<![A-Za-z])[A-Za-z][A-Za-z0-9_/+-]*")
_SHORT = re.compile(r"(?<![A-Za-z])[A-Z]{1,5}(?![A-Za-z])")


def in_english(text: str) -> str:
    """A time whose names strptime takes: `mer. 5 févr. 2024` as `Mon 5 Feb 2024`, `1 p.m.` as `1 PM`."""
    bare = _HALF.sub(lambda half: f"{half[1].upper()}M", _IN_PARENTHESES.sub("", text))
    bare = _WEEKDAY.sub("Mon", bare, count=1) if _WEEKDAY.match(bare) else bare
    bare = _BETWEEN.sub("", _ORDINAL.sub("", bare))
    return _WORD.sub(lambda word: _MONTH_OF.get(word[0].rstrip(".").lower(), word[0]), bare)


def parsed(text: str, form: str, zoned: bool = False) -> datetime | None:
    """The time that a text is by a format; in UTC where one with a zone names none but that."""
    found = _strptime(text, form)
    if found is None and _NAMED.search(form):
        plain = in_english(form.replace("%B", "%b").replace("%A", "%a"))
        found = _strptime(in_english(text), plain)
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None and zoned else found


def parsed_with_zone(text: str, form: str) -> tuple[datetime, str] | None:
    """The local time that a text is by a format with `%Z`, and the name of its zone, whichever that is."""
    for word in reversed(list(_ZONE_WORD.finditer(text))):
        if word[0].upper() in _HALVES:
            continue
        bare = f"{text[: word.start()]}+0000{text[word.end() :]}"
        if (found := parsed(bare, form.replace("%Z", "%z"))) is not None:
            return found.replace(tzinfo=None), word[0]
    return None


def zones_in(text: str) -> Iterator[str]:
    """Short names of zones, of one meaning or several, that a text holds."""
    yield from (word for word in _SHORT.findall(text) if word in ZONE_MINUTES or word in AMBIGUOUS)


def offset_minutes(text: str) -> int | None:
    """What `+05:30`, or `GMT+2`, is ahead of UTC; None for any other text."""
    found = OFFSET.fullmatch(text)
    if found is None:
        return None
    sign, hours, minutes = found.groups()
    return (-1 if sign == "-" else 1) * (int(hours) * 60 + int(minutes or 0))


def _strptime(text: str, form: str) -> datetime | None:
    try:
        found = datetime.strptime(text, form)
    except ValueError:
        return None
    # Where nothing parts two numbers, one without its zero would take a digit of the next: 13000 as 13:00:0;
    # and of a year without a week 53 strptime takes the first of the next.
    runs = _RUN.findall(form)
    return found if all(found.strftime(run) in text.upper() for run in runs) else None
