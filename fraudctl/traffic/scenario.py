"""Scenarios: `scenarios/<name>.yaml` read, checked whole, and turned into frozen values.

A scenario says who pays whom, what an attack does step by step, and which rules must find it. It is data;
how it becomes a stream of transactions is `fraudctl.traffic.generator`'s business. Durations are
milliseconds, amounts are hundredths of the currency unit (cents).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fraudctl.errors import FileProblems
from fraudctl.settings import shipped
from pipeline.settings.checks import Filled, Span, Weighed
from pipeline.settings.document import DocumentError, read_file
from pipeline.settings.kinds import Cents, Choice, Duration, Number, Text, Whole, shown
from pipeline.settings.reading import Problem, read, settings

USERS = ("victim", "fresh")
"""`victim`: one person for the whole instance. `fresh`: another new person for each event."""
IDENTITIES = ("own", "shared", "fresh")
"""`own`: the payer's. `shared`: one strange value for the whole instance. `fresh`: a new one for each
event."""
TIME = Duration(0, whole=False)
PAUSE = Duration(1, whole=False)
COUNTRY = "[A-Z]{2}"
Country = Text("a country in two capital letters", COUNTRY)
MOST_EVENTS = 10_000
MOST_ATTACKS = 500


class ScenarioError(FileProblems):
    """A scenario file has problems; `problems` holds every one as `path: what`."""

    code = "scenario"
    advice = "take a shipped one as an example: fraudctl scenario show ip-burst"


@settings()
class Population:
    """Who pays: countries by weight, one currency, how many merchants, cards a user has at most."""

    countries: Annotated[
        dict[Annotated[str, Country], Annotated[float, Number(0, 1e6)]],
        Weighed(2, "at least two countries with their weights, such as {DE: 5, FR: 3}"),
    ]
    currency: Annotated[str, Text()]
    merchants: Annotated[int, Whole(1, 1_000_000)]
    cards: Annotated[int, Whole(1, 20)] = 1
    """a user has at most"""
    shared_ip: Annotated[float, Number(0, 0.5)] = 0.0
    """the share of users who pay from an address of others as well"""
    hot_merchant: Annotated[float, Number(0, 1)] = 0.0
    """the share of payments that go to one and the same merchant; the others have equal parts of the rest"""


@settings()
class Amounts:
    """Log-normal amounts in cents, cut to [lo, hi]: half lie below `median`, `spread` is sigma of the
    logarithm."""

    median: Annotated[int, Cents()]
    spread: Annotated[float, Number(0, 5)]
    lo: Annotated[int, Cents()]
    hi: Annotated[int, Cents()]

    def __post_init__(self) -> None:
        if not self.lo <= self.median <= self.hi:
            raise ValueError("must have lo <= median <= hi")


@settings({"pause_ms": "pause"})
class Background:
    """Normal traffic. A user pays once in `pause_ms`, so at a rate R there are R · pause users."""

    pause_ms: Annotated[int, PAUSE]
    amount: Amounts


@settings({"spacing_ms": "spacing", "backdate_ms": "backdate"})
class Step:
    """A run of alike payments: how many, how far apart, how much, and which identities they show."""

    events: Annotated[int, Whole(1, MOST_EVENTS)]
    spacing_ms: Annotated[tuple[Annotated[int, TIME], Annotated[int, TIME]], Span()]
    """[least, most] between two events"""
    amount: Annotated[tuple[Annotated[int, Cents()], Annotated[int, Cents()]], Span()]
    """[least, most]"""
    user: Annotated[str, Choice(USERS)] = "victim"
    ip: Annotated[str, Choice(IDENTITIES)] = "own"
    device: Annotated[str, Choice(IDENTITIES)] = "own"
    card: Annotated[str, Choice(IDENTITIES)] = "own"
    country: Annotated[str, Choice(("own", "foreign"), COUNTRY)] = "own"
    label: Annotated[str, Choice(("fraud", "legit"))] = "fraud"
    backdate_ms: Annotated[int, TIME] = 0
    """each event says that it happened so much longer before it is sent than the one before it"""

    @property
    def fraud(self) -> bool:
        return self.label == "fraud"


@settings()
class Expectation:
    """What must be found, and by which rules.

    Of an instance's fraudulent events, those from number `flagged_from` (the first is 1) on must be flagged.
    """

    rules: Annotated[tuple[Annotated[str, Text()], ...], Filled()]
    flagged_from: Annotated[int, Whole(1, 1_000_000)]


@settings({"every_ms": "every"})
class Attack:
    """What one instance does, how often one begins, which rules must find it."""

    name: Annotated[str, Text()]
    every_ms: Annotated[int, PAUSE]
    steps: Annotated[tuple[Step, ...], Filled()]
    expect: Expectation

    @property
    def rules(self) -> tuple[str, ...]:
        return self.expect.rules

    @property
    def flagged_from(self) -> int:
        return self.expect.flagged_from


@settings()
class ScenarioFile:
    """Traffic to send: normal payments, and attacks among them that rules must find."""

    description: Annotated[str, Text()]
    population: Population
    background: Background
    attacks: tuple[Attack, ...]


@dataclass(frozen=True)
class Scenario:
    """One file of `scenarios/`; its name is the file's."""

    name: str
    description: str
    population: Population
    background: Background
    attacks: tuple[Attack, ...]


