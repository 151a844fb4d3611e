"""The fields of a transaction: which there are, of which kind, and what each refuses.

Knows one field at a time; knows nothing of the object around it.
"""

from __future__ import annotations

from typing import Any, Final

from pipeline.records.identity import is_extended
from pipeline.records.ids import IdLimits, is_id
from pipeline.records.quantities import Number, Refusal, parse_amount, parse_time
from pipeline.records.spelling import BLANKS, spelt
from pipeline.records.wire import Scalar, is_clean, shown

LABEL_FIELDS: Final = ("label", "label_time", "scenario")
DECISION_FIELDS: Final = (
    "source",
    "features",
    "late",
    "saturated",
    "score",
    "decision",
    "reasons",
    "ruleset_version",
    "ruleset_hash",
)
MARKS: Final = frozenset(("reused_id", "content_hash", "warming", "plugin_errors"))
"""What a decision says only when there is reason to."""
RESERVED: Final = frozenset(LABEL_FIELDS + DECISION_FIELDS) | MARKS
REQUIRED_FIELDS: Final = ("event_id", "user_id", "event_time", "amount")
STRING_FIELDS: Final = ("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel")
NUMBER_FIELDS: Final = ("lat", "lon")


def _checked_string(name: str, value: Any) -> str:
    if not isinstance(value, str) or isinstance(value, Number):
        raise Refusal("wrong_type", f"{name} is not a string")
    if not is_clean(value):
        raise Refusal("bad_string", name)
    return value


def _checked_text(name: str, value: Any) -> str | None:
    return spelt(name, _checked_string(name, value))


def _checked_id(name: str, value: Any) -> str:
    text = _checked_string(name, value)
    if not text.strip(BLANKS):
        raise Refusal("empty_id", name)
    return text


def _checked_event_id(name: str, value: Any) -> str:
    text = _checked_id(name, value)
    if is_extended(text):
        raise Refusal("reserved_id", name)
    return text


def _checked_number(name: str, value: Any) -> Number:
    if not isinstance(value, Number):
        raise Refusal("wrong_type", f"{name} is not a number")
    if float(value) in (float("inf"), float("-inf")):
        raise Refusal("number_out_of_range", name)
    return value


def _checked_extra(name: str, value: Any) -> Scalar:
    if isinstance(value, bool):
        return value
    return _checked_number(name, value) if isinstance(value, Number) else _checked_string(name, value)


def _checked_time(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str):
        raise Refusal("wrong_type", f"{name} is neither a string nor a number")
    if not isinstance(value, Number):
        _checked_string(name, value)
    return parse_time(value)


def _checked_amount(name: str, value: Any) -> int:
    if not isinstance(value, Number):
        raise Refusal("wrong_type", f"{name} is not a number")
    return parse_amount(value)


_CHECKS = (
    {
        "event_id": _checked_event_id,
        "user_id": _checked_id,
        "event_time": _checked_time,
        "amount": _checked_amount,
    }
    | dict.fromkeys(STRING_FIELDS, _checked_text)
    | dict.fromkeys(NUMBER_FIELDS, _checked_number)
)


def checked(name: str, value: Any, ids: IdLimits) -> Any:
    """The value of a field as a transaction holds it, None where it is blank. Raises `Refusal`."""
    if isinstance(value, list):
        raise Refusal("not_scalar", shown(name))
    found = _CHECKS.get(name, _checked_extra)(name, value)
    if type(found) is str and is_id(name):
        ids.check(shown(name), found)
    return found
