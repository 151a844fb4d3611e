"""The value of every feature, by definition and without haste.

Knows one key's entries and what a feature asks of them; knows nothing of the log, of time or of which entries
are kept (see `reference`).

On event e, with "up to e" meant in the list of entries, which is sorted by pos with e after all of its pos. L
is how far back the rule set looks (see `reference`). A condition is judged when an event is processed; an
entry from before the plan since which a number has its meaning meets no condition and has no value under it.

Windows. The entries up to e with pos > pos(e) - window that meet `where`.

    count                     how many
    sum, min, max             of their amounts, or of another number of theirs; min and max of none are absent
    avg                       sum / count; of none it is absent
    distinct                  how many different values; absent ones do not count
    mean_before               avg without e
    stddev_before             sample deviation (n - 1) without e; absent under two entries

Sessions. From e backwards over entries that meet `where`, while each is at most session_gap older than the
one after it (the first: than e) and less than 24 h older than e. If e does not meet `where`, it does not
count.

Sequences. True iff e meets the last step and, backwards from the entry before e, within
(pos(e) - within, pos(e)], entries meet the other steps one after another, each step by the nearest entry that
meets it.

first_seen. If e has the value and meets `where`, the time since it was first seen, at least 0; 0 also when it
was last seen ttl ago or longer, counted from pos(e) or, if that is later, due(e) - allowed_lateness. At most
max_entries values a key; the one seen least recently goes.

previous. The value stored, unless stored ttl ago or longer, counted likewise. Then e's own value is stored,
if it has one, meets `where` and is not older than a stored value that still counts.

`distinct`, `first_seen` and `previous` take a value as text: money in units, numbers as written, `true`,
`false`. Of another number than the amount, entries without it do not count; those that are no money are
doubles, whose exact sums and quotients are rounded once; what no double holds then is absent. Values are
raw: money in units (int), means and deviations in currency units (float), ages in ms (int), text, truth.

Reach, how far back a value looks: a window's or sequence's pos(e) - length, or unseen(e) if greater; the
session's first entry (e if there is none) - gap - 1, or pos(e) - 24 h or unseen(e) if greater; first_seen's
first sight - ttl, nowhere if e itself does not count; the pos of previous's stored value, or the moment ttl
ago without one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from operator import attrgetter
from typing import Final, NamedTuple

from pipeline.rules.derived import Seen
from pipeline.rules.expression.tree import RawValue
from pipeline.rules.feature import SESSION_RETENTION_MS
from pipeline.rules.plan import Hop, PlanSettings
from pipeline.rules.planned_feature import (
    MemoryFeature,
    PlannedFeature,
    SequenceFeature,
    SessionFeature,
    WindowFeature,
)
from pipeline.scoring.aggregates import of_money, of_numbers
from pipeline.scoring.order import Stamped

_POS: Final = attrgetter("pos")


class Entry(NamedTuple):
    """What is kept of an event under a key; `met` and `columns` by number, as the plan `version` has them."""

    pos: int
    amount_units: int
    version: int
    met: Sequence[bool]
    columns: Sequence[str | None]


class Sight(NamedTuple):
    """When first_seen has seen a value."""

    first: int
    last: int


class Stored(NamedTuple):
    """What previous remembers."""

    pos: int
    value: str


MemoryPlace = tuple[int, int]
"""A memory's number and the plan since which it has it."""


@dataclass(slots=True)
class Memories:
    """What the features of a hop remember under one key beside entries."""

    sights: defaultdict[MemoryPlace, dict[str, Sight]] = field(default_factory=lambda: defaultdict(dict))
    stored: dict[MemoryPlace, Stored] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """What a rule set sees on event e: entries up to e with a pos > `oldest`, unseen(e); e is the last."""

    event: Stamped
    seen: Seen
    entries: Sequence[Entry]
    oldest: int
    hop: Hop
    memories: Memories
    settings: PlanSettings

    @property
    def entry(self) -> Entry:
        """That of the event itself."""
        return self.entries[-1]

    def unseen(self, ttl_ms: int) -> int:
        """The position up to which what was last seen there is forgotten."""
        return self.settings.unseen(self.entry.pos, self.event.due, ttl_ms)

    def meets(self, entry: Entry, where: int | None) -> bool:
        """Whether the entry is known to have met the condition with that number."""
        return where is None or (entry.version >= self.hop.conditions.since[where] and entry.met[where])

    def meeting(self, entries: Sequence[Entry], where: int | None) -> Sequence[Entry]:
        """Those of the entries that met the condition."""
        if where is None:
            return entries
        since = self.hop.conditions.since[where]
        return [entry for entry in entries if entry.version >= since and entry.met[where]]


class Looked(NamedTuple):
    """A value, None if absent, and how far back it looks, None if nothing before the event matters to it."""

    value: RawValue | None
    reach: int | None


def value_of(feature: PlannedFeature, view: View) -> Looked:
    """The feature's value on the event; one with a memory remembers the event."""
    match feature:
        case WindowFeature():
            return _window(feature, view)
        case SessionFeature():
            return _session(feature, view)
        case SequenceFeature():
            return _sequence(feature, view)
        case MemoryFeature(agg="first_seen"):
            return _first_seen(feature, view)
        case MemoryFeature():
            return _previous(feature, view)


