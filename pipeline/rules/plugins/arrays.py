"""numpy as a plug-in has it: arrays that begin with zeros, and texts without places in memory."""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from pipeline.rules.plugins import texts

_STORING: Final = ("copyto", "place", "put", "putmask", "put_along_axis", "fill_diagonal")
"""What writes into the array that it is given first."""


def names(numpy: Any) -> dict[str, object]:
    """What stands in the place of names of numpy: what lay in memory before is chance, or somebody else's."""
    texts.Text.dtype = numpy.dtype(str)  # type: ignore[attr-defined]  # so that it is read as `str` is
    functions = {name: value for name, value in vars(numpy).items() if _makes(value)}
    return {
        **{name: texts.checking(value) for name, value in functions.items()},
        **{name: _storing(getattr(numpy, name)) for name in _STORING},
        "empty": numpy.zeros,
        "empty_like": numpy.zeros_like,
        "ndarray": array_class(numpy),
    }


def _makes(value: object) -> bool:
    """Whether it is a function; those that go through arrays value by value make no texts of objects."""
    kinds = (types.FunctionType, types.BuiltinFunctionType)
    return isinstance(value, kinds) or type(value).__name__ == "_ArrayFunctionDispatcher"


@cache
def array_class(numpy: Any) -> type:
    """What arrays are instances of, to ask and not to call: the original takes bytes for objects."""

    class Arrays(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, numpy.ndarray)

        def __call__(cls, *_: object, **__: object) -> Any:
            raise TypeError("arrays are made by numpy.array, numpy.zeros and their like")

    texts.SHOWN[numpy.ndarray] = Arrays("ndarray", (), {})
    return texts.SHOWN[numpy.ndarray]


def written_to(owner: Any) -> Any:
    """What something is stored in. TypeError for an array of texts, which would make a text of it unseen."""
    if type(owner).__module__ == "numpy":
        array = getattr(owner, "base", None) if type(owner).__name__ == "flatiter" else owner
        if getattr(getattr(array, "dtype", None), "kind", "") in ("U", "S", "V"):
            raise TypeError("a plug-in stores nothing into arrays of texts: make them of a list")
    return owner


def _storing(act: Callable[..., Any]) -> Callable[..., Any]:
    def checked(array: Any, *given: Any, **named: Any) -> Any:
        return act(written_to(array), *given, **named)

    return checked
