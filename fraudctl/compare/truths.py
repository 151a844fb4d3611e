"""What is known of events at the time of judging, from labels that come in any order, and how they match.

Of several labels of one event the newest that was known then counts: a chargeback that was reversed, a
dispute won. One without a time is older than any that has one. Of two that became known at the same time a
label of the file of labels counts before one that stands with the payment, and fraud before legit; that they
contradict each other is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fraudctl.console.result import Table
from fraudctl.files.labels import LabelRow
from fraudctl.files.refusals import Refusals
from fraudctl.files.truths import Label
from pipeline.records.decision_record import Identity

SHOWN = 5
_MOST_ALIKE = 1_000_000


@dataclass(slots=True)
class Truths:
    """Labels of a file, by event; `of` says what is known of one."""

    as_of_ms: int | None = None
    refused: Refusals = field(default_factory=Refusals)
    given: int = 0
    contradictory: int = 0
    not_yet_known: int = 0
    early: int = 0
    """events whose label was known before they were: one of the times is in another zone, or wrong"""
    _rows: dict[tuple[str | None, str], list[LabelRow]] = field(default_factory=lambda: defaultdict(list))
    _matched: set[tuple[str | None, str]] = field(default_factory=set)
    alike: dict[tuple[str | None, str], str] = field(default_factory=dict)
    """for labels that match nothing, the event that looks alike"""

    def give(self, row: LabelRow) -> None:
        """One row of the file of labels."""
        self.given += 1
        self._rows[row.user_id, row.event_id].append(row)

    def see(self, identity: Identity) -> None:
        """An event that is not judged: its labels match something all the same."""
        user, event = identity
        self._matched |= {key for key in ((user, event), (None, event)) if key in self._rows}

    def of(self, identity: Identity, own: Sequence[Label] = ()) -> Label | None:
        """The newest label known of an event, of its own ones and those of the file."""
        if not own and not self._rows:
            return None
        user, event = identity
        found = [(one, 0) for one in own]
        for key in ((user, event), (None, event)):
            if key in self._rows:
                self._matched.add(key)
                found += [(row.label, 1) for row in self._rows[key]]
        return self._newest(found) if found else None

    def _newest(self, found: list[tuple[Label, int]]) -> Label | None:
        known = [one for one in found if self._is_known(one[0])]
        if not known:
            self.not_yet_known += 1
            return None
        newest = max(known, key=_rank)
        same = (one for one in known if _rank(one)[:2] == _rank(newest)[:2])
        self.contradictory += any(one[0].fraud != newest[0].fraud for one in same)
        return newest[0]

    def _is_known(self, label: Label) -> bool:
        return self.as_of_ms is None or label.time_ms is None or label.time_ms <= self.as_of_ms

    @property
    def matched(self) -> int:
        """How many labels are of an event that was read."""
        return sum(len(self._rows[key]) for key in self._matched)

    def unmatched(self) -> list[tuple[str | None, str]]:
        """The events that labels are of and nobody has read."""
        return [key for key in self._rows if key not in self._matched]

    def look_alike(self, identities: Iterable[Identity]) -> None:
        """Look among the events that were read for what unmatched labels were perhaps meant for."""
        wanted = {_bare(event): (user, event) for user, event in self.unmatched()[:_MOST_ALIKE]}
        for user, event in identities if wanted else ():
            if (key := wanted.get(_bare(event))) is not None:
                self.alike.setdefault(key, event if event != key[1] else f"{event} of user {user}")

    def as_document(self) -> dict[str, object]:
        """The counts in JSON."""
        unmatched = self.unmatched()
        return {
            "labels": self.given,
            "matched": self.matched,
            "contradictory": self.contradictory,
            "early": self.early,
            **{f"label_{name}": one for name, one in self.refused.as_document().items()},
            "unmatched": [
                {"event_id": event, "user_id": user, "looks_like": self.alike.get((user, event))}
                for user, event in unmatched[:100]
            ],
        }

    def tables(self) -> tuple[Table, ...]:
        """The first labels that match nothing, those that look like an event before others."""
        unmatched = sorted(self.unmatched(), key=lambda key: key not in self.alike)
        if not unmatched:
            return ()
        rows = [(event, user, self.alike.get((user, event))) for user, event in unmatched[:SHOWN]]
        title = f"Labels that match no event ({self.given - self.matched})"
        return (Table(title, ("event", "user", "looks like"), rows),)


def _rank(one: tuple[Label, int]) -> tuple[int, int, bool]:
    label, source = one
    return -1 if label.time_ms is None else label.time_ms, source, label.fraud


def _bare(event: str) -> str:
    """An id without what programs add to or take from it: case, blanks, leading zeros, a fraction of 0."""
    return event.strip().casefold().removesuffix(".0").lstrip("0")
