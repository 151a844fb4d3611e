"""What the text of a plug-in may not say: ways to clocks, chance, files, the network, the interpreter."""

from __future__ import annotations

import ast
import importlib.util
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from pipeline.rules.plugins import constant, doors, shapes

OPTIONAL_PACKAGES: Final = {"onnxruntime": "fraudctl[onnx]"}
"""Packages that do not come along by themselves, and what to install to have them."""

NAMES: Final = frozenset(
    {
        "KeyboardInterrupt",
        "aiter",
        "anext",
        "breakpoint",
        "compile",
        "copyright",
        "credits",
        "delattr",
        "eval",
        "exec",
        "exit",
        "getattr",
        "globals",
        "hash",
        "help",
        "id",
        "input",
        "license",
        "locals",
        "memoryview",
        "open",
        "print",
        "quit",
        "setattr",
        "vars",
    }
)
_ATTRIBUTES: Final = frozenset(
    {
        *("attrgetter", "methodcaller", "format_map", "mro"),
        *("builtins", "codecs", "ctypes", "ctypeslib", "importlib", "os", "socket", "subprocess", "sys"),
        *("dump", "fromfile", "genfromtxt", "loadtxt", "memmap", "save", "savetxt", "savez", "tofile"),
        *("now", "random", "samples", "today", "utcnow"),
        # What all share: whose instances a class has; memory that a view goes on reading; what is kept.
        *("register", "resize", "setflags", "writeable"),
        # What a model's session writes or loads beside the model.
        *("enable_profiling", "optimized_model_filepath", "profile_file_prefix"),
        "register_custom_ops_library",
    }
)
_INSIDES: Final = ("_", "ag_", "co_", "cr_", "gi_", "tb_", "f_back", "f_builtins", "f_globals", "f_locals")
"""how attributes begin that lead into the interpreter: frames, code, tracebacks"""
_FORMAT: Final = "format is allowed as a method of a literal text whose fields are names or numbers"
_WITHOUT_HARM: Final = frozenset(
    {
        "__init__",
        "__post_init__",
        "_asdict",
        "_fields",
        "_make",
        "_replace",
    }  # super().__init__(…), named tuples
)


def found(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """(line, message) of everything in a tree's nodes that no plug-in may say."""
    modules = dict(_modules(nodes))
    for node in nodes:
        for message in (*_forbidden(node), *_beyond(node, modules)):
            yield getattr(node, "lineno", 1), message
    yield from _formats(nodes)
    yield from shapes.found(nodes)


def _forbidden(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield from _import(alias.name)
        case ast.ImportFrom(module=module, level=level, names=names):
            yield from _import("." * level + (module or ""))
            yield from _imported(module or "", [alias.name for alias in names])
        case ast.Name(id=name):
            yield from _name(name)
        case ast.Attribute(value=value, attr=name):
            yield from _attribute(name)
            yield from _unbound(value, name)
        case ast.MatchClass(kwd_attrs=names):  # `case object(name=x)` gets an attribute, too
            for name in names:
                yield from _attribute(name)
                yield from [_FORMAT] if name == "format" else ()
        case ast.Global() | ast.Nonlocal():
            yield "global and nonlocal are not allowed: a plug-in remembers nothing"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            yield "async is not allowed"


def _name(name: str) -> Iterator[str]:
    if name in NAMES:
        yield f"{name} is not allowed"
    elif name.startswith("__"):
        yield f"the name {name} is not allowed"


def _attribute(name: str) -> Iterator[str]:
    if name in _ATTRIBUTES or (name.startswith(_INSIDES) and name not in _WITHOUT_HARM):
        yield f"the attribute {name} is not allowed"


def _unbound(owner: ast.expr, name: str) -> Iterator[str]:
    """A method of a kind, which changes a value of it whatever that makes of it."""
    kinds = ("list", "dict", "set", "bytearray")
    if isinstance(owner, ast.Name) and owner.id in kinds and name in constant.CHANGING:
        yield f"{owner.id}.{name} is not allowed: write x.{name}(…)"


def _import(name: str) -> Iterator[str]:
    package = name.split(".")[0]
    if package not in doors.MODULES:
        yield f"import of {name} is not allowed; allowed are {', '.join(sorted(doors.MODULES))}"
    elif name not in doors.MODULES | doors.SUBMODULES:
        yield f"import of {name} is not allowed"
    elif package in OPTIONAL_PACKAGES and not _is_installed(package):
        yield f"{package} is not installed here; run: pip install '{OPTIONAL_PACKAGES[package]}'"


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _imported(module: str, wanted: Iterable[str]) -> Iterator[str]:
    """Names that a module does not give to plug-ins."""
    if module in doors.MODULES | doors.SUBMODULES and _is_installed(module):
        yield from (f"import of {name} is not allowed" for name in wanted if name not in doors.names(module))


def _modules(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """(name in the plug-in, module) of what it imports as a whole."""
    for node in nodes:
        for alias in node.names if isinstance(node, ast.Import) else ():
            yield (
                alias.asname or alias.name.split(".")[0],
                alias.name if alias.asname else alias.name.split(".")[0],
            )


def _beyond(node: ast.AST, modules: Mapping[str, str]) -> Iterator[str]:
    """An attribute of a module that plug-ins do not get."""
    if isinstance(node, ast.Attribute) and (module := _module(node.value, modules)):
        known = module in doors.MODULES | doors.SUBMODULES and _is_installed(module)
        if known and node.attr not in doors.names(module) and not [*_attribute(node.attr)]:
            yield f"{module}.{node.attr} is not for plug-ins"


def _module(node: ast.expr, modules: Mapping[str, str]) -> str:
    """The module that an expression names, empty for anything else."""
    if isinstance(node, ast.Name):
        return modules.get(node.id, "")
    if isinstance(node, ast.Attribute) and (below := _module(node.value, modules)):
        return f"{below}.{node.attr}" if f"{below}.{node.attr}" in doors.SUBMODULES else ""
    return ""


def _formats(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """`format` of anything but a literal text with plain fields: others get attributes by their names."""
    plain = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _is_plain_format(node.func)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr == "format" and id(node) not in plain:
            yield node.lineno, _FORMAT


def _is_plain_format(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and called.attr == "format"
        and isinstance(called.value, ast.Constant)
        and isinstance(called.value.value, str)
        and _has_plain_fields(called.value.value)
    )


def _has_plain_fields(text: str) -> bool:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return True  # it fails when it is called
    fields = [(name, more or "") for _, name, more, _ in parts if name is not None]
    return all(not {".", "["} & set(name) and _has_plain_fields(more) for name, more in fields)
