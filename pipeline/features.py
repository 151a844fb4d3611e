"""The reference implementation of every feature: the executable specification.

Knows what each value is, by definition and without haste; knows nothing of clusters, state stores or files.
The kernel computes the same in Java; where the two differ, one of them is wrong and this text decides.

Events are processed in the order (due, pos, event_id as UTF-8 bytes, partition, offset); see `clock`.

Dedup. The first copy of (user_id, event_id) in that order counts. A copy with due <= due(first) +
dedup_window is a duplicate: it has no values and enters no window. A later one is a new first.

Hops. Each key that features are by is one hop. An event without the key has no values there. Per key there is
a list of entries sorted by pos, a new one after all with its pos. L, the hop's retention, is the longest
window or within, at least 24 h if it has a session. On event e:

1. entries with pos <= due(e) - L go;
2. e goes in;
3. e is saturated if the cap has cut an entry with a pos > due(e) - L before; features are computed;
4. e goes if pos(e) <= due(e) - L; then, if more than max_entries remain, the first in the list is cut.

Features on e. A condition is judged when the event is processed. "Up to e" is meant in the list.

- Window: entries up to e with pos > pos(e) - window that meet `where`. count, distinct and sum of none are 0,
  other aggregates of none are absent, and so is stddev_before of one. mean_before and stddev_before leave e
  out.
- Session: from e backwards over entries that meet `where`, while each is at most session_gap older than the
  one after it (the first: than e) and less than 24 h older than e. If e does not meet `where`, it does not
  count.
- Sequence: e meets the last step and, backwards from the entry before e, within (pos(e) - within, pos(e)],
  entries meet the other steps one after another, each step by the nearest entry that meets it.
- first_seen: if e has the value and meets `where`, the time since it was first seen, at least 0; 0 also when
  it was last seen ttl ago or longer. At most max_entries values a key; the one seen least recently goes.
- previous: the value stored, unless stored ttl ago or longer. Then e's own value is stored, if it has one,
  meets `where` and is not older than a stored value that still counts.

`distinct`, `first_seen` and `previous` take a value as text: numbers as written, `true`, `false`.

Values are raw: money in units (int), means and deviations in currency units (float), ages in ms (int), text,
truth. Absent ones are left out. They come hop by hop, within a hop by name.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.clock import Stamped
from pipeline.events import UNITS
from pipeline.postfix import holds

SESSION_RETENTION_MS: Final = 86_400_000

Plan = Mapping[str, Any]
"""What `RuleSet.plan` returns."""

RawValue = int | float | str | bool


@dataclass(frozen=True, slots=True)
class Scored:
    """An event in its turn, with its features. A duplicate has none and is not scored."""

    stamped: Stamped
    values: Mapping[str, RawValue]
    saturated: bool
    duplicate: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    pos: int
    units: int
    met: tuple[bool, ...]
    columns: Mapping[str, str | None]


@dataclass(slots=True)
class _KeyState:
    """What a hop knows of one key; `records` holds one record per feature with a ttl."""

    entries: list[_Entry] = field(default_factory=list)
    cut: int | None = None
    records: dict[str, Any] = field(default_factory=dict)


class Reference:
    """Computes every feature of a plan over a whole log."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def process(self, stamped: Iterable[Stamped]) -> Iterator[Scored]:
        """Every event of the log, in processing order, duplicates included."""
        events = sorted(stamped, key=lambda event: event.order)
        is_duplicate = list(_duplicates(events, self._plan["dedup_window_ms"]))
        fresh = [event for event, is_copy in zip(events, is_duplicate, strict=True) if not is_copy]
        values: list[dict[str, RawValue]] = [{} for _ in fresh]
        saturated = [False] * len(fresh)
        for hop in self._plan["hops"]:
            _run_hop(_Hop(hop, self._plan["max_entries"]), fresh, values, saturated)
        results = zip(values, saturated, strict=True)
        for event, is_copy in zip(events, is_duplicate, strict=True):
            event_values, is_saturated = ({}, False) if is_copy else next(results)
            yield Scored(event, event_values, is_saturated, is_copy)


def _duplicates(events: Iterable[Stamped], dedup_window_ms: int) -> Iterator[bool]:
    first_due: dict[tuple[str, str], int] = {}
    for event in events:
        identity = event.transaction.user_id, event.transaction.event_id
        is_copy = identity in first_due and event.due <= first_due[identity] + dedup_window_ms
        if not is_copy:
            first_due[identity] = event.due
        yield is_copy


def _run_hop(
    hop: _Hop, events: Sequence[Stamped], values: Sequence[dict[str, RawValue]], saturated: list[bool]
) -> None:
    states: dict[str, _KeyState] = {}
    for index, event in enumerate(events):
        key = event.transaction.text(hop.key)
        if key is not None:
            state = states.setdefault(key, _KeyState())
            saturated[index] |= hop.process(state, event, values[index])


