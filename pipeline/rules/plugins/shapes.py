"""What the text of a plug-in may not be shaped like: names, patterns and classes through which Python itself
gets attributes, asks for a class or runs something later.

`forbidden` looks at the names that are used, this module at those that are given.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final

_OPERATIONS: Final = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"),
    *("and", "or", "xor", "lshift", "rshift"),
)
METHODS: Final = frozenset(
    {
        *("__init__", "__post_init__", "__new__", "__repr__", "__str__", "__format__", "__bool__"),
        "__hash__",
        *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
        *("__len__", "__iter__", "__next__", "__reversed__", "__contains__", "__getitem__", "__setitem__"),
        *("__delitem__", "__missing__", "__call__", "__enter__", "__exit__", "__class_getitem__"),
        *("__int__", "__float__", "__index__", "__abs__", "__neg__", "__pos__", "__invert__", "__round__"),
        *("__trunc__", "__floor__", "__ceil__", "__complex__"),
        *(f"__{side}{operation}__" for side in ("", "r", "i") for operation in _OPERATIONS),
        *("__divmod__", "__rdivmod__"),
    }
)
"""Methods that a class may have though their names begin with two underscores: none that answers for
attributes, classes or memory, and none that runs when an object goes."""

_SELVES: Final = frozenset(
    {"bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
)
"""classes whose pattern with one place matches the value itself"""
_LATER: Final = ast.Try | ast.TryStar | ast.With
_FUNCTION: Final = ast.FunctionDef | ast.Lambda


def found(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """(line, message) of every shape that no plug-in may have."""
    given = {name for node in nodes for name in _given(node)}
    for node in nodes:
        for message in _shape(node, given):
            yield getattr(node, "lineno", 1), message
    yield from _clock(nodes)
    yield from _late(nodes)


def _given(node: ast.AST) -> Iterator[str]:
    """The names that a node gives to something."""
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
        return
    fields = ("asname",) if isinstance(node, ast.alias) else ("name", "arg", "rest")
    for field in fields:
        if isinstance(name := getattr(node, field, None), str):
            yield name
    if isinstance(node, ast.alias) and node.asname is None:
        yield node.name.partition(".")[0]


def _shape(node: ast.AST, given: set[str]) -> Iterator[str]:
    if not isinstance(node, ast.Name | ast.alias) or getattr(node, "asname", None):
        for name in _given(node):
            if name.startswith("__") and not (isinstance(node, ast.FunctionDef) and name in METHODS):
                yield f"the name {name} is not allowed"
    match node:
        case ast.MatchClass(patterns=[_, *_]) if not _matches_itself(node, given):
            yield "a class pattern with places gets attributes unseen: write C(name=x)"
        case ast.ClassDef(keywords=keywords) if any(one.arg in (None, "metaclass") for one in keywords):
            yield "a metaclass is not allowed"
        case ast.Call(func=ast.Name(id="type")) if len(node.args) != 1 or node.keywords:
            yield "type is allowed with one argument"


def _matches_itself(pattern: ast.MatchClass, given: set[str]) -> bool:
    """Whether it is `int(x)`, say, and `int` is what it always is."""
    is_builtin = isinstance(pattern.cls, ast.Name) and pattern.cls.id in _SELVES - given
    return is_builtin and len(pattern.patterns) == 1


def _clock(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """Texts for which numpy reads the clock, in a file that imports it."""
    imported = (alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names)
    from_it = (node.module or "" for node in nodes if isinstance(node, ast.ImportFrom))
    if not any(name.partition(".")[0] == "numpy" for name in (*imported, *from_it)):
        return
    for node in nodes:
        if isinstance(node, ast.Constant) and str(node.value).strip().lower() in ("now", "today"):
            yield node.lineno, f"the text {node.value!r} is not allowed: numpy reads the clock for it"


def _late(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """A generator that is left inside a `try` or `with` ends it whenever it is thrown away."""
    yields = [node for node in nodes if isinstance(node, ast.Yield | ast.YieldFrom)]
    around = {child: node for node in nodes for child in ast.iter_child_nodes(node)} if yields else {}
    for node in yields:
        outer = around.get(node)
        while outer is not None and not isinstance(outer, _FUNCTION | _LATER):
            outer = around.get(outer)
        if isinstance(outer, _LATER):
            yield node.lineno, "yield inside try or with is not allowed: what follows may run after the call"