def names(folder: Path) -> tuple[str, ...]:
    """Names of the scenarios in a folder, sorted."""
    return shipped.names(folder)


def find(name: str, folder: Path) -> Scenario:
    """The scenario of that name in the folder, or the file itself when `name` is a path to one."""
    return load(shipped.find("scenario", name, folder))


def load(path: Path) -> Scenario:
    """Read and check a file; ScenarioError names every problem at once."""
    try:
        content = read_file(path).content
    except DocumentError as error:
        raise ScenarioError(str(path), [error]) from None
    return parse(path.stem, content, str(path))


def parse(name: str, content: object, source: str = "") -> Scenario:
    """Check a document and build the Scenario; ScenarioError names every problem at once."""
    attacks = content.get("attacks") if isinstance(content, Mapping) else None
    if isinstance(attacks, list) and len(attacks) > MOST_ATTACKS:
        many = Problem("attacks", f"has {len(attacks)} of them, at most {MOST_ATTACKS}")
        raise ScenarioError(source or name, [many])
    found, problems = read(ScenarioFile, content)
    problems += _disproportions(content)
    if found is None or problems:
        raise ScenarioError(source or name, [one if one.path else f"file: {one}" for one in problems])
    return Scenario(name, **vars(found))


def _disproportions(content: object) -> Iterator[Problem]:
    """What is wrong between values of an attack, told also where others of its values are wrong."""
    attacks = content.get("attacks") if isinstance(content, Mapping) else None
    for number, attack in enumerate(attacks if isinstance(attacks, list) else ()):
        if not isinstance(attack, Mapping):
            continue
        steps, expect = attack.get("steps"), attack.get("expect")
        frauds = sum(map(_frauds, steps)) if isinstance(steps, list) else 0
        wanted = expect.get("flagged_from") if isinstance(expect, Mapping) else None
        if isinstance(steps, list) and steps and not frauds:
            yield Problem(f"attacks[{number}].steps", "none of the steps is fraud")
        elif isinstance(wanted, int) and wanted > max(1, frauds):
            most = f"must be a whole number from 1 to {max(1, frauds)}, not {shown(wanted)}"
            yield Problem(f"attacks[{number}].expect.flagged_from", most)


def _frauds(step: Any) -> int:
    """How many fraudulent events a step has, as far as it can be told."""
    if not isinstance(step, Mapping) or step.get("label", "fraud") != "fraud":
        return 0
    events = step.get("events")
    return events if type(events) is int and 0 < events <= MOST_EVENTS else 1
