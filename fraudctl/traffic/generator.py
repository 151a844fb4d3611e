"""A scenario as a stream of transactions: the same bytes for the same scenario, seed, start time, rate
and duration.

Randomness is `random.Random` seeded with the seed alone; the clock is never read. The identities (event,
user, device and card ids, addresses) carry a token made of seed and start time, so two runs are two
groups of people and one never looks like the velocity of the other.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fraudctl.errors import UsageError
from fraudctl.traffic.scenario import Amounts, Attack, Population, Scenario, Step
from pipeline.records.events import Transaction, encode
from pipeline.records.label import label

TIGHTEST = 0.05
"""An instance may be squeezed into a short run to this share of its natural length, not further."""
_OWN_NET, _STRANGE_NET = (10 << 24, 1 << 24), (198 << 24 | 18 << 16, 1 << 17)
"""Where addresses come from: 10.0.0.0/8 for people, 198.18.0.0/15 (kept free for tests) for attackers."""


@dataclass(frozen=True, slots=True)
class Part:
    """The place of an event in an attack: which instance, and its number among the instance's frauds
    (from 1)."""

    attack: str
    instance: str
    number: int
    flagged_from: int


@dataclass(frozen=True, slots=True)
class Planned:
    """One event to send, `offset_ms` after the start. `part` is None for all that is not fraud."""

    number: int
    offset_ms: int
    transaction: Transaction
    part: Part | None

    @property
    def value(self) -> bytes:
        """The record's value on the transactions topic."""
        return encode(self.transaction)


@dataclass(frozen=True, slots=True)
class Run:
    """What decides a stream to the last byte. `rate` is events a second, attacks included."""

    scenario: Scenario
    seed: int
    start_ms: int
    rate: float
    duration_ms: int
    background: bool = True

    @property
    def token(self) -> str:
        """Eight letters that tell this run's identities from another's."""
        settings = (self.seed, self.start_ms, self.rate, self.duration_ms, self.background)
        return hashlib.sha256(f"{self.scenario.name}|{settings}".encode()).hexdigest()[:8]

    @property
    def name(self) -> str:
        """The run's name: the scenario's and the token."""
        return f"{self.scenario.name}-{self.token}"

    @property
    def users(self) -> int:
        """How many users the normal traffic has."""
        return max(1, round(self.rate * self.scenario.background.pause_ms / 1000))


def stream(run: Run) -> Iterator[Planned]:
    """Every event of the run in order of time. UsageError when an attack does not fit into the duration."""
    people = _People(run)
    attacks = _attacks(run, people)
    normal: Iterator[_Draft] = iter(())
    if run.background:
        count = round(run.rate * run.duration_ms / 1000) - len(attacks)
        normal = _background(run, people, max(0, count))
    prefix = f"{run.name}-"
    merged = heapq.merge(attacks, normal, key=lambda draft: draft.offset_ms)
    for number, draft in enumerate(merged):
        yield Planned(number, draft.offset_ms, _transaction(run, f"{prefix}{number:07d}", draft), draft.part)


def size(run: Run) -> int:
    """How many events `stream` will give."""
    attacks = len(_attacks(run, _People(run)))
    return max(attacks, round(run.rate * run.duration_ms / 1000)) if run.background else attacks


def label_value(planned: Planned, scenario: str) -> bytes:
    """The label of a planned event, as its record and its line in the labels file."""
    tx, part = planned.transaction, planned.part
    identity, instance = (tx.user_id, tx.event_id), part.instance if part else None
    return label(identity, part is not None, "simulate", tx.event_time_ms, scenario, instance).value


@dataclass(slots=True)
class _Person:
    user: str
    ip: str
    device: str
    cards: tuple[str, ...]
    country: str


@dataclass(slots=True)
class _Draft:
    offset_ms: int
    cents: int
    user: str
    ip: str
    device: str
    card: str
    country: str
    merchant: int
    part: Part | None
    back_ms: int = 0
    """so much before it is sent it says that it happened"""


class _People:
    """Makes people and the strange identities of attackers, numbered so that none comes twice in a run."""

    def __init__(self, run: Run) -> None:
        self.token = run.token
        self.population: Population = run.scenario.population
        self.places = int(self.token, 16)
        self.countries = list(self.population.countries)
        self.weights = list(self.population.countries.values())
        self.count = 0
        self.strangers = 0

    def person(self, rng: random.Random, neighbours: Sequence[_Person] = ()) -> _Person:
        number, self.count = self.count, self.count + 1
        ip = _address(_OWN_NET, self.places + number)
        if neighbours and rng.random() < self.population.shared_ip:
            ip = rng.choice(neighbours).ip
        return _Person(
            f"u-{self.token}-{number}",
            ip,
            f"d-{self.token}-{number}",
            tuple(f"c-{self.token}-{number}-{i}" for i in range(rng.randint(1, self.population.cards))),
            rng.choices(self.countries, self.weights)[0],
        )

    def strange(self, kind: str) -> str:
        """An address, a device or a card that belongs to nobody."""
        self.strangers += 1
        if kind == "ip":
            return _address(_STRANGE_NET, self.places + self.strangers)
        return f"{kind[0]}-{self.token}-x{self.strangers}"

    def foreign(self, rng: random.Random, country: str) -> str:
        return rng.choice([other for other in self.countries if other != country])


