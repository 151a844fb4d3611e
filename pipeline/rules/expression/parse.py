"""The expression language of rule sets: a safe subset of Python's syntax, parsed and checked, never executed.

Knows names and kinds; knows nothing of where values come from. `postfix` turns a condition into the program
of the kernel, `expression_compile` into Python.

    condition  = comparison | name | present(name) | starts_with(t, "text") | not c | c and c | c or c
    comparison = value (< <= > >= == !=) value, chained as in Python | t in list | t not in list
    t          = name | lower(t)
    value      = t | len(t) | number | "text" | True | False | -v | v + v | v - v | v * v | v / v
               | abs(v) | min(v, …) | max(v, …)
    list       = [literal, …] or the name of a list of the rule set; its literals are of one kind

Semantics. A value is money, a number, text or a truth value, or it is absent.

- A comparison with an absent value, or between kinds (number, text, truth value), is false, also `!=` and
  `not in`; `not` of it is true. Chained comparisons mean all of their pairs. Text orders by code point, false
  before true. `x in list`: x equals a literal; `x not in list`: x is present, of the literals' kind (of any
  kind when the list is empty), and equals none.
- `amount` and money features are exact: against a number literal, an integer or other money exactly, against
  other numbers as the nearest double. Any other numeric field is the double of its text, and so is a literal
  beside it. Integers compare exactly, with a double as Python does.
- A name alone is a condition: it holds iff its value is `true`.
- Arithmetic (rules only): money + money, money - money, -money, abs(money), min and max of only money are
  exact money; -int and abs(int) stay exact; everything else turns each operand into a double first. Division
  by zero is absent, and so is arithmetic with an absent value or with text. Infinities follow IEEE 754.
- `lower(t)` is the text with the letters of `pipeline.records.letters` made small, `len(t)` its code points,
  and `starts_with` compares code points; of what is no text they are absent, or false.
- `ip in list` holds also for a network of the list that the address lies in.
- In a `where` only transaction fields may be named and there is no arithmetic but the sign of a literal.
"""

from __future__ import annotations

import ast
import re
import warnings
from decimal import Decimal
from functools import lru_cache
from typing import Final

from pipeline.rules.expression.tree import (
    Arithmetic,
    Both,
    Call,
    Comparison,
    Condition,
    Items,
    Kind,
    Literal,
    LiteralValue,
    Membership,
    Name,
    Names,
    Negation,
    Present,
    StartsWith,
    Truth,
    Value,
    is_clean_text,
)

MAX_LENGTH: Final = 2_000
MAX_DEPTH: Final = 30
FUNCTIONS: Final = ("present", "abs", "min", "max")
"""What nothing in a rule set may be called; functions that came later give way to names."""
NEEDS_SETTING: Final = dict.fromkeys(("hour", "weekday", "day"), "settings: {zone: Europe/Berlin}")


class ExpressionError(Exception):
    """An expression that is not in the language. `column` counts characters from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.message = message
        self.column = column


_COMPARISONS: Final = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_OPERATORS: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_NUMBER = re.compile(r"(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]{1,3})?")


def parse(text: str, names: Names) -> Condition:
    """Read a condition. Raises `ExpressionError` with the first problem found."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH + 1)
    line = re.sub(r"[\r\n\t\f]", " ", text).lstrip(" ")
    return _Reader(line, names).condition(_syntax(line))