def index_after(entries: Sequence[Entry], pos: int) -> int:
    """The place after all entries up to that position."""
    return bisect_right(entries, pos, key=_POS)


def _window(feature: WindowFeature, view: View) -> Looked:
    begin = view.entry.pos - feature.window_ms
    chosen = view.meeting(view.entries[index_after(view.entries, begin) :], feature.where)
    return Looked(_aggregate(feature, chosen, view), max(begin, view.oldest))


def _session(feature: SessionFeature, view: View) -> Looked:
    pos, day_before = view.entry.pos, view.entry.pos - SESSION_RETENTION_MS
    chosen: list[Entry] = []
    first = pos
    for entry in reversed(view.entries):
        if not view.meets(entry, feature.where):
            continue
        if first - entry.pos > feature.session_gap_ms or entry.pos <= day_before:
            break
        chosen.append(entry)
        first = entry.pos
    reach = max(first - feature.session_gap_ms - 1, day_before, view.oldest)
    return Looked(_aggregate(feature, chosen, view), reach)


def _aggregate(
    feature: WindowFeature | SessionFeature, entries: Sequence[Entry], view: View
) -> RawValue | None:
    match feature.agg:
        case "count":
            return len(entries)
        case "distinct":
            return _distinct(entries, feature.of, view.hop)
        case "mean_before" | "stddev_before":
            entries = _without(view.entry, entries)
    if feature.of_kind == "number":
        return of_numbers(
            feature.agg, [Fraction(float(text)) for text in _texts(entries, feature.of, view.hop)]
        )
    if feature.of_kind is not None:
        return of_money(feature.agg, [int(text) for text in _texts(entries, feature.of, view.hop)])
    return of_money(feature.agg, [entry.amount_units for entry in entries])


def _distinct(entries: Iterable[Entry], of: str | None, hop: Hop) -> int:
    return len(set(_texts(entries, of, hop)))


def _texts(entries: Iterable[Entry], of: str | None, hop: Hop) -> Iterator[str]:
    """What the entries are known to have in a column; absent ones are left out."""
    column = hop.columns.definitions.index(of)
    since = hop.columns.since[column]
    for entry in entries:
        if entry.version >= since and (text := entry.columns[column]) is not None:
            yield text


def _without(event: Entry, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The event's own entry is the last, if it met the condition."""
    return entries[:-1] if entries and entries[-1] is event else entries


def _sequence(feature: SequenceFeature, view: View) -> Looked:
    begin = view.entry.pos - feature.within_ms
    return Looked(_is_sequence(feature, begin, view), max(begin, view.oldest))


def _is_sequence(feature: SequenceFeature, begin: int, view: View) -> bool:
    *missing, last = feature.steps
    if not view.meets(view.entry, last):
        return False
    for entry in reversed(view.entries[:-1]):
        if not missing or entry.pos <= begin:
            break
        if view.meets(entry, missing[-1]):
            missing.pop()
    return not missing


def _first_seen(feature: MemoryFeature, view: View) -> Looked:
    pos = view.entry.pos
    value = view.seen.text(feature.of)
    if value is None or not view.meets(view.entry, feature.where):
        return Looked(None, None)
    sights = view.memories.sights[_place(feature, view.hop)]
    sight = sights.get(value, Sight(pos, pos))
    is_new = sight.last <= view.unseen(feature.ttl_ms)
    age_ms = 0 if is_new else max(0, pos - sight.first)
    first = pos if is_new else min(sight.first, pos)
    sights[value] = Sight(first, max(sight.last, pos))
    if len(sights) > view.settings.max_entries:
        del sights[_least_recent(sights, value)]
    return Looked(age_ms, first - feature.ttl_ms)


def _least_recent(sights: dict[str, Sight], value: str) -> str:
    """The value seen least recently, apart from the event's; of several the first by its bytes."""
    others = (other for other in sights if other != value)
    return min(others, key=lambda other: (sights[other].last, other.encode()))


def _previous(feature: MemoryFeature, view: View) -> Looked:
    pos, place = view.entry.pos, _place(feature, view.hop)
    expired = view.unseen(feature.ttl_ms)
    stored = view.memories.stored.get(place)
    if stored is not None and stored.pos <= expired:
        stored = None
    value = view.seen.text(feature.of)
    is_newest = stored is None or pos >= stored.pos
    if value is not None and is_newest and view.meets(view.entry, feature.where):
        view.memories.stored[place] = Stored(pos, value)
    return Looked(_read(stored.value, feature.of_kind), stored.pos) if stored else Looked(None, expired)


def _read(text: str, kind: str | None) -> RawValue:
    """A value that was kept as text."""
    match kind:
        case "money" | "integer":
            return int(text)
        case "number":
            return float(text)
        case "truth value":
            return text == "true"
        case _:
            return text


def _place(feature: MemoryFeature, hop: Hop) -> MemoryPlace:
    return feature.memory, hop.memories[feature.agg].since[feature.memory]
