"""The cases a rule set brings along: events, and what must come of the last of them or of any.

Runs them through the reference, without a cluster; knows nothing of files or commands. See
`docs/writing-rules.md` for the notation:

    tests:
      defaults: {user_id: ada, amount: 10}        # every event begins with these
      lists: {trusted_users: [grace]}             # what lists hold during the tests
      cases:
        user_velocity:                            # a rule (or any name, then events say what they expect)
          positive: [{times: 6, every: 10s}]      # the rule fires on the last event
          negative: [{times: 5, every: 10s}]      # the rule fires on none
          boundary: [{times: 5, every: 1m}, {at: 5m, fires: false}]
          late:     [{times: 5, every: 10s}, {at: 2m}, {at: 45s, fires: true}]

An event has the fields of a transaction and, beside them, `at` (time after the first moment, else that of
the event before), `times` and `every` (so many, that far apart), `fires` (whether the rule of the case fires
on the last of them) and `expect`: a decision, `none` for a duplicate, a list of the rules that fire, or a
mapping of decision, score, rules, late, features. Events reach the log in the order in which they are
written, each when the clock has reached the newest time so far: one with an earlier `at` is late. A case
named `late` must hold a late event. Ids are e00001, e00002, … unless given; a null takes a default away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pipeline.records.clock import DAY_MS
from pipeline.records.decisions import Decision
from pipeline.records.events import decode
from pipeline.records.quantities import Refusal, amount_text, format_time
from pipeline.records.wire import plain
from pipeline.rules.feature import duration_ms
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import Problem, RuleSet, RuleSetError, parse
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference
from pipeline.scoring.scorer import Scorer
from pipeline.settings.document import Path

KINDS: Final = ("positive", "negative", "boundary", "late")
MAX_EVENTS: Final = 20_000
"""Events of all cases together: a file cannot make a test run for ever."""
START_MS: Final = 1_767_225_600_000
"""2026-01-01T00:00:00Z, the moment `at: 0s`."""

_EXPECTED: Final = ("decision", "score", "rules", "late", "features")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case: passed when there are no `failures`. `line` is where it stands in the file."""

    name: str
    kind: str
    line: int | None
    events: int
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """One event of a case as it goes in, and what is expected of it."""

    record: Record
    fires: bool | None
    expect: object


class _Unreadable(Exception):
    pass


def run_cases(ruleset: RuleSet, settings: PlanSettings | None = None) -> list[Outcome]:
    """Every case of the rule set, in the order of the file."""
    settings = settings or PlanSettings()
    tests = ruleset.tests
    if tests is None:
        return []
    if not isinstance(tests, Mapping) or not set(tests) <= {"defaults", "lists", "cases"}:
        return [Outcome("tests", "", ruleset.line(("tests",)), 0, ("tests has defaults, lists and cases",))]
    try:
        filled = _with_lists(ruleset, tests.get("lists") or {})
    except RuleSetError as error:
        return [Outcome("lists", "", ruleset.line(("tests", "lists")), 0, (str(error),))]
    runner = _Runner(filled, settings, tests.get("defaults") or {})
    return [runner.run(name, kind, events) for name, kind, events in _cases(tests.get("cases") or {})]


def uncovered(ruleset: RuleSet) -> list[Problem]:
    """The rules that lack one of the four kinds of cases."""
    tests = ruleset.tests if isinstance(ruleset.tests, Mapping) else {}
    cases = tests.get("cases")
    found = []
    for rule in ruleset.rules:
        held = cases.get(rule.name, {}) if isinstance(cases, Mapping) else {}
        missing = [kind for kind in KINDS if not isinstance(held, Mapping) or kind not in held]
        if missing:
            path = ("rules", rule.name)
            message = f"no {', '.join(missing)} case"
            found.append(Problem(".".join(path), ruleset.line(path), message, "warning"))
    return found


def _with_lists(ruleset: RuleSet, lists: object) -> RuleSet:
    """The same rules over other lists, with the lines of the file."""
    if not lists:
        return ruleset
    known = ruleset.content.get("lists", {})
    if not isinstance(lists, Mapping) or not set(lists) <= set(known):
        raise RuleSetError([Problem("tests.lists", None, f"known lists are {', '.join(known) or 'none'}")])
    return replace(parse({**ruleset.content, "lists": {**known, **lists}}), lines=ruleset.lines)


def _cases(declared: object) -> Iterator[tuple[str, str, object]]:
    if not isinstance(declared, Mapping):
        yield "cases", "", None
        return
    for name, kinds in declared.items():
        if not isinstance(kinds, Mapping):
            yield name, "", None
            continue
        for kind, events in kinds.items():
            yield name, kind, events