@lru_cache(maxsize=512)
def _syntax(line: str) -> ast.expr:
    """Kept, since the same rule sets are read again and again; nobody changes a tree."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"not an expression: {error.msg}", error.offset or 1) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("not an expression", 1) from None
    if _depth(tree) > MAX_DEPTH:
        raise ExpressionError(f"nested deeper than {MAX_DEPTH}", 1)
    return tree


def _depth(tree: ast.expr) -> int:
    deepest, open_nodes = 0, [(tree, 1)]
    while open_nodes:
        node, depth = open_nodes.pop()
        deepest = max(deepest, depth)
        children = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
        open_nodes.extend((child, depth + 1) for child in children)
    return deepest


class _Reader:
    def __init__(self, line: str, names: Names) -> None:
        self._bytes = line.encode("utf-8", "surrogatepass")
        self._names = names

    def _error(self, node: ast.expr, message: str) -> ExpressionError:
        before = self._bytes[: node.col_offset].decode("utf-8", "surrogatepass")
        return ExpressionError(message, len(before) + 1)

    def condition(self, node: ast.expr) -> Condition:
        match node:
            case ast.BoolOp(op=op, values=values):
                return Both(tuple(self.condition(value) for value in values), isinstance(op, ast.Or))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Negation(self.condition(operand))
            case ast.Compare():
                return self._comparison(node)
            case ast.Call(func=ast.Name(id="present"), args=[ast.Name() as name], keywords=[]):
                return Present(self._name(name))
            case ast.Call(func=ast.Name(id="present")):
                raise self._error(node, "present takes the name of one field or feature")
            case ast.Call(
                func=ast.Name(id="starts_with"), args=[value, ast.Constant(value=str()) as text], keywords=[]
            ):
                return StartsWith(self._text(value), str(self._constant(text)))
            case ast.Call(func=ast.Name(id="starts_with")):
                raise self._error(node, 'starts_with takes a text and its beginning: starts_with(x, "a")')
            case ast.Name():
                name_node = self._name(node)
                if name_node.kind not in (Kind.BOOL, Kind.ANY):
                    message = f"{node.id} is {name_node.kind.value}, not a condition: compare it"
                    raise self._error(node, message)
                return Truth(name_node)
            case _:
                raise self._error(node, "not a condition such as amount > 5 or present(country)")

    def _comparison(self, node: ast.Compare) -> Condition:
        pairs: list[Condition] = []
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            pairs.append(self._pair(operator, left, right))
            left = right
        return pairs[0] if len(pairs) == 1 else Both(tuple(pairs), is_any=False)

    def _pair(self, operator: ast.cmpop, left: ast.expr, right: ast.expr) -> Condition:
        if isinstance(operator, ast.In | ast.NotIn):
            value = self._value(left)
            if not isinstance(value, Name | Call):
                raise self._error(left, "only a field or a feature can be looked up in a list")
            return Membership(value, self._items(right), isinstance(operator, ast.NotIn))
        name = _COMPARISONS.get(type(operator))
        if name is None:
            raise self._error(right, "`is` is not in the language: use == or present(…)")
        pair = Comparison(name, self._value(left), self._value(right))
        if isinstance(pair.left, Literal) and isinstance(pair.right, Literal):
            raise self._error(left, "compares two constants")
        return pair

    def _items(self, node: ast.expr) -> Items:
        if isinstance(node, ast.Name):
            if node.id not in self._names.lists:
                raise self._error(node, f"no list is named {node.id}")
            found = self._names.lists[node.id]
            return found if isinstance(found, Items) else Items(found)
        if not isinstance(node, ast.List | ast.Tuple | ast.Set):
            raise self._error(node, "a list of constants or the name of a list is needed after in")
        items = [(element, self._value(element)) for element in node.elts]
        literals: list[Literal] = []
        for element, item in items:
            if not isinstance(item, Literal):
                raise self._error(element, "a list in an expression holds constants only")
            if literals and literals[0].kind is not item.kind:
                raise self._error(element, "a list holds constants of one kind")
            literals.append(item)
        return Items(literals)

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant():
                return Literal(self._constant(node))
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                return self._signed(node, isinstance(sign, ast.USub), operand)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATORS:
                return self._arithmetic(node, _OPERATORS[type(op)], [left, right])
            case ast.Call(func=ast.Name(id="abs"), args=[operand], keywords=[]):
                return self._arithmetic(node, "abs", [operand])
            case ast.Call(func=ast.Name(id="min" | "max" as function), args=[_, _, *_], keywords=[]):
                return self._arithmetic(node, function, node.args)
            case ast.Call(func=ast.Name(id="lower" | "len" as function), args=[operand], keywords=[]):
                return Call(function, self._text(operand))
            case ast.Call(func=ast.Name(id="amount_in"), args=[ast.Name(id=code)], keywords=[]):
                return self._name(node, f"amount_in({code})")
            case _:
                raise self._error(node, f"{_described(node)} cannot be a value here")

    def _signed(self, node: ast.expr, is_negative: bool, operand: ast.expr) -> Value:
        value = self._value(operand)
        if isinstance(value, Literal) and isinstance(value.value, Decimal):
            is_flipped = is_negative and value.value != 0
            return Literal(value.value.copy_negate()) if is_flipped else value
        if not is_negative:
            raise self._error(node, "a plus sign belongs before a number only")
        return self._arithmetic(node, "neg", [operand])

    def _arithmetic(self, node: ast.expr, operator: str, operands: list[ast.expr]) -> Value:
        if not self._names.allows_arithmetic:
            raise self._error(node, "a where knows no arithmetic: compare fields with constants")
        values = tuple(self._value(operand) for operand in operands)
        for operand, value in zip(operands, values, strict=True):
            if not isinstance(value, Arithmetic) and value.kind in (Kind.TEXT, Kind.BOOL):
                raise self._error(operand, f"arithmetic on {value.kind.value}")
        return Arithmetic(operator, values)

    def _constant(self, node: ast.Constant) -> LiteralValue:
        value = node.value
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            if not is_clean_text(value):
                raise self._error(node, "a text holds NUL or a lone surrogate")
            return value
        source = self._bytes[node.col_offset : node.end_col_offset].decode("utf-8", "surrogatepass")
        if not isinstance(value, int | float) or not _NUMBER.fullmatch(source):
            raise self._error(node, f"{source[:50]} is not a constant of the language")
        if abs(number := Decimal(source.replace("_", ""))) >= Decimal("1e308"):
            raise self._error(node, "a number must stay below 1e308")
        return number

    def _text(self, node: ast.expr) -> Name | Call:
        value = self._value(node)
        if not isinstance(value, Name | Call) or value.kind not in (Kind.TEXT, Kind.ANY):
            raise self._error(node, "a text is needed here: a field, a feature or lower(…)")
        return value

    def _name(self, node: ast.expr, word: str | None = None) -> Name:
        word = node.id if isinstance(node, ast.Name) else str(word)
        found = self._names.resolve(word)
        if found is None:
            raise self._error(node, self._unknown(word))
        return found

    def _unknown(self, name: str) -> str:
        if name in self._names.lists:
            return f"{name} is a list: use it after in"
        if name in NEEDS_SETTING:
            return f"{name} needs {NEEDS_SETTING[name]}"
        if name.startswith("amount_in("):
            return f'{name} needs rates: {{JPY: "0.006"}} with one of it, and settings: {{currency: EUR}}'
        if name == "event_time":
            return "event_time cannot be compared: windows and ages say when"
        if not self._names.allows_arithmetic:
            return f"{name} is not a transaction field (further fields are declared under fields:)"
        return f"{name} is neither a feature nor a field (further fields are declared under fields:)"


def _described(node: ast.expr) -> str:
    known = {
        ast.Attribute: "an attribute",
        ast.Subscript: "a subscript",
        ast.Lambda: "a lambda",
        ast.Call: "this call",
        ast.JoinedStr: "an f-string",
        ast.Compare: "a comparison",
        ast.BoolOp: "and/or",
        ast.NamedExpr: "an assignment",
    }
    return known.get(type(node), f"{type(node).__name__}")
