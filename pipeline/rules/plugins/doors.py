"""What of the allowed modules a plug-in gets: the names that compute, and none that leads on to other
modules, to files, or to the attributes of an object by a text.

Other modules lie open inside the allowed ones (`json.codecs`, `collections._sys`), so a plug-in is handed a
view of each: a module with these names and nothing else. `rules lint` knows the same names and refuses the
rest by its text.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from pipeline.rules.plugins import replaced

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
    # They make classes of texts, or hand out what does: `dataclass` would compile such texts, and numpy takes
    # the word of a class for where in memory its data lies.
    "collections": frozenset({"ChainMap", "UserDict", "UserList", "UserString"}),
    "dataclasses": frozenset({"make_dataclass"}),
    "enum": frozenset({"EnumMeta", "EnumType", "ReprEnum", "global_enum"}),
    # They get an attribute by its name in a text, or evaluate annotations that are texts.
    "functools": frozenset({"singledispatch", "singledispatchmethod", "update_wrapper", "wraps"}),
    "operator": frozenset({"attrgetter", "methodcaller"}),
    "string": frozenset({"Formatter"}),
    "typing": frozenset(
        {
            *("ForwardRef", "evaluate_forward_ref", "get_origin", "get_type_hints"),
            # They mark what they are given, or keep it for later.
            *("clear_overloads", "dataclass_transform", "get_overloads", "no_type_check"),
            *("no_type_check_decorator", "overload"),
        }
    ),
    # They read or write files, or change what everybody computes with.
    "base64": frozenset({"decode", "encode"}),
    "decimal": frozenset({"BasicContext", "DefaultContext", "ExtendedContext", "getcontext", "setcontext"}),
    "hashlib": frozenset({"algorithms_available", "algorithms_guaranteed", "file_digest"}),
    "json": frozenset({"dump", "load"}),
    "numpy": frozenset(
        {
            *("fromfile", "fromregex", "genfromtxt", "load", "loadtxt", "memmap"),
            *("save", "savetxt", "savez", "savez_compressed"),
            *("seterr", "seterrcall", "setbufsize", "set_printoptions", "set_string_function"),
            *("get_include", "info", "show_config", "show_runtime", "test"),
            *("chararray", "recarray", "sctypeDict", "typecodes"),
            # They make texts of whatever they are given, unseen.
            *("bytes_", "str_", "void"),
        }
    ),
    # Their answer is chance.
    "statistics": frozenset({"kde_random"}),
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
    if module in replaced.INSTEAD:
        instead = replaced.INSTEAD[module](whole)
        given.__dict__.update({name: one for name, one in instead.items() if name in names(module)})
    return given


def _is_inner(module: str) -> bool:
    """Whether an allowed module's own C code may be asking: it imports in the name of whoever calls it, and
    takes what it wants from the interpreter's table of modules, whatever it is given."""
    package, *below = module.split(".")
    is_below = package in MODULES and any(part.startswith("_") for part in below)
    return is_below or module in ("_strptime", "time")
