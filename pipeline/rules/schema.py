"""The JSON Schema of a rule set's file, for editors: its shape and its limits.

What expressions and sentences may say, and which parts of a feature go together, knows only
`pipeline.rules.ruleset`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipeline.rules.expression.tree import FIELD_KINDS
from pipeline.rules.feature import AGGREGATES, CLOCKS, KEYS, MAX_KEY_PARTS, MAX_STEPS
from pipeline.rules.rule import MAX_POINTS
from pipeline.rules.ruleset import MAX_FEATURES, MAX_RULES, MAX_VERSION_LENGTH
from pipeline.rules.words import FIELD_KINDS_SAID, MAX_RATES
from pipeline.settings import duration

_FIELD: Final = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"
_CURRENCY: Final = "^[A-Z]{3}$"
_KEY: Final = {
    "type": "string",
    "pattern": _FIELD,
    "not": {"enum": sorted({"event_time", *FIELD_KINDS} - set(KEYS))},
    "description": f"{', '.join(KEYS)}, ip_net, or a field declared under fields",
}
_NAME: Final = "^[a-z][a-z0-9_]{0,63}$"
_TEXT: Final = {"type": "string", "minLength": 1}
_TIME: Final = {"type": "string", "pattern": f"^{duration.PATTERN}$"}
_SCORE: Final = {"type": "integer", "minimum": 1, "maximum": 100}
_CONSTANTS: Final = {"type": "array", "items": {"type": ["string", "number", "boolean"]}}


def document() -> dict[str, object]:
    """The schema, but for what every schema of ours has."""
    return _mapping(
        {
            "version": {"type": ["string", "integer"], "maxLength": MAX_VERSION_LENGTH},
            "features": _named(_feature(), MAX_FEATURES),
            "rules": _named(_rule(), MAX_RULES) | {"minProperties": 1},
            "thresholds": _mapping({"review": _SCORE, "block": _SCORE}, "review", "block"),
            "lists": _named(_CONSTANTS),
            "fields": {
                "oneOf": [
                    {"type": "array", "items": {"type": "string", "pattern": _FIELD}},
                    {
                        "type": "object",
                        "propertyNames": {"pattern": _FIELD},
                        "additionalProperties": {"enum": list(FIELD_KINDS_SAID)},
                    },
                ]
            },
            "settings": _mapping(
                {
                    "currency": {"type": "string", "pattern": _CURRENCY},
                    "zone": _TEXT | {"description": "of hour, weekday and day, such as Europe/Berlin"},
                }
            ),
            "rates": {
                "type": "object",
                "propertyNames": {"pattern": _CURRENCY},
                "additionalProperties": {"type": ["string", "number"]},
                "maxProperties": MAX_RATES,
                "description": "what one unit of a currency is worth in that of settings",
            },
            "tests": _mapping({"defaults": _OBJECT, "lists": _OBJECT, "cases": _OBJECT}),
        },
        "version",
        "rules",
        "thresholds",
    )


def _feature() -> dict[str, object]:
    step = _mapping(
        {"where": _TEXT, "times": {"type": "integer", "minimum": 1, "maximum": MAX_STEPS}}, "where"
    )
    parts = {
        "by": {"oneOf": [_KEY, {"type": "array", "items": _KEY, "minItems": 1, "maxItems": MAX_KEY_PARTS}]},
        "clock": {"enum": list(CLOCKS), "description": "by which time events lie in windows"},
        "agg": {"enum": list(AGGREGATES)},
        "of": _TEXT | {"description": "the field whose values are aggregated"},
        "where": _TEXT | {"description": "a condition on the transactions that count"},
        "sequence": {"type": "array", "items": step, "minItems": 1, "maxItems": MAX_STEPS},
    }
    times = {"window": _TIME, "session_gap": _TIME, "ttl": _TIME, "within": _TIME}
    return _mapping(parts | times, "by") | {
        "oneOf": [{"required": ["agg"]}, {"required": ["sequence", "within"]}]
    }


def _rule() -> dict[str, object]:
    parts = {
        "when": _TEXT | {"description": "an expression of fields, features and lists"},
        "plugin": _TEXT
        | {"description": "a file beside the rule set and a function in it: my_rules.py:function"},
        "uses": {"type": "array", "items": _TEXT},
        "model": _TEXT,
        "points": {"type": "integer", "minimum": -MAX_POINTS, "maximum": MAX_POINTS},
        "reason": _TEXT | {"maxLength": 500, "description": "a sentence, with values in braces"},
    }
    return _mapping(parts, "points") | {"anyOf": [{"required": ["when"]}, {"required": ["plugin"]}]}


_OBJECT: Final = {"type": "object"}


def _mapping(properties: Mapping[str, object], *required: str) -> dict[str, object]:
    needs = {"required": list(required)} if required else {}
    return {"type": "object", "additionalProperties": False, "properties": properties} | needs


def _named(shape: Mapping[str, object], most: int | None = None) -> dict[str, object]:
    bounded: dict[str, object] = {"maxProperties": most} if most else {}
    return bounded | {"type": "object", "additionalProperties": shape, "propertyNames": {"pattern": _NAME}}
