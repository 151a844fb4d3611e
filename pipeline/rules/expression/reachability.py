"""Whether a condition can hold at all, by intervals on one variable at a time.

Knows comparisons of a name with constants; takes everything else (two names, arithmetic) to be free. So
"cannot hold" is certain, "can hold" is not. A condition is written as alternatives, each a set of tests that
must all pass; where that would give more than `MAX_ALTERNATIVES` the question is left open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, pairwise, product
from math import prod
from typing import Final

from pipeline.rules.expression.normal import FLIPPED, normal
from pipeline.rules.expression.tree import (
    Both,
    Comparison,
    Condition,
    Kind,
    Literal,
    LiteralValue,
    Membership,
    Name,
    Negation,
    Present,
    Truth,
    Value,
    is_comparable,
    kind_of,
    networks_among,
)

MAX_ALTERNATIVES: Final = 512
MAX_CONSTANTS: Final = 1_000
"""A longer list is taken to leave some value open: to try each takes long for each rule that names it."""

_OPPOSITE: Final = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


@dataclass(frozen=True, slots=True)
class _Test:
    """`name operator value`; operators in/notin take a set, present/absent take nothing.

    With `or_absent` it also passes when the name is absent or of another kind, as a negated test does.
    """

    name: str
    kind: Kind
    operator: str
    value: LiteralValue | frozenset[LiteralValue] | None = None
    or_absent: bool = False


_FALSE: Final = _Test("", Kind.ANY, "false")
_Alternatives = list[frozenset[_Test]]
Range = tuple[int, int | None]
"""The least and the greatest value that a name takes; None where there is no greatest."""


class _TooMany(Exception):
    pass


def can_hold(condition: Condition, ranges: Mapping[str, Range] | None = None) -> bool:
    """False only when no event can meet the condition. `ranges` has what names are known to lie within."""
    try:
        return any(_is_open(tests, ranges or {}) for tests in _alternatives(condition, False))
    except _TooMany:
        return True


def can_fail(condition: Condition, ranges: Mapping[str, Range] | None = None) -> bool:
    """False only when every event meets the condition."""
    return can_hold(Negation(condition), ranges)


def implies(one: Condition, other: Condition, ranges: Mapping[str, Range] | None = None) -> bool:
    """True only when every event that meets `one` certainly meets `other`."""
    return not can_hold(Both((one, Negation(other)), is_any=False), ranges)


def breadth(condition: Condition, is_negated: bool = False) -> int:
    """How many alternatives a condition is written as; more than `MAX_ALTERNATIVES` are one more."""
    match condition:
        case Negation(part):
            return breadth(part, not is_negated)
        case Both(parts, is_any):
            each = [breadth(part, is_negated) for part in parts]
            return min(MAX_ALTERNATIVES + 1, sum(each) if is_any != is_negated else prod(each))
        case _:
            return 1


def _alternatives(condition: Condition, is_negated: bool) -> _Alternatives:
    match condition:
        case Negation(part):
            return _alternatives(part, not is_negated)
        case Both(parts, is_any):
            each = [_alternatives(part, is_negated) for part in parts]
            return _limited(list(chain.from_iterable(each))) if is_any != is_negated else _joined(each)
        case _:
            return [frozenset(_tests(condition, is_negated))]


def _joined(each: Iterable[_Alternatives]) -> _Alternatives:
    joined: _Alternatives = [frozenset()]
    for alternatives in each:
        if len(joined) * len(alternatives) > MAX_ALTERNATIVES:
            raise _TooMany
        joined = [one | two for one, two in product(joined, alternatives)]
    return joined


def _limited(alternatives: _Alternatives) -> _Alternatives:
    if len(alternatives) > MAX_ALTERNATIVES:
        raise _TooMany
    return alternatives


def _tests(condition: Condition, is_negated: bool) -> Iterator[_Test]:
    match condition:
        case Comparison(operator, left, right):
            yield from _comparison(operator, left, right, is_negated)
        case Membership(items=()):
            return  # a list is there to be filled later
        case Membership(Name() as value, items, is_not_in) if not networks_among(value, items):
            operator = "notin" if is_not_in != is_negated else "in"
            yield _Test(value.name, value.kind, operator, items.values, or_absent=is_negated)
        case Present(name):
            yield _Test(name.name, name.kind, "absent" if is_negated else "present")
        case Truth(name):
            yield _Test(name.name, name.kind, "ne" if is_negated else "eq", True, or_absent=is_negated)


def _comparison(operator: str, left: Value, right: Value, is_negated: bool) -> Iterator[_Test]:
    if not is_comparable(kind_of(left), kind_of(right)):
        if not is_negated:
            yield _FALSE
        return
    if isinstance(left, Literal):
        operator, left, right = FLIPPED[operator], right, left
    if isinstance(left, Name) and isinstance(right, Literal):
        wanted = _OPPOSITE[operator] if is_negated else operator
        yield _Test(left.name, left.kind, wanted, right.value, or_absent=is_negated)
    elif left == right and not is_negated and operator in ("lt", "gt", "ne"):
        yield _FALSE
    elif not isinstance(left, Name) or not isinstance(right, Name):
        return
    else:
        pair = sorted((normal(left), normal(right)))
        flipped = operator if pair[0] == normal(left) else FLIPPED[operator]
        yield _Test(" ".join(pair), Kind.ANY, f"relation {flipped}", not is_negated)


def _is_open(tests: frozenset[_Test], ranges: Mapping[str, Range]) -> bool:
    """Whether some value of each name passes all of its tests; names are independent of each other."""
    if _FALSE in tests:
        return False
    by_name: dict[str, list[_Test]] = {}
    for test in tests:
        by_name.setdefault(test.name, []).append(test)
    return all(_has_value(found, ranges.get(name)) for name, found in by_name.items())


def _has_value(tests: list[_Test], within: Range | None) -> bool:
    if any(test.operator.startswith("relation") for test in tests):
        return len({test.operator for test in tests}) == len({(t.operator, t.value) for t in tests})
    if all(test.or_absent or test.operator == "absent" for test in tests):
        return True
    if any(test.operator == "absent" for test in tests):
        return False
    bounded = [test for test in tests if test.operator != "present"]
    if tests[0].kind is Kind.ANY and len({_sort(test) for test in bounded}) > 1:
        # The value has one kind; tests of the other kinds pass only if they are negated ones.
        return any(
            all(test.or_absent for test in bounded if _sort(test) != sort)
            and _candidates([test for test in bounded if _sort(test) == sort], tests[0].kind, within)
            for sort in {_sort(test) for test in bounded}
        )
    return _candidates(bounded, tests[0].kind, within)


def _sort(test: _Test) -> str:
    value = next(iter(test.value), None) if isinstance(test.value, frozenset) else test.value
    return "bool" if isinstance(value, bool) else type(value).__name__


def _candidates(tests: list[_Test], kind: Kind, within: Range | None) -> bool:
    """Whether one of the values that matter passes: each constant, a little beside it, and between two."""
    constants: set[LiteralValue] = set()
    for test in tests:
        if isinstance(test.value, frozenset):
            if len(test.value) > MAX_CONSTANTS:
                return True
            constants |= test.value
        elif test.value is not None:
            constants.add(test.value)
    return any(all(_passes(value, test) for test in tests) for value in _values(constants, kind, within))


def _values(constants: set[LiteralValue], kind: Kind, within: Range | None) -> Iterator[LiteralValue]:
    if kind is Kind.BOOL or any(isinstance(value, bool) for value in constants):
        yield from (True, False)
        return
    texts = [value for value in constants if isinstance(value, str)]
    if texts or kind is Kind.TEXT:
        yield from ("", *texts, *(text + "\x01" for text in texts))
        return
    numbers = sorted(value for value in constants if isinstance(value, Decimal))
    step = Decimal(1) if kind is Kind.INT else Decimal("0.0001") if kind is Kind.MONEY else None
    for value in _near(numbers, step):
        if within is None or (within[0] <= value and (within[1] is None or value <= within[1])):
            yield value


def _near(numbers: list[Decimal], step: Decimal | None) -> Iterator[Decimal]:
    """Values beside, at and between the constants; with a step only multiples of it."""
    if not numbers:
        numbers = [Decimal(0)]
    for number in (Decimal(0), *numbers):
        if step is None:
            yield number
            continue
        floor = (number / step).to_integral_value(rounding="ROUND_FLOOR") * step
        yield from (floor - step, floor, floor + step)
    if step is None:
        yield from (numbers[0] - 1, numbers[-1] + 1)
        yield from ((one + two) / 2 for one, two in pairwise(numbers))
    else:
        yield numbers[-1].to_integral_value() + 1_000


def _passes(value: LiteralValue, test: _Test) -> bool:
    if isinstance(test.value, frozenset):
        return (value in test.value) != (test.operator == "notin")
    other = test.value
    if isinstance(value, Decimal) and isinstance(other, Decimal):
        return _ordered(value, other, test.operator)
    if isinstance(value, str) and isinstance(other, str):
        return _ordered(value, other, test.operator)
    if isinstance(value, bool) and isinstance(other, bool):
        return _ordered(int(value), int(other), test.operator)
    return False


def _ordered(value: Decimal | str | int, other: Decimal | str | int, operator: str) -> bool:
    sign = (value > other) - (value < other)  # type: ignore[operator]
    return {
        "lt": sign < 0,
        "le": sign <= 0,
        "gt": sign > 0,
        "ge": sign >= 0,
        "eq": sign == 0,
        "ne": sign != 0,
    }[operator]
