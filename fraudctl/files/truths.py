"""Labels among the values of a row: what it says of a payment, and when that became known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fraudctl.files.times import Times
from pipeline.records.quantities import Refusal

_FRAUD = "1 1.0 true t fraud fraudulent yes y wahr ja vrai oui verdadero sim"
_LEGIT = "0 0.0 false f legit legitimate genuine normal nonfraud no n falsch nein faux non falso nao"
VERDICTS = dict.fromkeys(_FRAUD.split(), True) | dict.fromkeys(
    (*_LEGIT.split(), "not fraud", "non-fraud", "non fraud", "not_fraud"), False
)
"""What a label may be, in small letters."""

Values = dict[str, Any]
"""A row's values by the names of fields, as the file has them: of any kind until they are a transaction."""


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about an event as the file tells it; `time_ms` is when it became known, `by` who says it, if
    the file says so."""

    fraud: bool
    time_ms: int | None
    scenario: str | None
    by: str | None = None


def label_of(values: Values, times: Times) -> Label | None:
    """The label among a row's values, taken out of them. Refusal for one that is neither fraud nor legit."""
    value = values.pop("label", None)
    when, scenario = values.pop("label_time", None), values.pop("scenario", None)
    if value is None:
        return None
    fraud = VERDICTS.get(value) if isinstance(value, str) else None
    if fraud is None:
        text = str(value).strip().lower()
        if not text:
            return None
        fraud = VERDICTS.get(text)
    if fraud is None:
        raise Refusal("bad_label", f"{str(value)[:40]!r} is neither fraud (1, true) nor legit (0, false)")
    try:
        time_ms = None if _is_blank(when) else times.known_ms(when)
    except Refusal as refusal:
        raise Refusal("bad_label_time", refusal.detail) from None
    return Label(fraud, time_ms, None if _is_blank(scenario) else str(scenario))


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
