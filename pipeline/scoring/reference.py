"""The reference implementation of every feature: the executable specification.

Says which events count, in which order, and which entries a feature is computed over. `order` says when an
event is due, `features` what each value is, `versions` what holds while rule sets change. Knows nothing of
clusters, state stores or files. The kernel computes the same in Java; where the two differ, one of them is
wrong and these texts decide.

Events are processed in the order (due, pos, append time, partition, offset).

Dedup. The first copy of (user_id, event_id, content) in that order counts. A copy with due <= due(first) +
dedup_window is a duplicate: it has no values and enters no window. A later one is a new first. If another
content of (user_id, event_id) has a due(first) that is not passed like that, a first one uses the id again:
it is an event like any other, and known by the hash of its content.

Hops. Each key that features are by is one hop. An event without the key has no values there. Per key there is
a list of entries sorted by pos, a new one after all with its pos. L, the retention of a rule set by that key,
is the longest window or within, at least 24 h if it has a session. A rule set sees nothing on e with pos <=
unseen(e) = max(pos(e), due(e) - allowed_lateness) - L, or due(e) where L is 0. H is how far the hop keeps
entries: at least L + allowed_lateness, so that an event late by no more finds its windows whole; 0 where
there are none. On event e:

1. entries with pos <= max(due(e) - H, floor) go;
2. e goes in;
3. features are computed, over e and the entries with pos > unseen(e); e is saturated if the cap has cut an
   entry with a pos > unseen(e) that has not gone since;
4. e goes if pos(e) <= max(due(e) - H, floor); then, if more than max_entries remain, the first is cut.

On the clock of arrivals a hop is another one by its key, with a list of its own, and pos(e) is the append
time of e there, in whole seconds (on past data pos, as everywhere).

Values come hop by hop, within a hop by name; absent ones are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.records.events import content_hash
from pipeline.rules.derived import Seen
from pipeline.rules.expression.postfix import holds
from pipeline.rules.expression.tree import RawValue
from pipeline.rules.plan import Part, Plan, PlanSettings
from pipeline.scoring.features import Entry, Memories, View, index_after, value_of
from pipeline.scoring.order import Stamped
from pipeline.scoring.versions import ALWAYS, HopVersion, Version, hop_versions


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
    content_hash: str | None = None

    def built_in(self, name: str) -> RawValue | None:
        """What the log says of the event under one of `pipeline.rules.expression.tree.BUILT_IN`."""
        if name == "delay_ms":
            return self.stamped.delay_ms
        return self.stamped.late if name == "late" else self.content_hash is not None


class Reference:
    """Computes every feature over a whole log: by one plan, or by several that follow each other."""

    def __init__(self, plan: Plan, later: Sequence[Version] = ()) -> None:
        """`plan` is the first one, whose settings are those of all."""
        if plan.settings is None:
            raise ValueError("the first plan needs the settings of the job")
        self._settings = plan.settings
        self._versions = (Version(ALWAYS, plan), *later)
        self._derived = [{one.name: one for one in version.plan.derived} for version in self._versions]
        self._hops = [
            [_Hop(hop, self._settings) for hop in hops]
            for hops in hop_versions(self._versions, self._settings)
        ]

    def process(self, stamped: Iterable[Stamped]) -> Iterator[Scored]:
        """Every event of the log, in processing order, duplicates included."""
        copies = _Copies(self._settings.dedup_window_ms)
        states: dict[tuple[str, str], _KeyState] = defaultdict(_KeyState)
        for event in sorted(stamped, key=lambda event: event.order):
            if copies.has(event):
                yield Scored(event, {}, saturated=False, duplicate=True)
            else:
                yield self._scored(event, copies.reused(event), states)

    def _scored(
        self, event: Stamped, content: str | None, states: dict[tuple[str, str], _KeyState]
    ) -> Scored:
        version = bisect_right(self._versions, event.due, key=lambda version: version.from_ms) - 1
        live, shadow, seen = _Computed(), _Computed(), Seen(event.transaction, self._derived[version])
        for hop in self._hops[version]:
            key = seen.key(hop.key)
            if key is not None:
                hop.process(states[hop.name, key], event, seen, live, shadow)
        has_shadow = self._versions[version].plan.shadow_inputs is not None
        other = shadow.scored(event, version, content) if has_shadow else None
        return live.scored(event, version, content, other)


class _Copies:
    """Tells the copies of an event from the first, and from another event that bears its id."""

    def __init__(self, dedup_window_ms: int) -> None:
        self._dedup_window_ms = dedup_window_ms
        self._firsts: dict[tuple[str, str], list[Stamped]] = {}

    def has(self, event: Stamped) -> bool:
        """Whether the event is a copy of one that was there; if not it is a first from now on."""
        identity = event.transaction.user_id, event.transaction.event_id
        known = [
            first
            for first in self._firsts.get(identity, ())
            if event.due <= first.due + self._dedup_window_ms
        ]
        if any(first.transaction == event.transaction for first in known):
            return True
        self._firsts[identity] = [*known, event]
        return False

    def reused(self, event: Stamped) -> str | None:
        """The hash of a first one's content if an event with other content has its id; else None."""
        identity = event.transaction.user_id, event.transaction.event_id
        return content_hash(event.transaction) if len(self._firsts[identity]) > 1 else None


