"""A feature as a rule set declares it: which key, which aggregate, over which time.

Knows the shape and the limits of a declaration; how values come about stands in `scoring/features.py`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pipeline.records.clock import DAY_MS, HOUR_MS
from pipeline.records.fields import NUMBER_FIELDS
from pipeline.rules.derived import JOIN
from pipeline.rules.expression.parse import ExpressionError, parse
from pipeline.rules.expression.tree import Condition, Kind, Names
from pipeline.settings import duration

KEYS: Final = ("user_id", "ip", "device_id", "card_id", "merchant_id")
"""What a feature can be by without more ado, in the order of the hops; other keys come behind."""
KEY_NAME: Final = re.compile(r"\w+(?:\([^()]*\))?(?:\+\w+(?:\([^()]*\))?){0,3}")
"""What a key is called: a field, what is made of one such as `ip_net(ip)`, or several joined (see `JOIN`)."""
MAX_KEY_PARTS: Final = 4
MAX_OTHER_KEYS: Final = 8
"""Each is a step of the job of its own."""

CLOCKS: Final = ("event", "arrival")
"""By which time events lie in windows: their own, or when the broker took them in."""

MAX_WINDOW_MS: Final = 90 * DAY_MS
MAX_SESSION_GAP_MS: Final = DAY_MS
SESSION_RETENTION_MS: Final = DAY_MS
DEFAULT_TTL: Final = "30d"
MAX_STEPS: Final = 100

_KIND_OF_AGG: Final = {
    "count": Kind.INT,
    "distinct": Kind.INT,
    "first_seen": Kind.INT,
    "sum": Kind.MONEY,
    "min": Kind.MONEY,
    "max": Kind.MONEY,
    "avg": Kind.FLOAT,
    "mean_before": Kind.FLOAT,
    "stddev_before": Kind.FLOAT,
    "previous": Kind.TEXT,
    "sequence": Kind.BOOL,
}
AGGREGATES: Final = tuple(name for name in _KIND_OF_AGG if name != "sequence")
_OF_NUMBERS: Final = ("sum", "avg", "min", "max", "mean_before", "stddev_before")
_TEXTS: Final = (Kind.TEXT, Kind.ANY)
_BY_TTL: Final = ("first_seen", "previous")
_WITH_SESSION: Final = ("count", "sum", "avg", "min", "max", "distinct")

Complain = Callable[[tuple[str, ...], str], None]
"""Takes note of a problem: where in the declaration, and what."""


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on transactions, with the text it was read from."""

    text: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Feature:
    """One declared feature. Durations are None where they do not apply; `steps` holds a step per element."""

    name: str
    by: str
    agg: str
    of: str | None = None
    window_ms: int | None = None
    session_gap_ms: int | None = None
    ttl_ms: int | None = None
    within_ms: int | None = None
    where: Where | None = None
    steps: tuple[Where, ...] = ()
    clock: str = "event"
    of_kind: Kind | None = None
    """the kind of what it is of, where that is neither the amount of a sum nor a text"""

    @property
    def kind(self) -> Kind:
        """The kind of its values; first_seen is an age in whole milliseconds."""
        if self.of_kind is not None and self.agg in ("sum", "min", "max", "previous"):
            return self.of_kind
        return _KIND_OF_AGG[self.agg]

    @property
    def retention_ms(self) -> int:
        """How long an entry of its key can matter to it; 0 when it keeps a record of its own."""
        if self.session_gap_ms is not None:
            return SESSION_RETENTION_MS
        return self.window_ms or self.within_ms or 0

    @property
    def wheres(self) -> tuple[Where, ...]:
        """Every condition it judges entries by."""
        return self.steps or ((self.where,) if self.where else ())


def in_order(keys: Iterable[str]) -> tuple[str, ...]:
    """The keys in the order of their hops, each once."""
    given = set(keys)
    return (*(key for key in KEYS if key in given), *sorted(given - set(KEYS)))


def duration_ms(text: object) -> int | None:
    """The milliseconds of `500ms`, `30s`, `5m`, `24h`, `30d` or `1w`; None when it is not such a text."""
    try:
        return duration.parse(text, most_ms=sys.maxsize, whole=True)
    except ValueError:
        return None


def read_feature(name: str, declared: object, names: Names, complain: Complain) -> Feature | None:
    """Read one declaration, complaining about everything wrong with it; None when there was something.

    `names` are those a `where` may use.
    """
    if not isinstance(declared, Mapping):
        complain((), "a feature is a mapping such as {by: user_id, agg: count, window: 5m}")
        return None
    return _Reader(name, declared, names, complain).feature()


