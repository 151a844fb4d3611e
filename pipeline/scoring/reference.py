"""The reference implementation of every feature: the executable specification.

Knows what each value is, by definition and without haste; knows nothing of clusters, state stores or files.
The kernel computes the same in Java; where the two differ, one of them is wrong and this text decides.

Events are processed in the order (due, pos, event_id as UTF-8 bytes, partition, offset); see `clock`.

Dedup. The first copy of (user_id, event_id) in that order counts. A copy with due <= due(first) +
dedup_window is a duplicate: it has no values and enters no window. A later one is a new first.

Versions. Each plan is in force from its T on, the first from the beginning; e is computed by the one in
force at due(e). State goes on from plan to plan. A plan's number for a condition, column or record means the
same as in all plans since the one it names; of entries and records from before that, it knows nothing.

Hops. Each key that features are by is one hop. An event without the key has no values there. Per key there is
a list of entries sorted by pos, a new one after all with its pos. L, the retention of a rule set by that key,
is the longest window or within, at least 24 h if it has a session. H, held_ms, is how far the hop keeps
entries, at least L. The floor is what earlier plans have let go: of the first plan none, then the greater of
the floor before and T - 1 - H before (H is 0 where a plan has no such hop). On event e:

1. entries with pos <= max(due(e) - H, floor) go;
2. e goes in;
3. e is saturated if the cap has cut an entry with a pos > due(e) - L that has not gone since; features are
   computed, over e and the entries with pos > due(e) - L;
4. e goes if pos(e) <= max(due(e) - H, floor); then, if more than max_entries remain, the first is cut.

Warming. A feature is complete after a moment: the greatest of the floor and, for each condition and column it
uses, T - 1 of the plan since which the number means it; for one with a record, T - 1 of that. On e it reaches
back to: the window's or sequence's pos(e) - length, or due(e) - L if greater; the session's first entry (e if
there is none) - gap - 1, or pos(e) - 24 h or due(e) - L if greater; first_seen's first sight - ttl; the pos
of previous's stored value, or due(e) - ttl without one. If that is less than the moment, e lists it as
warming. What is not listed has the value as if the rule set had been in force from the beginning.

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

from pipeline.records.clock import DAY_MS
from pipeline.records.events import UNITS
from pipeline.rules.expression.postfix import Program, holds
from pipeline.rules.plan import RECORDS, Plan
from pipeline.scoring.order import Stamped

SESSION_RETENTION_MS: Final = DAY_MS
ALWAYS: Final = -(1 << 62)
"""Before every time."""

RawValue = int | float | str | bool


@dataclass(frozen=True, slots=True)
class Version:
    """A plan and the time from which it is in force."""

    from_ms: int
    plan: Plan


@dataclass(slots=True)
class Computed:
    """What one rule set gets to know of an event."""

    values: dict[str, RawValue] = field(default_factory=dict)
    saturated: bool = False
    warming: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scored:
    """An event in its turn, with its features. A duplicate has none and is not scored.

    `version` is the number of the plan by which it was computed; `shadow` is there when that has one.
    """

    stamped: Stamped
    values: Mapping[str, RawValue]
    saturated: bool
    duplicate: bool
    warming: tuple[str, ...] = ()
    version: int = 0
    shadow: Scored | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """`met` by the text of the condition; only those of the plan `epoch` are judged."""

    pos: int
    units: int
    epoch: int
    met: Mapping[str, bool]
    columns: Mapping[str, str | None]


@dataclass(slots=True)
class _KeyState:
    """What a hop knows of one key; `records` holds one record per feature with a ttl."""

    entries: list[_Entry] = field(default_factory=list)
    cut: int | None = None
    records: dict[str, Any] = field(default_factory=dict)


class Reference:
    """Computes every feature over a whole log: by one plan, or by several that follow each other."""

    def __init__(self, plan: Plan, later: Sequence[Version] = ()) -> None:
        """`plan` is the first one and has the settings as well."""
        self._plan = plan
        self._versions = (Version(ALWAYS, plan), *later)

    def process(self, stamped: Iterable[Stamped]) -> Iterator[Scored]:
        """Every event of the log, in processing order, duplicates included."""
        events = sorted(stamped, key=lambda event: event.order)
        is_duplicate = list(_duplicates(events, self._plan["dedup_window_ms"]))
        fresh = [event for event, is_copy in zip(events, is_duplicate, strict=True) if not is_copy]
        numbers = [self._number(event.due) for event in fresh]
        lives, shadows = [Computed() for _ in fresh], [Computed() for _ in fresh]
        for key in dict.fromkeys(hop["key"] for version in self._versions for hop in version.plan["hops"]):
            _run_hop(self._hops(key), fresh, numbers, lives, shadows)
        results = zip(numbers, lives, shadows, strict=True)
        for event, is_copy in zip(events, is_duplicate, strict=True):
            yield Scored(event, {}, False, True) if is_copy else self._scored(event, *next(results))

    def _number(self, due: int) -> int:
        return max(number for number, one in enumerate(self._versions) if one.from_ms <= due)

    def _hops(self, key: str) -> list[_Hop | None]:
        """The hop by the key in each version; None where it has none."""
        hops: list[_Hop | None] = []
        floor, held_ms = ALWAYS, 0
        for number, version in enumerate(self._versions):
            floor = max(floor, version.from_ms - 1 - held_ms) if number else ALWAYS
            plan = next((hop for hop in version.plan["hops"] if hop["key"] == key), None)
            held_ms = plan["held_ms"] if plan else 0
            starts = [one.from_ms for one in self._versions[: number + 1]]
            hops.append(_Hop(plan, number, self._plan["max_entries"], floor, starts) if plan else None)
        return hops

    def _scored(self, event: Stamped, number: int, live: Computed, shadow: Computed) -> Scored:
        plan = self._versions[number].plan
        beside = _in_order(plan, "shadow", event, number, shadow) if "shadow_inputs" in plan else None
        return _in_order(plan, "features", event, number, live, beside)


def _in_order(
    plan: Plan, part: str, event: Stamped, number: int, computed: Computed, shadow: Scored | None = None
) -> Scored:
    """Values and names as the plan has them: hop by hop, within a hop by name."""
    names = [feature["name"] for hop in plan["hops"] for feature in hop.get(part, ())]
    values = {name: computed.values[name] for name in names if name in computed.values}
    warming = tuple(name for name in names if name in computed.warming)
    return Scored(event, values, computed.saturated, False, warming, number, shadow)


def _duplicates(events: Iterable[Stamped], dedup_window_ms: int) -> Iterator[bool]:
    first_due: dict[tuple[str, str], int] = {}
    for event in events:
        identity = event.transaction.user_id, event.transaction.event_id
        is_copy = identity in first_due and event.due <= first_due[identity] + dedup_window_ms
        if not is_copy:
            first_due[identity] = event.due
        yield is_copy


def _run_hop(
    hops: Sequence[_Hop | None], events: Sequence[Stamped], numbers: Sequence[int],
    lives: Sequence[Computed], shadows: Sequence[Computed],
) -> None:  # fmt: skip
    states: dict[str, _KeyState] = {}
    for event, number, live, shadow in zip(events, numbers, lives, shadows, strict=True):
        hop = hops[number]
        key = None if hop is None else event.transaction.text(hop.key)
        if hop is not None and key is not None:
            hop.process(states.setdefault(key, _KeyState()), event, live, shadow)


@dataclass(frozen=True, slots=True)
class _View:
    """What a feature is computed from: the list up to e, less what its rule set is too short for."""

    entries: Sequence[_Entry]
    event: Stamped
    oldest: int

    @property
    def entry(self) -> _Entry:
        return self.entries[-1]


class _Hop:
    def __init__(self, hop: Plan, epoch: int, max_entries: int, floor: int, starts: Sequence[int]) -> None:
        self.key: str = hop["key"]
        self._hop = hop
        self._epoch = epoch
        self._floor = floor
        self._starts = starts
        self._max_entries = max_entries
        self._conditions: dict[str, Program] = {str(one): one for one in hop["wheres"] if one is not None}
        self._judged = list(zip(hop["since"]["wheres"], map(str, hop["wheres"]), strict=True))

    def process(self, state: _KeyState, event: Stamped, live: Computed, shadow: Computed) -> None:
        """Take in one event and fill in what is computed for it."""
        entries, horizon = state.entries, max(event.due - self._hop["held_ms"], self._floor)
        del entries[: _index_after(entries, horizon)]
        entry = self._entry(event)
        at = _index_after(entries, entry.pos)
        entries.insert(at, entry)
        if state.cut is not None and state.cut <= horizon:
            state.cut = None
        self._compute("features", "retention_ms", state, at, event, live)
        if "shadow" in self._hop:
            self._compute("shadow", "shadow_retention_ms", state, at, event, shadow, live)
        if "kept" in self._hop:
            self._compute("kept", "held_ms", state, at, event, Computed())
        if entry.pos <= horizon:
            del entries[at]
        if len(entries) > self._max_entries:
            state.cut = max(entries[0].pos, entries[0].pos if state.cut is None else state.cut)
            del entries[0]

    def _entry(self, event: Stamped) -> _Entry:
        transaction = event.transaction
        met = {text: holds(where, transaction) for text, where in self._conditions.items()}
        columns = {one: transaction.text(one) for one in self._hop["columns"] if one is not None}
        return _Entry(event.pos, transaction.amount_units, self._epoch, met, columns)

    def _compute(
        self, part: str, retention: str, state: _KeyState, at: int, event: Stamped,
        into: Computed, live: Computed | None = None,
    ) -> None:  # fmt: skip
        """The features of one rule set; those that are the live set's as well are taken from there."""
        oldest = event.due - self._hop[retention]
        into.saturated |= state.cut is not None and state.cut > oldest
        start = min(at, _index_after(state.entries, oldest))
        view = _View(state.entries[start : at + 1], event, oldest)
        for feature in self._hop[part]:
            name, same = feature["name"], feature.get("same_as")
            if same is not None and live is not None:
                value, is_warming = live.values.get(same), same in live.warming
            else:
                value, reach = self._value(feature, state, view)
                is_warming = reach is not None and reach < self._complete_after(feature)
            if value is not None:
                into.values[name] = value
            if is_warming:
                into.warming.append(name)

    def _complete_after(self, feature: Plan) -> int:
        """The moment after which the state holds everything that the feature looks at."""
        since, agg = self._hop["since"], feature["agg"]
        if agg in RECORDS:
            return self._started(since[agg][feature["record"]])
        used = [
            since["wheres"][where] for where in feature.get("steps", [feature.get("where")]) if where >= 0
        ]
        if agg == "distinct":
            used.append(since["columns"][self._hop["columns"].index(feature["of"])])
        return max([self._floor, *map(self._started, used)])

    def _started(self, epoch: int) -> int:
        return self._starts[epoch] - 1 if epoch else ALWAYS

    def _value(self, feature: Plan, state: _KeyState, view: _View) -> tuple[RawValue | None, int | None]:
        """The value, and how far back it looks; None where it does not matter what was there."""
        agg, entry = feature["agg"], view.entry
        if agg in RECORDS:
            number = feature["record"]
            name = f"{agg} {self._hop['records'][agg][number]} since {self._hop['since'][agg][number]}"
            see = self._first_seen if agg == "first_seen" else self._previous
            return see(feature, state, name, view)
        if agg == "sequence":
            reach = max(entry.pos - feature["within_ms"], view.oldest)
            return self._is_sequence(feature, view), reach
        if "session_gap_ms" in feature:
            chosen = self._session(feature, view)
            start = chosen[-1].pos if chosen else entry.pos
            reach = max(start - feature["session_gap_ms"] - 1, entry.pos - SESSION_RETENTION_MS, view.oldest)
        else:
            chosen = self._window(feature, view)
            reach = max(entry.pos - feature["window_ms"], view.oldest)
        return _AGGREGATES[agg](self._known(feature, chosen), feature["of"]), reach

    def _known(self, feature: Plan, chosen: Sequence[_Entry]) -> Sequence[_Entry]:
        """Without the values of a column from before the plan since which it is kept."""
        if feature["agg"] != "distinct":
            return chosen
        since = self._hop["since"]["columns"][self._hop["columns"].index(feature["of"])]
        return [entry for entry in chosen if entry.epoch >= since]

    def _meets(self, entry: _Entry, where: int) -> bool:
        if where < 0:
            return True
        since, text = self._judged[where]
        return entry.epoch >= since and entry.met[text]

    def _window(self, feature: Plan, view: _View) -> list[_Entry]:
        start = _index_after(view.entries, view.entry.pos - feature["window_ms"])
        end = len(view.entries) - (1 if feature["agg"].endswith("_before") else 0)
        return [entry for entry in view.entries[start:end] if self._meets(entry, feature["where"])]

    def _session(self, feature: Plan, view: _View) -> list[_Entry]:
        chosen: list[_Entry] = []
        newer = now = view.entry.pos
        for entry in reversed(view.entries):
            if not self._meets(entry, feature["where"]):
                continue
            if newer - entry.pos > feature["session_gap_ms"] or entry.pos <= now - SESSION_RETENTION_MS:
                break
            chosen.append(entry)
            newer = entry.pos
        return chosen

    def _is_sequence(self, feature: Plan, view: _View) -> bool:
        *earlier, last = feature["steps"]
        if not self._meets(view.entry, last):
            return False
        for entry in reversed(view.entries[:-1]):
            if not earlier or entry.pos <= view.entry.pos - feature["within_ms"]:
                break
            if self._meets(entry, earlier[-1]):
                earlier.pop()
        return not earlier

    def _first_seen(
        self, feature: Plan, state: _KeyState, name: str, view: _View
    ) -> tuple[int | None, int | None]:
        event = view.event
        value = event.transaction.text(feature["of"])
        if value is None or not self._meets(view.entry, feature["where"]):
            return None, None
        seen: dict[str, tuple[int, int]] = state.records.setdefault(name, {})
        first, last = seen.get(value, (event.pos, event.pos))
        counts = last > event.due - feature["ttl_ms"]
        age = max(0, event.pos - first) if counts else 0
        seen[value] = (min(first, event.pos) if counts else event.pos, max(last, event.pos))
        reach = seen[value][0] - feature["ttl_ms"]
        if len(seen) > self._max_entries:
            others = (other for other in seen if other != value)
            del seen[min(others, key=lambda other: (seen[other][1], other.encode()))]
        return age, reach

    def _previous(self, feature: Plan, state: _KeyState, name: str, view: _View) -> tuple[str | None, int]:
        event = view.event
        stored: tuple[int, str] | None = state.records.get(name)
        if stored is not None and stored[0] <= event.due - feature["ttl_ms"]:
            stored = None
        value, meets = event.transaction.text(feature["of"]), self._meets(view.entry, feature["where"])
        if value is not None and meets and (stored is None or event.pos >= stored[0]):
            state.records[name] = (event.pos, value)
        return (stored[1], stored[0]) if stored else (None, event.due - feature["ttl_ms"])


def _index_after(entries: Sequence[_Entry], pos: int) -> int:
    return bisect_right(entries, pos, key=lambda entry: entry.pos)


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
