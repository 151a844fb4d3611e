"""One text for conditions that mean the same by their very form.

Knows order, nesting and sides; what two conditions have in common beyond that is for `reachability`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from pipeline.rules.expression.tree import (
    Arithmetic,
    Both,
    Call,
    Comparison,
    Condition,
    Items,
    Literal,
    Membership,
    Name,
    Negation,
    Present,
    StartsWith,
    Truth,
    Value,
)

FLIPPED: Final = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
"""What a comparison is with its sides exchanged."""
_COMMUTING: Final = ("+", "*", "min", "max")


def normal(node: Condition | Value) -> str:
    """A text that is the same for conditions that differ only in order, nesting or the side of a constant."""
    match node:
        case Name() | Literal() | Arithmetic() | Call():
            return _normal_value(node)
        case Comparison(operator, left, right):
            one, two = normal(left), normal(right)
            return f"({one} {operator} {two})" if one <= two else f"({two} {FLIPPED[operator]} {one})"
        case Membership(value, items, is_negated):
            return (
                f"({normal(value)} {'notin' if is_negated else 'in'} [{items.once('normal', _normal_items)}])"
            )
        case StartsWith(value, prefix):
            return f"starts_with({normal(value)},{prefix!r})"
        case Present(name):
            return f"present({name.name})"
        case Truth(name):
            return f"({name.name})"
        case Negation(Negation(part)):
            return normal(part)
        case Negation(part):
            return f"not({normal(part)})"
        case Both(_, is_any):
            parts = sorted({normal(part) for part in _flat(node, is_any)})
            return parts[0] if len(parts) == 1 else f"({(' or ' if is_any else ' and ').join(parts)})"


def _normal_items(items: Items) -> str:
    return ",".join(sorted({_normal_value(item) for item in items}))


def _normal_value(node: Value) -> str:
    match node:
        case Name(name):
            return name
        case Literal(value):
            return repr(value.normalize() + 0) if isinstance(value, Decimal) else repr(value)
        case Arithmetic(operator, operands):
            parts = [_normal_value(operand) for operand in operands]
            return f"{operator}({','.join(sorted(parts) if operator in _COMMUTING else parts)})"
        case Call(function, operand):
            return f"{function}({_normal_value(operand)})"


def _flat(node: Condition, is_any: bool) -> Iterator[Condition]:
    if isinstance(node, Both) and node.is_any == is_any:
        for part in node.parts:
            yield from _flat(part, is_any)
    else:
        yield node