class _Reader:
    def __init__(self, name: str, declared: Mapping[str, object], names: Names, complain: Complain) -> None:
        self._name = name
        self._declared = declared
        self._names = names
        self._is_sound = True
        self._report = complain

    def feature(self) -> Feature | None:
        by = self._by()
        feature = self._sequence(by) if "sequence" in self._declared else self._aggregate(by)
        clock = self._choice("clock", CLOCKS) if "clock" in self._declared else CLOCKS[0]
        return replace(feature, clock=clock) if self._is_sound else None

    def _by(self) -> str:
        """The key: one field, or several joined in the order of hops, so that theirs means nothing."""
        declared = self._declared.get("by")
        parts = declared if isinstance(declared, list) else [declared]
        found = [self._key(part) for part in parts]
        if None in found or not 1 <= len(found) <= MAX_KEY_PARTS or len(set(found)) < len(found):
            one = f"{', '.join(KEYS)}, ip_net or a field under fields:"
            self._complain(("by",), f"by must be one of {one}, or a list of up to {MAX_KEY_PARTS} of these")
            return KEYS[0]
        return JOIN.join(in_order(map(str, found)))

    def _key(self, word: object) -> str | None:
        if word in KEYS:
            return str(word)
        is_other = isinstance(word, str) and (word == "ip_net" or word in self._names.fields)
        found = self._names.resolve(word) if isinstance(word, str) and is_other else None
        return found.name if found else None

    def _complain(self, path: tuple[str, ...], message: str) -> None:
        self._is_sound = False
        self._report(path, message)

    def _refuse_others(self, *allowed: str) -> None:
        for key in self._declared:
            if key not in allowed:
                self._complain((key,), f"{key} does not belong here; known are {', '.join(allowed)}")

    def _choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self._declared.get(key)
        if value not in choices:
            self._complain((key,), f"{key} must be one of {', '.join(choices)}")
            return choices[0]
        return str(value)

    def _duration(self, key: str, limit_ms: int, default: str | None = None) -> int:
        value = duration_ms(self._declared.get(key, default))
        if value is None:
            self._complain((key,), f"{key} must be a time such as 500ms, 30s, 5m, 24h or 30d")
            return 1
        if not 1 <= value <= limit_ms:
            self._complain((key,), f"{key} must lie between 1ms and {limit_ms // HOUR_MS}h")
        return value

    def _where(self, path: tuple[str, ...], text: object) -> Where | None:
        if not isinstance(text, str):
            self._complain(path, "a where is a text such as amount < 5")
            return None
        try:
            return Where(text, parse(text, self._names))
        except ExpressionError as error:
            self._complain(path, str(error))
            return None

    def _aggregate(self, by: str) -> Feature:
        agg = self._choice("agg", AGGREGATES)
        times = self._times(agg)
        where = self._where(("where",), self._declared["where"]) if "where" in self._declared else None
        of, kind = self._of(agg)
        return replace(times, name=self._name, by=by, agg=agg, of=of, where=where, of_kind=kind)

    def _times(self, agg: str) -> Feature:
        base = ("by", "clock", "agg", "of", "where") if agg != "count" else ("by", "clock", "agg", "where")
        if agg in _BY_TTL:
            self._refuse_others(*base, "ttl")
            return Feature("", "", agg, ttl_ms=self._duration("ttl", MAX_WINDOW_MS, DEFAULT_TTL))
        if agg in _WITH_SESSION and "session_gap" in self._declared:
            self._refuse_others(*base, "session_gap")
            return Feature("", "", agg, session_gap_ms=self._duration("session_gap", MAX_SESSION_GAP_MS))
        self._refuse_others(*base, "window", *(("session_gap",) if agg in _WITH_SESSION else ()))
        return Feature("", "", agg, window_ms=self._duration("window", MAX_WINDOW_MS))

    def _of(self, agg: str) -> tuple[str | None, Kind | None]:
        """The name of what it is of, and its kind where that is to be said."""
        of = self._declared.get("of")
        if agg == "count":
            return None, None
        found = self._names.resolve(of) if isinstance(of, str) else None
        if agg in _OF_NUMBERS:
            if found is None or found.kind not in (Kind.MONEY, Kind.FLOAT) or found.name in NUMBER_FIELDS:
                more = "amount_in(EUR) where there are rates, or a field declared as number"
                self._complain(("of",), f"{agg} is of: amount, {more}")
                return "amount", None
            return found.name, None if found.name == "amount" else found.kind
        if found is None or found.name in NUMBER_FIELDS:
            self._complain(("of",), f"{agg} is of a text field, amount or a field declared under fields:")
            return str(of), None
        return found.name, found.kind if agg == "previous" and found.kind not in _TEXTS else None

    def _sequence(self, by: str) -> Feature:
        self._refuse_others("by", "clock", "sequence", "within")
        within_ms = self._duration("within", MAX_WINDOW_MS)
        declared = self._declared["sequence"]
        if not isinstance(declared, list) or not declared:
            message = "a sequence is a list of steps such as {where: amount > 9, times: 3}"
            self._complain(("sequence",), message)
            declared = []
        steps = [step for index, item in enumerate(declared) for step in self._steps(str(index), item)]
        if len(steps) > MAX_STEPS:
            self._complain(("sequence",), f"a sequence has at most {MAX_STEPS} elements")
        return Feature(self._name, by, "sequence", within_ms=within_ms, steps=tuple(steps[:MAX_STEPS]))

    def _steps(self, index: str, item: object) -> list[Where]:
        path = ("sequence", index)
        if not isinstance(item, Mapping) or not {"where"} <= set(item) <= {"where", "times"}:
            self._complain(path, "a step has a where and, if it repeats, times")
            return []
        times = item.get("times", 1)
        if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MAX_STEPS:
            self._complain((*path, "times"), f"times must lie between 1 and {MAX_STEPS}")
            return []
        where = self._where((*path, "where"), item["where"])
        return [where] * times if where else []
