"""What of the allowed modules a plug-in gets: the names that compute, and none that leads on to other
modules, to files, or to the attributes of an object by a text.

Other modules lie open inside the allowed ones (`json.codecs`, `collections._sys`), so a plug-in is handed a
view of each: a module with these names and nothing else. `rules lint` knows the same names and refuses the
rest by its text.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

MODULES: Final = frozenset(
    {
        "__future__",
        "base64",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "ipaddress",
        "itertools",
        "json",
        "math",
        "numpy",
        "onnxruntime",
        "operator",
        "re",
        "statistics",
        "string",
        "typing",
        "unicodedata",
    }
)
SUBMODULES: Final = frozenset({"collections.abc", "numpy.fft", "numpy.linalg"})

_CLOSED: Final[Mapping[str, frozenset[str]]] = {
    # They get an attribute by its name in a text, or evaluate annotations that are texts.
    "functools": frozenset({"singledispatch", "singledispatchmethod", "update_wrapper", "wraps"}),
    "operator": frozenset({"attrgetter", "methodcaller"}),
    "string": frozenset({"Formatter"}),
    "typing": frozenset({"ForwardRef", "evaluate_forward_ref", "get_type_hints"}),
    # They read or write files, or change what everybody computes with.
    "base64": frozenset({"decode", "encode"}),
    "decimal": frozenset({"getcontext", "setcontext"}),
    "hashlib": frozenset({"file_digest"}),
    "json": frozenset({"dump", "load"}),
    "numpy": frozenset(
        {
            *("fromfile", "fromregex", "genfromtxt", "load", "loadtxt", "memmap"),
            *("save", "savetxt", "savez", "savez_compressed"),
            *("seterr", "seterrcall", "setbufsize", "set_printoptions", "set_string_function"),
            *("get_include", "info", "show_config", "show_runtime", "test"),
        }
    ),
}
_OPEN: Final[Mapping[str, frozenset[str]]] = {
    "onnxruntime": frozenset(
        {"ExecutionMode", "GraphOptimizationLevel", "InferenceSession", "RunOptions", "SessionOptions"}
    )
}
"""modules of which only these names are meant for plug-ins"""


@lru_cache(maxsize=64)
def names(module: str) -> frozenset[str]:
    """What a plug-in may name in one of MODULES or SUBMODULES. Raises ImportError if it is not installed."""
    found = importlib.import_module(module)
    offered = _OPEN.get(module) or _public(found)
    plain = {name for name in offered if not isinstance(getattr(found, name), types.ModuleType)}
    return frozenset((plain - _CLOSED.get(module, frozenset())) | _below(module))


def _public(module: types.ModuleType) -> frozenset[str]:
    declared = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    return frozenset(name for name in declared if hasattr(module, name))


def _below(module: str) -> frozenset[str]:
    """The submodules of a module that may be named."""
    return frozenset(one.rpartition(".")[2] for one in SUBMODULES if one.rpartition(".")[0] == module)


@lru_cache(maxsize=64)
def view(module: str) -> types.ModuleType:
    """The module as a plug-in gets it. Raises ImportError for any other, and if it is not installed."""
    given = types.ModuleType(module)
    if _is_inner(module):
        importlib.import_module(module)
        return given
    if module not in MODULES | SUBMODULES:
        raise ImportError(f"import of {module} is not allowed")
    whole = importlib.import_module(module)
    below = _below(module)
    for name in names(module):
        given.__dict__[name] = view(f"{module}.{name}") if name in below else getattr(whole, name)
    given.__dict__.update(_INSTEAD.get(module, _nothing)(whole))
    return given


def _is_inner(module: str) -> bool:
    """Whether an allowed module's own C code may be asking: it imports in the name of whoever calls it, and
    takes what it wants from the interpreter's table of modules, whatever it is given."""
    package, *below = module.split(".")
    return module == "_strptime" or (package in MODULES and any(part.startswith("_") for part in below))


def _nothing(_: types.ModuleType) -> dict[str, object]:
    return {}


def _of_bytes(onnxruntime: Any) -> dict[str, object]:
    """A session of a model's bytes: the runtime's own also takes the path of a file."""

    def session(model: bytes, *options: Any, **named: Any) -> Any:
        if not isinstance(model, bytes):
            raise TypeError("a session is made of a model's bytes")
        return onnxruntime.InferenceSession(model, *options, **named)

    return {"InferenceSession": session}


_INSTEAD: Final[Mapping[str, Callable[[Any], dict[str, object]]]] = {"onnxruntime": _of_bytes}
"""what stands in the place of names that could do more than a plug-in may"""
