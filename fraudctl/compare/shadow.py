"""A candidate beside the live rule set: start it, see what it would have decided, let it take over.

The job scores every event by both and writes the candidate's decisions to a topic of its own; nothing that is
live depends on it. Here the two topics are compared, event by event, with the labels where there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from fraudctl.compare import diff as decision_diff
from fraudctl.compare.detection import Measure, Outcome, Population, measure
from fraudctl.compare.diff import Diff
from fraudctl.compare.prints import Place, Record
from fraudctl.compare.proportions import Share
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.home import rulesets
from fraudctl.jobs import activations
from fraudctl.jobs.activations import Change
from fraudctl.kafka import admin, forgotten, tail
from fraudctl.rules.changes import Decide
from fraudctl.traffic import labels
from pipeline.records.decision_bytes import Undecodable, glance, take_apart
from pipeline.records.decision_record import run_of
from pipeline.records.quantities import parse_amount, parse_time
from pipeline.rules.ruleset import RuleSet, recorded
from pipeline.scoring.activation import Activation
from pipeline.scoring.versions import ALWAYS

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

STOP: Final = "stop shadow"
PROMOTE: Final = "promote"
"""What ends a shadow, as the rules topic has it."""

Places = frozenset[tuple[int, int]]
Labels = Mapping[tuple[str, str], bool]


def start(candidate: RuleSet) -> Decide:
    """The candidate beside whatever is live."""

    def decide(chain: list[Activation]) -> Change:
        live = recorded(_newest(chain).content)
        if candidate.hash == live.hash:
            hint = "see: fraudctl rules history"
            raise UsageError(f"{candidate.version} is the live rule set", hint=hint, code="already")
        if (there := chain[-1].shadow) is not None and recorded(there).hash == candidate.hash:
            hint = "see: fraudctl rules compare"
            raise UsageError(f"{candidate.version} runs as the shadow already", hint=hint, code="already")
        return Change("shadow", live, candidate)

    return decide


def stop(chain: list[Activation]) -> Change:
    """No shadow any more. UsageError when there is none."""
    running(chain, STOP)
    return Change(STOP, recorded(chain[-1].content))


def promote(candidate: RuleSet) -> Decide:
    """The shadow becomes the live rule set, if it is still the one that was looked at."""

    def decide(chain: list[Activation]) -> Change:
        if running(chain, PROMOTE).hash != candidate.hash:
            raise UsageError("another shadow has been started meanwhile", hint="run: fraudctl rules compare")
        return Change(PROMOTE, candidate)

    return decide


def running(chain: list[Activation], to: str = "") -> RuleSet:
    """The shadow of the newest activation. UsageError when it has none, and that it is done already where the
    newest change is what shall be done with it."""
    content = chain[-1].shadow if chain else None
    if content is not None:
        return recorded(content)
    if to and chain and chain[-1].action == to:
        done = f"{chain[-1].version} was promoted" if to == PROMOTE else "the shadow was stopped"
        raise UsageError(f"{done} already", hint="see: fraudctl rules history", code="already")
    raise UsageError("no shadow runs", hint="start one with: fraudctl rules shadow FILE", code="no_shadow")


def began(chain: list[Activation], wanted: str) -> Activation:
    """The activation since which this shadow has run beside this live rule set without a break."""
    found = chain[-1]
    for one in reversed(chain):
        if one.hash != found.hash or one.shadow is None or recorded(one.shadow).hash != wanted:
            break
        found = one
    return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """What live and shadow decided about the same events since `since_ms`. Alerts are flagged decisions."""

    shadow: RuleSet
    live_version: str
    since_ms: int
    diff: Diff
    live: Measure
    candidate: Measure
    labelled: int

    @property
    def flips(self) -> Share:
        """Events that one of them flags and the other does not, or that are blocked by one alone."""
        changed = sum(count for flip, count in self.diff.flips.items() if flip.is_one)
        return Share(changed, self.diff.compared)

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return {
            "shadow": {"version": self.shadow.version, "hash": self.shadow.hash},
            "live": self.live_version,
            "since_ms": None if self.since_ms == ALWAYS else self.since_ms,
            "labelled": self.labelled,
            "flips": self.flips.as_document(),
            "measures": {"live": self.live.as_document(), "shadow": self.candidate.as_document()},
            "diff": self.diff.as_document(),
        }


def compare(stack: Stack, progress: Progress, to: str = "") -> Comparison:
    """Compare what both have decided so far. UsageError without a shadow, or before it decided anything.

    `to` is what shall be done with the shadow then (see `running`).
    """
    chain = activations.of(stack).read()
    shadow = running(chain, to)
    since = began(chain, shadow.hash)
    reader = _Reader(stack, since.from_ms, shadow.hash, progress)
    places = reader.places()
    if not places:
        raise UsageError(
            f"{shadow.version} has decided nothing yet",
            hint="wait for traffic, or send some: fraudctl simulate",
        )

    @cache
    def find(wanted: str) -> RuleSet | None:
        return rulesets.by_hash(stack.home, wanted)

    diff = decision_diff.diff(
        reader.live,
        reader.shadow,
        stack.profile.topics.transactions,
        lambda partition, offset: (partition, offset) in places,
        find,
        shadow,
    )
    diff.masks = stack.profile.masks
    known: Labels = {identity: one.is_fraud for identity, one in labels.newest(stack).items()}
    live, candidate = (_measure(read(), reader.place, places, known) for read in (reader.live, reader.shadow))
    return Comparison(shadow, chain[-1].version, since.from_ms, diff, live[0], candidate[0], labelled=live[1])


def _newest(chain: list[Activation]) -> Activation:
    if not chain:
        raise UsageError("no rule set has been activated yet", hint="start the job: fraudctl up")
    return chain[-1]


class _Reader:
    """Reads both topics up to where they end now, as often as asked."""

    def __init__(self, stack: Stack, since_ms: int, shadow_hash: str, progress: Progress) -> None:
        names = stack.profile.topics
        self.place = Place(names.transactions)
        self._kafka, self._progress = stack.kafka, progress
        self._forgotten = forgotten.of(stack)
        self._mark = f'"ruleset_hash":"{shadow_hash}"}}'.encode()
        self._topics = {"shadow": names.shadow, "live": names.decisions}
        self._ends = {name: admin.end_offsets(self._kafka, one) for name, one in self._topics.items()}
        at = max(0, since_ms)
        self._starts = {name: admin.offsets_at(self._kafka, one, at) for name, one in self._topics.items()}

    def live(self) -> Iterator[Record]:
        return self._read("live")

    def shadow(self) -> Iterator[Record]:
        return (record for record in self._read("shadow") if record.value.endswith(self._mark))

    def places(self) -> Places:
        """Of the transactions that both have decided; the newest may still lack one of the two."""
        found = [{self.place.of(record.value) for record in read()} for read in (self.shadow, self.live)]
        return frozenset(place for place in found[0] & found[1] if place is not None)

    def _read(self, name: str) -> Iterator[Record]:
        topic, ends = self._topics[name], self._ends[name]
        found = tail.records(self._kafka, topic, self._starts[name], ends=ends)
        records = forgotten.remembered(found, self._forgotten)
        for done, record in enumerate(records):
            if record.value is not None:
                yield Record(record.value, run_of(record.headers.items()))
            if done % 20_000 == 0:
                self._progress.update(done, f"{done} decisions of {topic} read")


def _measure(records: Iterable[Record], place: Place, places: Places, known: Labels) -> tuple[Measure, int]:
    """How the alerts of one side match the labels, and how many events have one.

    Only what is flagged or labelled is parsed; of several decisions on one event the newest counts.
    """
    outcomes: dict[tuple[int, int], Outcome] = {}
    alerts: set[tuple[int, int]] = set()
    labelled: set[tuple[int, int]] = set()
    for record in records:
        at = place.of(record.value)
        if at is None or at not in places:
            continue
        try:
            seen = glance(record.value)
        except Undecodable:
            continue
        fraud = known.get(seen.identity)
        (alerts.add if seen.flagged else alerts.discard)(at)
        if fraud is not None:
            labelled.add(at)
        if seen.flagged or fraud is not None:
            outcomes[at] = _outcome(record.value, fraud)
    frauds = [one for one in outcomes.values() if one.fraud]
    population = replace(Population.of(frauds), events=len(places))
    return measure(population, [outcomes[at] for at in sorted(alerts)]), len(labelled)


def _outcome(value: bytes, fraud: bool | None) -> Outcome:
    parts = take_apart(value)
    transaction, verdict = parts.transaction, parts.verdict
    return Outcome(
        at_ms=parse_time(str(transaction["event_time"])),
        user_id=str(transaction["user_id"]),
        amount_units=parse_amount(str(transaction["amount"])),
        score=int(verdict["score"]),
        rules=tuple(hit["rule"] for hit in verdict["reasons"]),
        fraud=fraud,
    )