class _Runner:
    def __init__(self, ruleset: RuleSet, settings: PlanSettings, defaults: object) -> None:
        self._ruleset = ruleset
        self._settings = settings
        self._defaults = defaults if isinstance(defaults, Mapping) else {}
        self._plan = ruleset.plan(settings)
        self._scorer = Scorer(ruleset)
        self._rules = {rule.name for rule in ruleset.rules}
        self._left = MAX_EVENTS

    def run(self, name: str, kind: str, declared: object) -> Outcome:
        """One case: its events through the reference, then every expectation."""
        path: Path = ("tests", "cases", name, kind) if kind else ("tests", "cases", name)
        steps: list[_Step] = []
        try:
            steps = self._steps(name, kind, declared)
            failures = tuple(self._failures(name, kind, steps))
        except _Unreadable as error:
            failures = (str(error),)
        return Outcome(name, kind, self._ruleset.line(path), len(steps), failures)

    def _steps(self, name: str, kind: str, declared: object) -> list[_Step]:
        if not isinstance(declared, list) or not declared:
            raise _Unreadable("a case is kinds (positive, negative, …), each with a list of events")
        is_rule = name in self._rules
        if is_rule and kind not in KINDS:
            raise _Unreadable(f"the cases of a rule are {', '.join(KINDS)}")
        steps: list[_Step] = []
        at = newest = 0
        for event in declared:
            if not isinstance(event, Mapping):
                raise _Unreadable("an event is a mapping such as {at: 30s, amount: 5}")
            at = _duration(event, "at", at)
            count, every = event.get("times", 1), _duration(event, "every", 0)
            if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= self._left:
                raise _Unreadable(f"times must be from 1 on, all events at most {MAX_EVENTS}")
            self._left -= count
            for number in range(count):
                at += every if number else 0
                newest = max(newest, at)
                is_last = number == count - 1
                steps.append(self._step(event, len(steps), at, newest, is_last))
        if not is_rule and not any(step.expect is not None for step in steps):
            raise _Unreadable("no event says what it expects, and no rule has this name")
        return _with_defaults(steps, kind) if is_rule else steps

    def _step(self, event: Mapping[str, object], number: int, at: int, newest: int, is_last: bool) -> _Step:
        fields = {
            "event_id": f"e{number + 1:05d}",
            "event_time": START_MS + at,
            **self._defaults,
            **{key: value for key, value in event.items() if key not in _OWN},
        }
        value = json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")
        try:
            decode(value, self._settings.max_event_bytes, self._settings.ids)
        except Refusal as refusal:
            raise _Unreadable(f"event {number + 1} is no transaction: {refusal}") from None
        fires, expect = (event.get("fires"), event.get("expect")) if is_last else (None, None)
        if fires is not None and not isinstance(fires, bool):
            raise _Unreadable("fires is true or false")
        return _Step(Record(0, number, START_MS + newest, value), fires, expect)

    def _failures(self, name: str, kind: str, steps: Sequence[_Step]) -> Iterator[str]:
        stamped = stamp(
            (step.record for step in steps), self._settings.out_of_orderness_ms, ids=self._settings.ids
        )
        decided: dict[int, Decision] = {}
        for scored in Reference(self._plan).process(stamped):
            if not scored.duplicate:
                decided[scored.stamped.offset] = self._scorer.decide(scored, "test")
        if kind == "late" and not any(event.late for event in stamped):
            yield "no event of this case is late"
        for number, step in enumerate(steps):
            for failure in _unmet(decided.get(number), step, name):
                yield f"event {number + 1}: {failure}"


_OWN: Final = ("at", "times", "every", "fires", "expect")


def _with_defaults(steps: list[_Step], kind: str) -> list[_Step]:
    """What a rule's case expects where its events do not say."""
    if kind == "negative":
        return [_Step(s.record, False if s.fires is None else s.fires, s.expect) for s in steps]
    if all(step.fires is None and step.expect is None for step in steps):
        if kind == "boundary":
            raise _Unreadable("a boundary case says on which events the rule fires")
        last = steps[-1]
        return [*steps[:-1], _Step(last.record, True, None)]
    return steps


def _duration(event: Mapping[str, object], key: str, default: int) -> int:
    if key not in event:
        return default
    value = duration_ms(event[key])
    if value is None or value > 3_650 * DAY_MS:
        raise _Unreadable(f"{key} must be a time such as 500ms, 30s, 5m, 24h or 30d")
    return value


def _unmet(decision: Decision | None, step: _Step, rule: str) -> Iterator[str]:
    expect = step.expect
    if decision is None:
        if step.fires is not None or expect not in (None, "none"):
            yield "is a duplicate and has no decision"
        return
    for name, message in decision.plugin_errors.items():
        yield f"the plug-in of {name} failed: {message}"
    fired = sorted(hit.rule for hit in decision.reasons)
    shown = f"fired: {', '.join(fired) or 'none'}; features: {_shown(decision)}"
    if step.fires is not None and (rule in fired) != step.fires:
        yield f"{rule} {'does not fire' if step.fires else 'fires'} ({shown})"
    if expect is None:
        return
    wanted = expect if isinstance(expect, Mapping) else {_kind_of(expect): expect}
    found = {
        "decision": decision.decision,
        "score": decision.score,
        "rules": fired,
        "late": decision.late,
        "features": {name: plain(value) for name, value in decision.features.items()},
    }
    for key, value in wanted.items():
        if key not in _EXPECTED:
            yield f"expect knows {', '.join(_EXPECTED)}, not {key}"
        elif not _agrees(found[key], value):
            yield f"{key} is {found[key]}, expected {value} ({shown})"


def _kind_of(expect: object) -> str:
    return "rules" if isinstance(expect, list) else "decision"


def _agrees(found: object, wanted: object) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            name in found and found[name] == value for name, value in wanted.items()
        )
    return bool(found == (sorted(map(str, wanted)) if isinstance(wanted, list) else wanted))


def _shown(decision: Decision) -> str:
    amount = amount_text(decision.transaction.amount_units)
    values = [f"{name} {plain(value)}" for name, value in decision.features.items()]
    return ", ".join([f"amount {amount}", f"at {format_time(decision.transaction.event_time_ms)}", *values])
