"""What a plug-in file may hold: read and checked as text, never executed here.

A plug-in is a function of a transaction and its features, and nothing else may flow into its answer. The
checks find what would break that: clocks, chance, files, the network, the interpreter's insides.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeGuard

from pipeline.rules.plugins import forbidden

MAX_SOURCE_BYTES: Final = 65_536
MAX_MODEL_BYTES: Final = 4_000_000
MAX_NODES: Final = 20_000
MAX_USES: Final = 100

_PLACE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_./-]{0,199}\.py):([A-Za-z_][A-Za-z0-9_]{0,63})")
_MODEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")


@dataclass(frozen=True, slots=True)
class Plugin:
    """A rule's function: its file, its name, what it is handed, and all that its answer depends on.

    `key` is the SHA-256 of source, function and model: the same key gives the same answers.
    """

    file: str
    function: str
    uses: tuple[str, ...]
    source: str
    key: str
    model_file: str | None = None
    model: str | None = None
    """The model's bytes in base64."""
    refused: str | None = None
    """Why it is not called: what is wrong with its text, found when it was in force already."""

    @property
    def place(self) -> str:
        """`file.py:function`, as the rule set writes it."""
        return f"{self.file}:{self.function}"


def split_place(text: object) -> tuple[str, str] | None:
    """File and function of `file.py:function`; None for anything else, also for a path that leads out."""
    match = _PLACE.fullmatch(text) if isinstance(text, str) else None
    return (match[1], match[2]) if match and is_inside(match[1]) else None


def is_model_name(text: object) -> TypeGuard[str]:
    """Whether a text can name a model file beside the rule set."""
    return isinstance(text, str) and bool(_MODEL.fullmatch(text)) and is_inside(text)


def is_inside(path: str) -> bool:
    """Whether a relative path stays in its folder."""
    return not any(part in ("", ".", "..") for part in path.split("/"))


def problems(source: str, function: str, takes_model: bool) -> list[tuple[int, str]]:
    """What is wrong with a plug-in, as (line, message), in the order of the lines."""
    if len(source.encode("utf-8", "surrogatepass")) > MAX_SOURCE_BYTES:
        return [(1, f"longer than {MAX_SOURCE_BYTES} bytes")]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        return [(error.lineno or 1, f"not Python: {error.msg}")]
    except (ValueError, RecursionError, MemoryError) as error:
        return [(1, f"not Python: {error or 'nested too deeply'}")]
    nodes = list(ast.walk(tree))
    if len(nodes) > MAX_NODES:
        return [(1, f"more than {MAX_NODES} syntax nodes")]
    found = [*_signature(tree, function, takes_model), *_outside(tree), *forbidden.found(nodes)]
    return sorted(dict.fromkeys(found)) or _compiled(tree)


def _compiled(tree: ast.Module) -> list[tuple[int, str]]:
    """What only the compiler notices, such as a `return` outside of a function."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, "<plug-in>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return [(error.lineno or 1, f"not Python: {error.msg}")]
    except (ValueError, RecursionError, MemoryError) as error:
        return [(1, f"not Python: {error or 'nested too deeply'}")]
    return []


def _signature(tree: ast.Module, function: str, takes_model: bool) -> Iterator[tuple[int, str]]:
    wanted = ("transaction", "features", "model")[: 3 if takes_model else 2]
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in defined:
        yield 1, f"defines no function {function} at its top level"
    elif not _takes(defined[function], len(wanted)):
        yield defined[function].lineno, f"{function} must take ({', '.join(wanted)})"
    if "load" in defined and takes_model and function != "load" and not _takes(defined["load"], 1):
        yield defined["load"].lineno, "load must take (model), the model's bytes"


def _takes(function: ast.FunctionDef, count: int) -> bool:
    given = function.args
    is_plain = not (given.vararg or given.kwarg or given.kwonlyargs or given.defaults)
    return is_plain and len(given.posonlyargs) + len(given.args) == count and not function.decorator_list


def _outside(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Statements that would run when the file is loaded; only definitions and constants are wanted there."""
    running = ast.For | ast.While | ast.With | ast.Try | ast.Delete | ast.AugAssign | ast.Raise
    for node in tree.body:
        if isinstance(node, running):
            yield node.lineno, "only imports, functions, classes and constants belong at the top level"
