"""A `where` as a small postfix program: what the kernel and the reference run.

Operations, each a JSON array: ["field", name] ["num", "12.5"] ["str", "x"] ["bool", true]
["list", [literal, …]] with literals written as the three operations before; eq ne lt le gt ge in notin;
["present", name]; and or not. A field left alone on the stack is a condition: it holds iff it is true. A
name is that of a field or of a derived value. ["lower"] ["len"] ["starts_with", "x"] take the text before
them; a list may also hold ["net", "10.0.0.0/8"], which equals the addresses in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, Literal, Protocol

from pipeline.records.letters import lowered
from pipeline.records.networks import Networks, network
from pipeline.records.quantities import UNITS
from pipeline.rules.expression.tree import (
    Both,
    Call,
    Comparison,
    Condition,
    Membership,
    Name,
    Negation,
    Present,
    RawValue,
    StartsWith,
    Truth,
    Value,
    names_in,
    networks_among,
)
from pipeline.rules.expression.tree import Literal as Constant

Program = list[list[Any]]

_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?")
"""What the kernel takes for a number."""


def program(condition: Condition) -> Program:
    """The postfix program of a condition over transaction fields."""
    match condition:
        case Comparison(operator, left, right):
            return [*_operands(left), *_operands(right), [operator]]
        case Membership(value, items, is_negated):
            if is_negated and not items:
                return [["present", next(names_in(value)).name]]
            literals = [_operand(item) for item in items]
            literals += [["net", str(network(text))] for text in networks_among(value, items)]
            return [*_operands(value), ["list", literals], ["notin" if is_negated else "in"]]
        case StartsWith(value, prefix):
            return [*_operands(value), ["starts_with", prefix]]
        case Present(name):
            return [["present", name.name]]
        case Truth(name):
            return [["field", name.name]]
        case Negation(part):
            return [*program(part), ["not"]]
        case Both(parts, is_any):
            joined = program(parts[0])
            for part in parts[1:]:
                joined += [*program(part), ["or" if is_any else "and"]]
            return joined


def _operands(value: Value) -> Program:
    """A value, and what is made of it."""
    return [*_operands(value.operand), [value.function]] if isinstance(value, Call) else [_operand(value)]


def _operand(value: Value) -> list[Any]:
    match value:
        case Name(name):
            return ["field", name]
        case Constant(bool() as truth):
            return ["bool", truth]
        case Constant(str() as text):
            return ["str", text]
        case Constant(Decimal() as number):
            return ["num", str(number)]
    raise ValueError(f"a where knows no arithmetic: {value}")


_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


def _pair(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Both values in a form that Python compares as the language does, None when they do not compare."""
    if left is None or right is None:
        return None
    if isinstance(left, bool | str) or isinstance(right, bool | str):
        return (left, right) if type(left) is type(right) else None
    # Exact numbers are Fractions here; beside a double they count as the nearest double.
    if isinstance(left, float) or isinstance(right, float):
        return float(left), float(right)
    return left, right


def _is_member(value: Any, items: list[Any], is_negated: bool) -> bool:
    if isinstance(value, str) and any(isinstance(item, Networks) and item.has(value) for item in items):
        return not is_negated
    pairs = [pair for pair in (_pair(value, item) for item in items) if pair]
    is_found = any(a == b for a, b in pairs)
    return bool(pairs) and not is_found if is_negated else is_found


@lru_cache(maxsize=4_096)
def _exact(number: str | int, scale: int = 1) -> Fraction:
    return Fraction(number) / scale


def _literal(operation: list[Any]) -> Any:
    if operation[0] == "net":
        return _networks(operation[1])
    return _exact(operation[1]) if operation[0] == "num" else operation[1]


@lru_cache(maxsize=4_096)
def _networks(text: str) -> Networks:
    return Networks([text])


def _field(transaction: Valued, name: str) -> Any:
    value = transaction.get(name)
    if name == "amount" or name.startswith("amount_in("):
        return None if value is None else _exact(int(value), UNITS)
    return Fraction(value) if type(value) is int else value


class Valued(Protocol):
    """A transaction, or what a rule set sees of one."""

    def get(self, name: str) -> RawValue | None: ...


def holds(where: Program, transaction: Valued) -> bool:
    """Run a program on a transaction."""
    stack: list[Any] = []
    for operation in where:
        match operation[0]:
            case "field":
                stack.append(_field(transaction, operation[1]))
            case "num" | "str" | "bool":
                stack.append(_literal(operation))
            case "list":
                stack.append([_literal(item) for item in operation[1]])
            case "present":
                stack.append(transaction.get(operation[1]) is not None)
            case "lower" | "len" | "starts_with":
                stack.append(_of_text(operation, stack.pop()))
            case "not":
                stack.append(stack.pop() is not True)
            case "and" | "or" as word:
                right, left = stack.pop() is True, stack.pop() is True
                stack.append(left and right if word == "and" else left or right)
            case "in" | "notin" as word:
                items, value = stack.pop(), stack.pop()
                stack.append(_is_member(value, items, word == "notin"))
            case comparison:
                right_value, left_value = stack.pop(), stack.pop()
                pair = _pair(left_value, right_value)
                stack.append(pair is not None and _ORDERS[comparison](*pair))
    return stack.pop() is True


def _of_text(operation: list[Any], value: Any) -> Any:
    if not isinstance(value, str):
        return None
    if operation[0] == "starts_with":
        return value.startswith(operation[1])
    return lowered(value) if operation[0] == "lower" else Fraction(len(value))


_Kind = Literal["value", "truth", "list"]
"""What an operation leaves on the stack. A value counts as a condition, a truth not as a value."""
_TAKES: Final[Mapping[str, Sequence[_Kind]]] = {
    "not": ("truth",),
    **dict.fromkeys(("and", "or"), ("truth", "truth")),
    **dict.fromkeys(("in", "notin"), ("value", "list")),
    **dict.fromkeys(_ORDERS, ("value", "value")),
}


def is_program(document: object) -> bool:
    """Whether `holds` can run it: every operation finds what it takes, and one condition is left."""
    stack: list[_Kind] = []
    for operation in document if isinstance(document, list) else ():
        match operation:
            case [str(word)] if word in _TAKES:
                taken = [stack.pop() for _ in _TAKES[word] if stack][::-1]
                if len(taken) < len(_TAKES[word]) or not all(map(_serves, taken, _TAKES[word])):
                    return False
                stack.append("truth")
            case ["present", str()]:
                stack.append("truth")
            case ["list", list(items)] if all(_is_literal(item) or _is_network(item) for item in items):
                stack.append("list")
            case ["lower" | "len"] if stack and stack[-1] == "value":
                pass
            case ["starts_with", str()] if stack and stack[-1] == "value":
                stack[-1] = "truth"
            case ["field", str()]:
                stack.append("value")
            case literal if _is_literal(literal):
                stack.append("value")
            case _:
                return False
    return len(stack) == 1 and _serves(stack[0], "truth")


def _serves(kind: _Kind, wanted: _Kind) -> bool:
    return kind == wanted or (kind, wanted) == ("value", "truth")


def _is_network(operation: object) -> bool:
    match operation:
        case ["net", str(text)]:
            return (found := network(text)) is not None and str(found) == text
    return False


def _is_literal(operation: object) -> bool:
    match operation:
        case ["num", str(number)]:
            return _NUMBER.fullmatch(number) is not None
        case ["str", str()] | ["bool", bool()]:
            return True
    return False
