"""What is wrong with a record of the rules topic: malformed is what cannot be computed and scored by.

Said by the record's bytes alone, so that every reader of the topic says the same at any time; who signed it
is looked at before. The kernel asks this module as well (`RecordCheck.java`): nobody else knows what a rule
set is.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

from pipeline.rules import plan_check
from pipeline.rules.planning import Needs
from pipeline.rules.ruleset import RuleSet, RuleSetError, recorded
from pipeline.scoring import account, signature
from pipeline.scoring.account import Said
from pipeline.scoring.scorer import Scorer
from pipeline.settings.document import Content

KIND: Final = "activation"
ADOPTION: Final = "adoption"
PROPOSAL: Final = "proposal"
APPROVAL: Final = "approval"
FORMAT: Final = 2
"""What is written now, with an account of who wrote it. The first format, or none, has none."""
UNSIGNED_FORMAT: Final = 1
MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 40
MAX_TEXT: Final = 200
MAX_PROBLEM: Final = 300
MAX_OFFSET: Final = 2**63 - 1
MAX_MS: Final = 253_402_300_799_999
"""The end of the year 9999."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")

_said: dict[bytes, str | None] = {}
"""What was said of the records seen, by their digests: a topic is read often, and a rule set takes long."""


class Malformed(Exception):
    """The text says what is wrong."""


def problem(value: bytes | None) -> str | None:
    """What is wrong with the record of this value, whoever signed it; None when it can be gone by."""
    content = None if value is None else signature.apart(value).payload
    digest = b"" if content is None else sha256(content).digest()
    if digest not in _said:
        _said[digest] = _problem(content)
    return _said[digest]


def record_of(value: bytes) -> dict[str, Any]:
    """The record as JSON. Raises Malformed."""
    try:
        text = signature.apart(value).payload.decode()
        _check_depth(text)
        record = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    if not isinstance(record, dict):
        raise Malformed("not a JSON object")
    return record


def needs(ruleset: RuleSet) -> Needs:
    """What a plan has to compute for the rule set."""
    return ruleset.needs()


def _problem(value: bytes | None) -> str | None:
    found = _found(value)
    # One line that any log and any terminal takes, whatever the record says.
    return found and " ".join(found.encode(errors="backslashreplace").decode().split())[:MAX_PROBLEM]


def _found(value: bytes | None) -> str | None:
    try:
        if not value:
            raise Malformed("it has no value" if value is None else "its value is empty")
        _check(record_of(value))
    except Malformed as malformed:
        return str(malformed)
    except Exception as error:
        # Whatever it is that a record breaks in a reader of rule sets, it must not stop the scoring.
        return f"it cannot be read: {type(error).__name__}: {error}"
    return None


def _check(record: Said) -> None:
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise Malformed(f"its kind is {_shown(kind)}, not {KIND!r}")
    written = format_of(record)
    if written is True or written not in (UNSIGNED_FORMAT, FORMAT) or (kind != KIND and written != FORMAT):
        raise Malformed(f"its format is {_shown(written)}; this build reads {FORMAT}")
    for name in _KINDS[kind]:
        is_sound, wanted = _FIELDS[name]
        if name not in record:
            raise Malformed(f"it has no {name}")
        if not is_sound(record[name]):
            raise Malformed(f"its {name} is {_shown(record[name])}, not {wanted}")
    if written == FORMAT and (wrong := account.problem(record)) is not None:
        raise Malformed(wrong)
    if "ruleset" in _KINDS[kind]:
        _check_rules(record)


def _check_rules(record: Said) -> None:
    live = _ruleset("ruleset", record["ruleset"])
    if (live.version, live.hash) != (record["version"], record["hash"]):
        raise Malformed("its version or hash is not that of its rule set")
    shadow = None if record["shadow"] is None else _ruleset("shadow", record["shadow"])
    if record["kind"] != KIND:
        return
    try:
        plan_check.check(record["plan"], needs(live), needs(shadow) if shadow else None)
    except plan_check.NotThePlan as error:
        raise Malformed(f"its plan: {error}") from None


def format_of(record: Said) -> object:
    """The format that a record says it has."""
    return record.get("format", UNSIGNED_FORMAT)


def _ruleset(name: str, content: Content) -> RuleSet:
    try:
        ruleset = recorded(content)
    except RuleSetError as error:
        raise Malformed(f"its {name} is no rule set: {str(error).splitlines()[0]}") from None
    Scorer(ruleset)
    return ruleset


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_TEXT


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


_FIELDS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "action": (_is_text, "a text"),
    "version": (_is_text, "a text"),
    "hash": (_is_text, "a text"),
    "previous": (lambda value: value is None or plan_check.is_whole(value, MAX_OFFSET), "an offset or null"),
    "effective_from_ms": (
        lambda value: value is None or plan_check.is_whole(value, MAX_MS),
        "epoch milliseconds or null",
    ),
    "ruleset": (_is_object, "an object"),
    "shadow": (lambda value: value is None or _is_object(value), "an object or null"),
    "plan": (_is_object, "an object"),
    "before": (lambda value: plan_check.is_whole(value, MAX_OFFSET), "an offset"),
    "digest": (_is_text, "a text"),
    "proposal": (lambda value: plan_check.is_whole(value, MAX_OFFSET), "an offset"),
}

_CHANGE = ("action", "version", "hash", "previous", "effective_from_ms", "ruleset", "shadow")
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    KIND: (*_CHANGE, "plan"),
    PROPOSAL: _CHANGE,
    APPROVAL: ("proposal", "digest"),
    ADOPTION: ("before", "digest"),
}
"""What each kind of record must have, besides the account of who wrote it."""


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{_shown(next(name for name in names if names.count(name) > 1))} appears twice")
    return made


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    if math.isinf(number):
        raise ValueError(f"the number {_shown(digits)} is too large or too long")
    return number
