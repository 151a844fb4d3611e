"""Scenarios: `scenarios/<name>.yaml` read, checked whole, and turned into frozen values.

A scenario says who pays whom, what an attack does step by step, and which rules must find it. It is data;
how it becomes a stream of transactions is `fraudctl.traffic.generator`'s business. Durations are
milliseconds, amounts are hundredths of the currency unit (cents).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from fraudctl.errors import UsageError

USERS = ("victim", "fresh")
"""`victim`: one person for the whole instance. `fresh`: another new person for each event."""
IDENTITIES = ("own", "shared", "fresh")
"""`own`: the payer's. `shared`: one strange value for the whole instance. `fresh`: a new one for each
event."""
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_COUNTRY = re.compile(r"[A-Z]{2}")


class ScenarioError(UsageError):
    """A scenario file has problems; `problems` holds every one as `path: what`."""

    code = "scenario"

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(
            f"scenario {source} has {len(self.problems)} problem(s):{lines}",
            hint="take a shipped one as an example: fraudctl scenario show ip-burst",
        )


@dataclass(frozen=True, slots=True)
class Population:
    """Who pays: countries by weight, one currency, how many merchants, cards a user has at most."""

    countries: Mapping[str, float]
    currency: str
    merchants: int
    cards: int
    shared_ip: float


@dataclass(frozen=True, slots=True)
class Amounts:
    """Log-normal amounts in cents, cut to [lo, hi]: half lie below `median`, `spread` is sigma of the
    logarithm."""

    median: int
    spread: float
    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Background:
    """Normal traffic. A user pays once in `pause_ms`, so at a rate R there are R · pause users."""

    pause_ms: int
    amount: Amounts


@dataclass(frozen=True, slots=True)
class Step:
    """A run of alike payments: how many, how far apart, how much, and which identities they show."""

    events: int
    spacing_ms: tuple[int, int]
    amount: tuple[int, int]
    user: str
    ip: str
    device: str
    card: str
    country: str
    fraud: bool


@dataclass(frozen=True, slots=True)
class Attack:
    """What one instance does, how often one begins, which rules must find it.

    Of an instance's fraudulent events, those from number `flagged_from` (the first is 1) on must be flagged.
    """

    name: str
    every_ms: int
    steps: tuple[Step, ...]
    rules: tuple[str, ...]
    flagged_from: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file of `scenarios/`; its name is the file's."""

    name: str
    description: str
    population: Population
    background: Background
    attacks: tuple[Attack, ...]


def names(folder: Path) -> tuple[str, ...]:
    """Names of the scenarios in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def find(name: str, folder: Path) -> Scenario:
    """The scenario of that name in the folder, or the file itself when `name` is a path to one."""
    shipped = folder / f"{name}.yaml"
    path = shipped if shipped.is_file() else Path(name).expanduser()
    if not path.is_file():
        known = ", ".join(names(folder)) or "none"
        raise UsageError(f"there is no scenario {name}", hint=f"known: {known}", code="no_scenario")
    return load(path)


def load(path: Path) -> Scenario:
    """Read and check a file; ScenarioError names every problem at once."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError(str(path), [f"not YAML: {error}"]) from error
    return parse(path.stem, content, str(path))


def parse(name: str, content: object, source: str = "") -> Scenario:
    """Check a document and build the Scenario; ScenarioError names every problem at once."""
    root = _Node("", content, [])
    top = root.mapping("description", "population", "background", "attacks")
    scenario = Scenario(
        name,
        top["description"].text(),
        _population(top["population"]),
        _background(top["background"]),
        tuple(_attack(node) for node in top["attacks"].items(least=0)),
    )
    if root.problems:
        raise ScenarioError(source or name, root.problems)
    return scenario


