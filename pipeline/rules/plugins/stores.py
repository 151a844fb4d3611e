"""Whose attributes a plug-in sets: those of objects, never those of classes, modules and functions.

These are shared with all that runs in the interpreter, other plug-ins and the job among them, so that
`json.JSONEncoder.default = …` would change what others compute. Nor are those of objects set that a plug-in
keeps from one call to the next. Nothing in its text says what an attribute is set on, so each place where one
is set asks when it runs (`rewriting`).
"""

from __future__ import annotations

import types
from typing import Any, Final

from pipeline.rules.plugins import constant

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
    """The object itself. Raises AttributeError for one that is shared, or kept between calls."""
    if isinstance(owner, _SHARED):
        raise AttributeError("a plug-in sets attributes of objects, not of classes, modules or functions")
    if constant.is_kept(owner):
        raise AttributeError("a plug-in sets attributes of objects that it makes in the same call")
    return owner