@dataclass(slots=True)
class _Computed:
    """What one rule set gets to know of an event, hop by hop."""

    values: dict[str, RawValue] = field(default_factory=dict)
    saturated: bool = False
    warming: list[str] = field(default_factory=list)

    def take(self, name: str, value: RawValue | None, is_warming: bool) -> None:
        if value is not None:
            self.values[name] = value
        if is_warming:
            self.warming.append(name)

    def scored(
        self, event: Stamped, version: int, content: str | None, shadow: Scored | None = None
    ) -> Scored:
        warming = tuple(self.warming)
        return Scored(event, self.values, self.saturated, False, warming, version, shadow, content)


@dataclass(slots=True)
class _KeyState:
    """What a hop knows of one key. `cut_pos` is the newest that the cap has cut and is not past by now."""

    entries: list[Entry] = field(default_factory=list)
    cut_pos: int = ALWAYS
    memories: Memories = field(default_factory=Memories)


class _Hop:
    """The pass over the events by one key, as one version has it."""

    def __init__(self, version: HopVersion, settings: PlanSettings) -> None:
        self.key = version.hop.key
        self.name = version.hop.name
        self._hop = version.hop
        self._version = version
        self._settings = settings
        self._held_ms = settings.held_ms(self._hop.held_ms)
        kept = Part(self._hop.held_ms, self._hop.kept)
        self._live, self._shadow, self._kept = (
            _Look(part, version) for part in (self._hop.live, self._hop.shadow or Part(), kept)
        )

    def process(
        self, state: _KeyState, event: Stamped, seen: Seen, live: _Computed, shadow: _Computed
    ) -> None:
        """Take in one event and fill in what is computed for it: steps 1 to 4."""
        entries, horizon = state.entries, max(event.due - self._held_ms, self._version.floor)
        del entries[: index_after(entries, horizon)]
        if state.cut_pos <= horizon:
            state.cut_pos = ALWAYS
        pos = event.pos if self._hop.clock == "event" else event.arrival_ms
        place = index_after(entries, pos)
        entries.insert(place, self._entry(seen, pos))
        # What is only kept up is computed for the sake of its memories: nobody gets the values.
        for look, into in ((self._live, live), (self._shadow, shadow), (self._kept, _Computed())):
            if look.features:
                view = self._view(look.retention_ms, state, place, event, seen)
                into.saturated |= state.cut_pos > view.oldest
                look.fill(into, view, live)
        if pos <= horizon:
            del entries[place]
        if len(entries) > self._settings.max_entries:
            state.cut_pos = max(state.cut_pos, entries.pop(0).pos)

    def _entry(self, transaction: Seen, pos: int) -> Entry:
        hop = self._hop
        met = [where is not None and holds(where, transaction) for where in hop.conditions.definitions]
        columns = [None if column is None else transaction.text(column) for column in hop.columns.definitions]
        return Entry(pos, transaction.amount_units, self._version.number, met, columns)

    def _view(self, retention_ms: int, state: _KeyState, place: int, event: Stamped, seen: Seen) -> View:
        """The entries up to the event, less those that the rule set looks past; the event in any case."""
        oldest = self._settings.unseen(state.entries[place].pos, event.due, retention_ms)
        begin = min(place, index_after(state.entries, oldest))
        entries = state.entries[begin : place + 1]
        return View(event, seen, entries, oldest, self._hop, state.memories, self._settings)


class _Look:
    """What one rule set asks of a hop; each feature with the moment after which it is complete."""

    def __init__(self, part: Part, version: HopVersion) -> None:
        self.retention_ms = part.retention_ms
        self.features = [(feature, version.complete_after(feature)) for feature in part.features]

    def fill(self, into: _Computed, view: View, live: _Computed) -> None:
        """The values of all its features; those that are the live set's as well are taken from there."""
        for feature, complete_after in self.features:
            if feature.same_as is not None:
                same = feature.same_as
                into.take(feature.name, live.values.get(same), same in live.warming)
            else:
                value, reach = value_of(feature, view)
                into.take(feature.name, value, reach is not None and reach < complete_after)
