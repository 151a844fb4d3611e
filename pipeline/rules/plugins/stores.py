"""Whose attributes a plug-in sets: those of objects, never those of classes, modules and functions.

These are shared with all that runs in the interpreter, other plug-ins and the job among them, so that
`json.JSONEncoder.default = …` would change what others compute. Nothing in a plug-in's text says what an
attribute is set on, so each place where one is set asks when it runs.
"""

from __future__ import annotations

import ast
import types
from typing import Any, Final

ASKED: Final = "__attributes_of__"
"""What asks is called, a name that no plug-in may say."""

_SHARED: Final = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
)


def attributes_of(owner: Any) -> Any:
    """The object itself. Raises AttributeError for one that is shared."""
    if isinstance(owner, _SHARED):
        raise AttributeError("a plug-in sets attributes of objects, not of classes, modules or functions")
    return owner


def asking(tree: ast.Module) -> ast.Module:
    """The tree with every place that sets or deletes an attribute asking first. Lines stay."""
    asked: ast.Module = ast.fix_missing_locations(_Asking().visit(tree))
    return asked


class _Asking(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            name = ast.copy_location(ast.Name(ASKED, ast.Load()), node)
            node.value = ast.copy_location(ast.Call(name, [node.value], []), node)
        return node
