"""What stands in a plug-in's compiled text beside what its author wrote: a question at each place where an
attribute is set, a text is made of a value, or a set comes into being. Lines stay.

Which place that is can be seen in the text; what it is about only when it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.rules.plugins import ordered, stores, texts

_OWNER: Final = "__attributes_of__"
_TEXT: Final = "__text__"
_SET: Final = "__set__"
_SAID: Final = "__texts_said__"
_BY_NAME: Final = "__text_by__"
_TEXTUAL: Final = ("str", "repr", "ascii", "format")
_HANDING_ON: Final = frozenset(
    {"accumulate", "filter", "filterfalse", "map", "partial", "reduce", "starmap", "vectorize"}
)
"""What calls a function that it is given."""
_OF_ERRORS: Final = frozenset({"args", "msg"})
"""Attributes in which an error has the words of whoever raised it."""
ASKED: Final[Mapping[str, Callable[[Any], Any]]] = {
    _OWNER: stores.attributes_of,
    _TEXT: texts.without_places,
    _SET: ordered.ordered,
    _SAID: texts.without_places_in,
    _BY_NAME: texts.checking,
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
        return _asked(_SAID, node) if node.attr in _OF_ERRORS else node

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
        if _name_of(node.func) in _HANDING_ON:
            node.args[:] = map(_asked_by_name, node.args)
        for one in node.keywords:
            if one.arg in ("key", "default"):
                one.value = _asked_by_name(one.value)
        return _asked(_TEXT, node) if _makes_text(node.func) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Mod):
            return _asked(_TEXT, node)
        return _asked(_SET, node) if isinstance(node.op, _OF_SETS) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AugAssign | list[ast.stmt]:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Mod) or not isinstance(node.target, ast.Name):
            return node
        made = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        return [node, ast.copy_location(ast.Expr(_asked(_TEXT, made)), node)]

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


def _makes_text(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in _TEXTUAL
    return isinstance(called, ast.Attribute) and called.attr == "format"


def _name_of(called: ast.expr) -> str:
    return str(getattr(called, "id", "") or getattr(called, "attr", ""))


def _asked_by_name(function: ast.expr) -> ast.expr:
    """What makes a text and is handed on to be called, such as `str` in `map(str, …)`."""
    return _asked(_BY_NAME, function) if _makes_text(function) else function


def _is_constant(made: ast.Set) -> bool:
    return all(isinstance(one, ast.Constant) for one in made.elts)


def _asked(name: str, node: ast.expr) -> ast.Call:
    at = ast.copy_location(ast.Name(name, ast.Load()), node)
    return ast.copy_location(ast.Call(at, [node], []), node)