def _address(net: tuple[int, int], number: int) -> str:
    value = net[0] + number % net[1]
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _background(run: Run, people: _People, count: int) -> Iterator[_Draft]:
    """Each user pays once in a round before anyone pays again: at most three times within two rounds."""
    rng = random.Random(run.seed)
    amount = run.scenario.background.amount
    users, known = run.users, list[_Person]()
    order: list[int] = []
    for i in range(count):
        place = i % users
        if i and place == 0:
            order = order or list(range(users))
            rng.shuffle(order)
        if i < users:
            known.append(people.person(rng, known))
        payer = known[order[place] if order else place]
        offset_ms = int((i + rng.random()) * run.duration_ms / count)
        card = rng.choice(payer.cards)
        cents, shop = _normal_cents(rng, amount), _shop(rng, run.scenario.population)
        yield _Draft(offset_ms, cents, payer.user, payer.ip, payer.device, card, payer.country, shop, None)


def _normal_cents(rng: random.Random, amount: Amounts) -> int:
    return min(amount.hi, max(amount.lo, round(amount.median * rng.lognormvariate(0.0, amount.spread))))


def _shop(rng: random.Random, population: Population) -> int:
    """The number of the merchant who is paid."""
    number = rng.randrange(population.merchants)
    return 0 if population.hot_merchant and rng.random() < population.hot_merchant else number


def _attacks(run: Run, people: _People) -> list[_Draft]:
    drafts: list[_Draft] = []
    rng = random.Random(run.seed)
    for attack in run.scenario.attacks:
        count = max(1, run.duration_ms // attack.every_ms)
        for i in range(count):
            slot = (run.duration_ms * i // count, run.duration_ms * (i + 1) // count)
            drafts.extend(_Instance(run, people, rng, attack, f"{attack.name}-{i + 1}").drafts(slot))
    return sorted(drafts, key=lambda draft: draft.offset_ms)


class _Instance:
    """One instance of an attack: its victim, the attacker's own identities, and what happened so far."""

    def __init__(self, run: Run, people: _People, rng: random.Random, attack: Attack, name: str) -> None:
        self.run, self.people, self.rng, self.attack = run, people, rng, attack
        self.name = f"{run.name}/{name}"
        self.victim = people.person(rng)
        self.shared: Mapping[str, str] = {kind: people.strange(kind) for kind in ("ip", "device", "card")}
        self.abroad = people.foreign(rng, self.victim.country)
        self.frauds = 0

    def drafts(self, slot: tuple[int, int]) -> list[_Draft]:
        """The instance's events: begun within its slot if there is room, ended within the run at any rate."""
        steps = [step for step in self.attack.steps for _ in range(step.events)]
        gaps = [self.rng.randint(*step.spacing_ms) for step in steps]
        gaps[0] = 0
        room = self.run.duration_ms * 95 // 100
        share = min(1.0, room / max(1, sum(gaps)))
        if share < TIGHTEST:
            raise self._too_short(sum(gaps))
        gaps = [int(gap * share) for gap in gaps]
        latest = min(slot[1], self.run.duration_ms - 1) - sum(gaps)
        at = max(0, min(slot[0] + self.rng.randrange(max(1, latest - slot[0])), room - sum(gaps)))
        drafts, back_ms = [], 0
        for step, gap in zip(steps, gaps, strict=True):
            at += gap
            back_ms += step.backdate_ms
            drafts.append(self._draft(step, at, back_ms))
        return drafts

    def _too_short(self, length_ms: int) -> UsageError:
        needed = -(-length_ms * TIGHTEST // 950) + 1
        return UsageError(
            f"attack {self.attack.name} takes {length_ms / 1000:.0f} s, too long for a run of "
            f"{self.run.duration_ms / 1000:g} s",
            hint=f"use --duration {needed:.0f}s or longer ({length_ms / 1000:.0f}s for its natural pace)",
            code="too_short",
        )

    def _draft(self, step: Step, offset_ms: int, back_ms: int) -> _Draft:
        payer = self.victim if step.user == "victim" else self.people.person(self.rng)
        own = {"ip": payer.ip, "device": payer.device, "card": payer.cards[0]}
        choices = {"ip": step.ip, "device": step.device, "card": step.card}
        shown = {kind: self._shown(kind, choice, own[kind]) for kind, choice in choices.items()}
        countries = {"own": payer.country, "foreign": self.abroad}
        return _Draft(
            offset_ms,
            self.rng.randint(*step.amount),
            payer.user,
            shown["ip"],
            shown["device"],
            shown["card"],
            countries.get(step.country, step.country),
            _shop(self.rng, self.run.scenario.population),
            self._part() if step.fraud else None,
            back_ms,
        )

    def _shown(self, kind: str, choice: str, own: str) -> str:
        if choice == "own":
            return own
        return self.shared[kind] if choice == "shared" else self.people.strange(kind)

    def _part(self) -> Part:
        self.frauds += 1
        return Part(self.attack.name, self.name, self.frauds, self.attack.flagged_from)


def _transaction(run: Run, event_id: str, draft: _Draft) -> Transaction:
    return Transaction(
        event_id,
        draft.user,
        run.start_ms + draft.offset_ms - draft.back_ms,
        draft.cents * 100,
        {
            "currency": run.scenario.population.currency,
            "ip": draft.ip,
            "device_id": draft.device,
            "card_id": draft.card,
            "merchant_id": f"m-{draft.merchant:04d}",
            "country": draft.country,
        },
    )