def parse_duration(text: str) -> int:
    """Milliseconds of `500ms`, `30s`, `5m`, `24h`, `30d`; ValueError otherwise."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a duration such as 500ms, 30s, 5m, 24h or 30d")
    return round(float(found[1]) * _UNIT_MS[found[2]])


class _Node:
    """A value at a path of the document. Each reader gives a value of the right type and notes what is
    wrong."""

    def __init__(self, path: str, value: Any, problems: list[str]) -> None:
        self.path, self.value, self.problems = path, value, problems

    def wrong(self, what: str) -> None:
        self.problems.append(f"{self.path or 'file'}: {what}")

    def mapping(self, *required: str, optional: tuple[str, ...] = ()) -> dict[str, _Node]:
        value = self.value if isinstance(self.value, dict) else {}
        if not isinstance(self.value, dict):
            self.wrong(f"must be a mapping, is {_kind(self.value)}")
        else:
            for key in value:
                if key not in required + optional:
                    self.wrong(f"unknown key {key!r} (known: {', '.join(required + optional)})")
            for key in required:
                if key not in value:
                    self.wrong(f"{key} is missing")
        prefix = f"{self.path}." if self.path else ""
        return {
            key: _Node(prefix + key, value.get(key), self._sink(key in value)) for key in required + optional
        }

    def _sink(self, present: bool) -> list[str]:
        return self.problems if present else []

    def items(self, least: int = 1) -> list[_Node]:
        if not isinstance(self.value, list) or len(self.value) < least:
            self.wrong(f"must be a list of at least {least}, is {_kind(self.value)}")
            return []
        return [_Node(f"{self.path}[{i}]", item, self.problems) for i, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            self.wrong(f"must be a text, is {_kind(self.value)}")
            return ""
        return self.value.strip()

    def number(self, lo: float, hi: float) -> float:
        good = isinstance(self.value, (int, float)) and not isinstance(self.value, bool)
        if not good or not lo <= self.value <= hi:
            self.wrong(f"must be a number from {lo:g} to {hi:g}, is {self.value!r}")
            return lo
        return float(self.value)

    def whole(self, lo: int, hi: int) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not lo <= self.value <= hi:
            self.wrong(f"must be a whole number from {lo} to {hi}, is {self.value!r}")
            return lo
        return self.value

    def cents(self) -> int:
        try:
            if isinstance(self.value, bool):
                raise InvalidOperation
            cents = Decimal(str(self.value)) * 100
            whole = int(cents)
        except (InvalidOperation, ValueError, OverflowError):
            whole, cents = 0, Decimal("0.1")
        if cents != whole or not 0 < whole < 10**12:
            self.wrong(f"must be an amount above 0 with at most 2 decimals, is {self.value!r}")
            return 1
        return whole

    def duration(self) -> int:
        try:
            return parse_duration(self.value if isinstance(self.value, str) else "")
        except ValueError:
            self.wrong(f"must be a duration such as 500ms, 30s or 5m, is {self.value!r}")
            return 1

    def choice(self, *known: str, default: str) -> str:
        if self.value is None:
            return default
        if self.value not in known:
            self.wrong(f"must be one of {', '.join(known)}, is {self.value!r}")
            return default
        return str(self.value)

    def span(self, read: Callable[[_Node], int]) -> tuple[int, int]:
        if not isinstance(self.value, list) or len(self.value) != 2:
            self.wrong(f"must be [least, most], is {self.value!r}")
            return (1, 1)
        lo, hi = (read(_Node(f"{self.path}[{i}]", v, self.problems)) for i, v in enumerate(self.value))
        if lo > hi:
            self.wrong(f"least is above most: {self.value!r}")
        return (lo, max(lo, hi))


def _kind(value: object) -> str:
    return "empty" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"


def _population(node: _Node) -> Population:
    keys = node.mapping("countries", "currency", "merchants", optional=("cards", "shared_ip"))
    return Population(
        _countries(keys["countries"]),
        keys["currency"].text(),
        keys["merchants"].whole(1, 1_000_000),
        1 if keys["cards"].value is None else keys["cards"].whole(1, 20),
        0.0 if keys["shared_ip"].value is None else keys["shared_ip"].number(0, 0.5),
    )


def _countries(node: _Node) -> dict[str, float]:
    if not isinstance(node.value, dict) or len(node.value) < 2:
        node.wrong("must name at least two countries with their weights, such as {DE: 5, FR: 3}")
        return {"DE": 1.0, "FR": 1.0}
    weights = {}
    for code, weight in node.value.items():
        entry = _Node(f"{node.path}.{code}", weight, node.problems)
        if not isinstance(code, str) or not _COUNTRY.fullmatch(code):
            entry.wrong("a country is two capital letters (put NO in quotes)")
        weights[str(code)] = max(entry.number(0, 1e6), 1e-9)
    return weights


def _background(node: _Node) -> Background:
    keys = node.mapping("pause", "amount")
    amount = keys["amount"].mapping("median", "spread", "lo", "hi")
    spread = amount["spread"].number(0, 5)
    median, lo, hi = (amount[key].cents() for key in ("median", "lo", "hi"))
    if not lo <= median <= hi:
        keys["amount"].wrong("must have lo <= median <= hi")
    return Background(keys["pause"].duration(), Amounts(median, spread, lo, max(lo, hi)))


def _attack(node: _Node) -> Attack:
    keys = node.mapping("name", "every", "steps", "expect")
    steps = tuple(_step(step) for step in keys["steps"].items())
    expect = keys["expect"].mapping("rules", "flagged_from")
    frauds = sum(step.events for step in steps if step.fraud)
    if steps and not frauds:
        keys["steps"].wrong("none of the steps is fraud")
    return Attack(
        keys["name"].text(),
        keys["every"].duration(),
        steps,
        tuple(rule.text() for rule in expect["rules"].items()),
        expect["flagged_from"].whole(1, max(1, frauds)),
    )


def _step(node: _Node) -> Step:
    chosen = ("user", "ip", "device", "card", "country", "label")
    keys = node.mapping("events", "spacing", "amount", optional=chosen)
    return Step(
        events=keys["events"].whole(1, 10_000),
        spacing_ms=keys["spacing"].span(_Node.duration),
        amount=keys["amount"].span(_Node.cents),
        user=keys["user"].choice(*USERS, default="victim"),
        ip=keys["ip"].choice(*IDENTITIES, default="own"),
        device=keys["device"].choice(*IDENTITIES, default="own"),
        card=keys["card"].choice(*IDENTITIES, default="own"),
        country=_step_country(keys["country"]),
        fraud=keys["label"].choice("fraud", "legit", default="fraud") == "fraud",
    )


def _step_country(node: _Node) -> str:
    if isinstance(node.value, str) and _COUNTRY.fullmatch(node.value):
        return node.value
    return node.choice("own", "foreign", default="own")