class _Hop:
    def __init__(self, hop: Plan, max_entries: int) -> None:
        self.key: str = hop["key"]
        self._retention_ms: int = hop["retention_ms"]
        self._columns: list[str] = hop["columns"]
        self._wheres = hop["wheres"]
        self._features = hop["features"]
        self._max_entries = max_entries

    def process(self, state: _KeyState, event: Stamped, values: dict[str, RawValue]) -> bool:
        """Take in one event, fill in its values, tell whether they are saturated."""
        entries, oldest = state.entries, event.due - self._retention_ms
        del entries[: _index_after(entries, oldest)]
        entry = self._entry(event)
        at = _index_after(entries, entry.pos)
        entries.insert(at, entry)
        if state.cut is not None and state.cut <= oldest:
            state.cut = None
        is_saturated = state.cut is not None
        for feature in self._features:
            value = self._value(feature, state, at, event)
            if value is not None:
                values[feature["name"]] = value
        if entry.pos <= oldest:
            del entries[at]
        if len(entries) > self._max_entries:
            state.cut = max(entries[0].pos, entries[0].pos if state.cut is None else state.cut)
            del entries[0]
        return is_saturated

    def _entry(self, event: Stamped) -> _Entry:
        transaction = event.transaction
        met = tuple(holds(where, transaction) for where in self._wheres)
        columns = {column: transaction.text(column) for column in self._columns}
        return _Entry(event.pos, transaction.amount_units, met, columns)

    def _value(self, feature: Plan, state: _KeyState, at: int, event: Stamped) -> RawValue | None:
        agg = feature["agg"]
        if agg == "first_seen":
            return self._first_seen(feature, state, state.entries[at], event)
        if agg == "previous":
            return _previous(feature, state, state.entries[at], event)
        if agg == "sequence":
            return _is_sequence(feature, state.entries, at)
        chosen = _session(feature, state.entries, at) if "session_gap_ms" in feature else None
        if chosen is None:
            chosen = _window(feature, state.entries, at if agg.endswith("_before") else at + 1, event.pos)
        return _AGGREGATES[agg](chosen, feature["of"])

    def _first_seen(self, feature: Plan, state: _KeyState, entry: _Entry, event: Stamped) -> int | None:
        value = event.transaction.text(feature["of"])
        if value is None or not _meets(entry, feature["where"]):
            return None
        seen: dict[str, tuple[int, int]] = state.records.setdefault(feature["name"], {})
        first, last = seen.get(value, (event.pos, event.pos))
        counts = last > event.due - feature["ttl_ms"]
        age = max(0, event.pos - first) if counts else 0
        seen[value] = (min(first, event.pos) if counts else event.pos, max(last, event.pos))
        if len(seen) > self._max_entries:
            others = (other for other in seen if other != value)
            del seen[min(others, key=lambda other: (seen[other][1], other.encode()))]
        return age


def _index_after(entries: Sequence[_Entry], pos: int) -> int:
    return bisect_right(entries, pos, key=lambda entry: entry.pos)


def _meets(entry: _Entry, where: int) -> bool:
    return where < 0 or entry.met[where]


def _window(feature: Plan, entries: Sequence[_Entry], end: int, pos: int) -> list[_Entry]:
    start = _index_after(entries, pos - feature["window_ms"])
    return [entry for entry in entries[start:end] if _meets(entry, feature["where"])]


def _session(feature: Plan, entries: Sequence[_Entry], at: int) -> list[_Entry]:
    chosen: list[_Entry] = []
    newer = now = entries[at].pos
    for entry in reversed(entries[: at + 1]):
        if not _meets(entry, feature["where"]):
            continue
        if newer - entry.pos > feature["session_gap_ms"] or entry.pos <= now - SESSION_RETENTION_MS:
            break
        chosen.append(entry)
        newer = entry.pos
    return chosen


def _is_sequence(feature: Plan, entries: Sequence[_Entry], at: int) -> bool:
    *earlier, last = feature["steps"]
    if not _meets(entries[at], last):
        return False
    for entry in reversed(entries[:at]):
        if not earlier or entry.pos <= entries[at].pos - feature["within_ms"]:
            break
        if _meets(entry, earlier[-1]):
            earlier.pop()
    return not earlier


def _previous(feature: Plan, state: _KeyState, entry: _Entry, event: Stamped) -> str | None:
    stored: tuple[int, str] | None = state.records.get(feature["name"])
    if stored is not None and stored[0] <= event.due - feature["ttl_ms"]:
        stored = None
    value = event.transaction.text(feature["of"])
    if value is not None and _meets(entry, feature["where"]) and (stored is None or event.pos >= stored[0]):
        state.records[feature["name"]] = (event.pos, value)
    return stored[1] if stored else None


def _mean(chosen: Sequence[_Entry], _: str | None) -> float | None:
    return sum(entry.units for entry in chosen) / (len(chosen) * UNITS) if chosen else None


def _deviation(chosen: Sequence[_Entry], _: str | None) -> float | None:
    n = len(chosen)
    if n < 2:
        return None
    total = sum(entry.units for entry in chosen)
    squares = sum(entry.units**2 for entry in chosen)
    return math.sqrt((n * squares - total**2) / (n * (n - 1) * UNITS**2))


def _distinct(chosen: Sequence[_Entry], of: str | None) -> int:
    return len({entry.columns[str(of)] for entry in chosen} - {None})


_AGGREGATES: Final[Mapping[str, Callable[[Sequence[_Entry], str | None], RawValue | None]]] = {
    "count": lambda chosen, _: len(chosen),
    "sum": lambda chosen, _: sum(entry.units for entry in chosen),
    "min": lambda chosen, _: min((entry.units for entry in chosen), default=None),
    "max": lambda chosen, _: max((entry.units for entry in chosen), default=None),
    "avg": _mean,
    "mean_before": _mean,
    "stddev_before": _deviation,
    "distinct": _distinct,
}
