"""What stands in a plug-in's compiled text beside what its author wrote: a question at each place where an
attribute or an item is set, a text is made of a value, or a set comes into being. Lines stay.

Which place that is can be seen in the text; what it is about only when it runs. What makes texts by a name of
its own (`str`, `repr`) needs no question, whatever it is called then: see `texts.BUILTINS`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.rules.plugins import arrays, ordered, stores, texts

_OWNER: Final = "__attributes_of__"
_ITEMS: Final = "__items_of__"
_TEXT: Final = "__text__"
_SET: Final = "__set__"
_SAID: Final = "__texts_said__"
_CASTING: Final = "__cast_by__"
_SLICE: Final = "__slice__"
_REMAINDER: Final = "__imod__"
_HELD, _PLACE = "__held__", "__place__"
_OF_ERRORS: Final = frozenset({"args", "msg"})
"""Attributes in which an error has the words of whoever raised it."""
_OF_ARRAYS: Final = frozenset({"astype"})
"""Methods that make an array of texts of one of objects."""
_STORING: Final = frozenset({"fill", "put", "setfield", "itemset"})
"""Methods that write into an array."""
ASKED: Final[Mapping[str, Callable[..., Any]]] = {
    _OWNER: stores.attributes_of,
    _ITEMS: arrays.written_to,
    _TEXT: texts.without_places,
    _SET: ordered.ordered,
    _SAID: texts.without_places_in,
    _CASTING: texts.checking,
    _SLICE: slice,
    _REMAINDER: texts.checking(operator.imod),
}
"""What is asked, by names that no plug-in may say."""
_OF_SETS: Final = ast.BitOr | ast.BitAnd | ast.BitXor | ast.Sub


def asking(tree: ast.Module) -> ast.Module:
    """The tree with its questions."""
    asked: ast.Module = ast.fix_missing_locations(_Asking().visit(tree))
    return asked


class _Asking(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            node.value = _asked(_OWNER, node.value)
            return node
        if node.attr in _STORING:
            node.value = _asked(_ITEMS, node.value)
        if node.attr in _OF_ARRAYS:
            return _asked(_CASTING, node)
        return _asked(_SAID, node) if node.attr in _OF_ERRORS else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Store):
            node.value = _asked(_ITEMS, node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        self.generic_visit(node)
        return _asked(_TEXT, node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.FormattedValue:
        node.value = self.visit(node.value)
        if node.format_spec is not None:
            self.generic_visit(node.format_spec)  # a text within a text is no text of its own
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        return _asked(_TEXT, node) if getattr(node.func, "attr", "") == "format" else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Mod):
            return _asked(_TEXT, node)
        return _asked(_SET, node) if isinstance(node.op, _OF_SETS) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt | list[ast.stmt]:
        if not isinstance(node.op, ast.Mod):
            self.generic_visit(node)
            return node
        node.value = self.visit(node.value)
        self.generic_visit(node.target)  # what it is made of: it is no place that is only set
        return _remainder(node)

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        """A set that is only asked whether it holds something needs no order."""
        node.left = self.visit(node.left)
        node.comparators = [
            one if isinstance(one, ast.Set) and _is_constant(one) else self.visit(one)
            for one in node.comparators
        ]
        return node

    def visit_Set(self, node: ast.Set) -> ast.expr:
        self.generic_visit(node)
        return _asked(_SET, node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        self.generic_visit(node)
        return _asked(_SET, node)


def _remainder(node: ast.AugAssign) -> list[ast.stmt]:
    """`x.a %= y` as `held = x; held.a = imod(held.a, y)`: what it is set on is computed once, as ever."""
    before: list[ast.stmt] = []

    def held(name: str, value: ast.expr) -> ast.expr:
        before.append(ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], value), node))
        return ast.Name(name, ast.Load())

    target: Any = node.target
    load: ast.expr
    if isinstance(target, ast.Attribute):
        owner = held(_HELD, target.value)
        load = ast.Attribute(owner, target.attr, ast.Load())
        target = ast.Attribute(_asked(_OWNER, owner), target.attr, ast.Store())
    elif isinstance(target, ast.Subscript):
        owner, at = held(_HELD, target.value), held(_PLACE, _whole(target.slice))
        load = ast.Subscript(owner, at, ast.Load())
        target = ast.Subscript(_asked(_ITEMS, owner), at, ast.Store())
    else:
        load = ast.Name(target.id, ast.Load())
    made = ast.Call(ast.Name(_REMAINDER, ast.Load()), [load, node.value], [])
    return [*before, ast.copy_location(ast.Assign([target], made), node)]


def _whole(place: ast.expr) -> ast.expr:
    """What stands between brackets, as a value: `a:b` is a slice there alone."""
    if isinstance(place, ast.Slice):
        bounds = [one or ast.Constant(None) for one in (place.lower, place.upper, place.step)]
        return ast.Call(ast.Name(_SLICE, ast.Load()), bounds, [])
    if isinstance(place, ast.Tuple):
        return ast.Tuple([_whole(one) for one in place.elts], ast.Load())
    return place


def _is_constant(made: ast.Set) -> bool:
    return all(isinstance(one, ast.Constant) for one in made.elts)


def _asked(name: str, node: ast.expr) -> ast.Call:
    at = ast.copy_location(ast.Name(name, ast.Load()), node)
    return ast.copy_location(ast.Call(at, [node], []), node)
