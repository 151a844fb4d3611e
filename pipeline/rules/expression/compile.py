"""Turns a checked condition into the source of a Python expression: the fast way to evaluate rules.

Knows the semantics of `expression`; writes only names it was given, constants and operators, so nothing of a
rule set's text ever reaches the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from math import ceil, floor
from typing import Any, Final

from pipeline.records.letters import lowered
from pipeline.records.networks import Networks
from pipeline.records.quantities import UNITS
from pipeline.rules.expression.tree import (
    Arithmetic,
    Both,
    Call,
    Comparison,
    Condition,
    Items,
    Kind,
    Literal,
    Membership,
    Name,
    Negation,
    Present,
    RawValue,
    StartsWith,
    Truth,
    Value,
    is_comparable,
    kind_of,
    networks_among,
)

_SYMBOLS: Final = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_FLIPPED: Final = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_CALLS: Final = {"lower": "lowered", "len": "len"}
_CLASSES: Final = {Kind.TEXT: "str", Kind.BOOL: "bool"}


@dataclass(frozen=True, slots=True)
class _Code:
    """An expression that may be evaluated once all guards, in order, have held."""

    source: str
    kind: Kind
    guards: tuple[str, ...] = ()


def quotient(left: float, right: float) -> float | None:
    """Division in the language: by zero it is absent."""
    return left / right if right else None


class ConditionCompiler:
    """Writes conditions as Python source; `constants` are the globals that source needs.

    `variable` gives the Python name that holds a field or feature: None when absent, money in units, a field
    of kind ANY as float, str or bool.
    """

    def __init__(self, variable: Callable[[str], str]) -> None:
        self._variable = variable
        self._temporaries = 0
        self.constants: dict[str, object] = {"quotient": quotient, "lowered": lowered}

    def source(self, condition: Condition) -> str:
        """An expression that is truthy iff the condition holds. Safe to place inside any operator."""
        match condition:
            case Comparison(operator, left, right):
                return self._comparison(operator, left, right)
            case Membership():
                return self._membership(condition)
            case StartsWith(value, prefix):
                code = _of_class(self._value(value), Kind.TEXT)
                return _guarded(code.guards, f"{code.source}.startswith({prefix!r})")
            case Present(name):
                return f"({self._variable(name.name)} is not None)"
            case Truth(name):
                return f"({self._variable(name.name)} is True)"
            case Negation(part):
                return f"(not {self.source(part)})"
            case Both((), is_any):
                return str(not is_any)
            case Both(parts, is_any):
                return "(" + (" or " if is_any else " and ").join(map(self.source, parts)) + ")"

    def _comparison(self, operator: str, left: Value, right: Value) -> str:
        if not is_comparable(kind_of(left), kind_of(right)):
            return "False"
        if isinstance(left, Literal):
            operator, left, right = _FLIPPED[operator], right, left
        left_code = self._value(left)
        if isinstance(right, Literal):
            return self._with_literal(operator, left_code, right)
        right_code = self._value(right)
        if left_code.kind is Kind.ANY and right_code.kind is Kind.ANY:
            same = f"{left_code.source}.__class__ is {right_code.source}.__class__"
            guards = [_present(left_code), same]
            return _guarded(guards, _infix(operator, left_code.source, right_code.source))
        left_code, right_code = _aligned(left_code, right_code)
        return _guarded(
            [*left_code.guards, *right_code.guards], _infix(operator, left_code.source, right_code.source)
        )

    def _with_literal(self, operator: str, code: _Code, literal: Literal) -> str:
        value = literal.value
        if not isinstance(value, Decimal):
            code = _of_class(code, literal.kind)
            return _guarded(code.guards, _infix(operator, code.source, repr(value)))
        if code.kind in (Kind.MONEY, Kind.INT):
            scaled = Fraction(value) * (UNITS if code.kind is Kind.MONEY else 1)
            return _guarded(code.guards, _exact(operator, code.source, scaled))
        code = _as_double(code)
        return _guarded(code.guards, _infix(operator, code.source, repr(float(value))))

    def _membership(self, condition: Membership) -> str:
        code = self._value(condition.value)
        if not condition.items:
            return _guarded(code.guards if code.guards else [_present(code)], str(condition.is_negated))
        kind = condition.items[0].kind
        if not is_comparable(code.kind, kind):
            return "False"
        code = _of_number(code) if kind is Kind.FLOAT else _of_class(code, kind)
        constant = self._constant(condition.items.once(code.kind, partial(_members, code.kind)))
        if networks_among(condition.value, condition.items):
            among = self._constant(condition.items.once(Networks, _networks).has)
            found = f"({code.source} in {constant} or {among}({code.source}))"
            return _guarded(code.guards, f"not {found}" if condition.is_negated else found)
        return _guarded(code.guards, f"{code.source} {'not in' if condition.is_negated else 'in'} {constant}")

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def _value(self, value: Value) -> _Code:
        match value:
            case Name(name, kind):
                code = _Code(self._variable(name), kind)
                return code if kind is Kind.ANY else _Code(code.source, kind, (_present(code),))
            case Literal(literal):
                return _Code(repr(float(literal)), Kind.FLOAT)
            case Call(function, operand):
                code = _of_class(self._value(operand), Kind.TEXT)
                return _Code(f"{_CALLS[function]}({code.source})", value.kind, code.guards)
            case Arithmetic(operator, operands):
                codes = [self._value(operand) for operand in operands]
                return self._arithmetic(operator, codes, kind_of(value))

    def _arithmetic(self, operator: str, operands: list[_Code], kind: Kind) -> _Code:
        if kind is Kind.FLOAT:
            operands = [_as_double(operand) for operand in operands]
        guards = _united(operand.guards for operand in operands)
        sources = [operand.source for operand in operands]
        if operator == "/":
            self._temporaries += 1
            temporary = f"t{self._temporaries}"
            guards = (*guards, f"({temporary} := quotient({', '.join(sources)})) is not None")
            return _Code(temporary, kind, guards)
        if operator == "neg":
            return _Code(f"(-{sources[0]})", kind, guards)
        if operator in ("abs", "min", "max"):
            return _Code(f"{operator}({', '.join(sources)})", kind, guards)
        return _Code(f"({sources[0]} {operator} {sources[1]})", kind, guards)


def _present(code: _Code) -> str:
    return f"{code.source} is not None"


def _infix(operator: str, left: str, right: str) -> str:
    return f"{left} {_SYMBOLS[operator]} {right}"


def _united(guards: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(guard for some in guards for guard in some))


def _guarded(guards: Iterable[str], test: str) -> str:
    return "(" + " and ".join([*dict.fromkeys(guards), test]) + ")"


def _of_class(code: _Code, kind: Kind) -> _Code:
    if code.kind is not Kind.ANY:
        return code
    return _Code(code.source, kind, (*code.guards, f"{code.source}.__class__ is {_CLASSES[kind]}"))


def _as_double(code: _Code) -> _Code:
    if code.kind is Kind.ANY:
        return _Code(code.source, Kind.FLOAT, (*code.guards, f"{code.source}.__class__ is float"))
    if code.kind is Kind.MONEY:
        return _Code(f"({code.source} / {UNITS})", Kind.FLOAT, code.guards)
    if code.kind is Kind.INT:
        return _Code(f"float({code.source})", Kind.FLOAT, code.guards)
    return code


def _aligned(left: _Code, right: _Code) -> tuple[_Code, _Code]:
    """Two operands of comparable kinds in a form in which Python compares them as the language does."""
    kinds = {left.kind, right.kind}
    if kinds & {Kind.TEXT, Kind.BOOL}:
        kind = next(kind for kind in (left.kind, right.kind) if kind is not Kind.ANY)
        return _of_class(left, kind), _of_class(right, kind)
    if kinds == {Kind.MONEY, Kind.INT}:
        return _in_units(left), _in_units(right)
    if Kind.MONEY in kinds and kinds != {Kind.MONEY}:
        return _as_double(left), _as_double(right)
    return _of_number(left), _of_number(right)


def _of_number(code: _Code) -> _Code:
    return _as_double(code) if code.kind is Kind.ANY else code


def _in_units(code: _Code) -> _Code:
    return _Code(f"({code.source} * {UNITS})", Kind.MONEY, code.guards) if code.kind is Kind.INT else code


def _exact(operator: str, source: str, bound: Fraction) -> str:
    """Compare an integer with an exact number: a bound between two integers moves to one of them."""
    if bound.denominator == 1:
        return _infix(operator, source, str(bound.numerator))
    if operator in ("eq", "ne"):
        return str(operator == "ne")
    if operator in ("lt", "le"):
        return _infix("lt", source, str(ceil(bound)))
    return _infix("gt", source, str(floor(bound)))


def _members(kind: Kind, items: Items) -> frozenset[Any]:
    """The constants as values of that kind."""
    return frozenset(_values(kind, items))


def _networks(items: Items) -> Networks:
    return Networks(items.networks)


def _values(kind: Kind, items: Items) -> Iterable[Any]:
    for item in items:
        if not isinstance(item.value, Decimal):
            yield item.value
        elif kind is Kind.FLOAT:
            yield float(item.value)
        else:
            scaled = Fraction(item.value) * (UNITS if kind is Kind.MONEY else 1)
            if scaled.denominator == 1:
                yield scaled.numerator


def predicate(condition: Condition) -> Callable[[Mapping[str, RawValue | None]], bool]:
    """A function that evaluates a condition on raw values by name; absent ones may be left out or None."""
    names: dict[str, str] = {}
    compiler = ConditionCompiler(lambda name: names.setdefault(name, f"v{len(names)}"))
    source = compiler.source(condition)
    evaluate = eval(f"lambda {', '.join(names.values())}: {source}", compiler.constants)
    return lambda values: bool(evaluate(*(values.get(name) for name in names)))
