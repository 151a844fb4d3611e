"""Which of our modules a module needs, and which packages besides, by what its source imports.

Imports inside functions count too. Knows nothing of what is installed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Needed:
    """Our files by their place below the root, and the top names of other packages."""

    files: frozenset[Path]
    packages: frozenset[str]


def needed(root: Path, package: str, modules: Iterable[str]) -> Needed:
    """What these modules of a package need, whose folder lies in `root`; themselves included."""
    waiting, files, packages = list(modules), set[Path](), set[str]()
    while waiting:
        file = _file(root, waiting.pop())
        if file is None or file in files:
            continue
        files.add(file)
        waiting += [".".join(parts) for parts in _above(file.relative_to(root))]
        for name in _imported(file):
            if name.split(".")[0] == package:
                waiting.append(name)
            else:
                packages.add(name.split(".")[0])
    relative = frozenset(file.relative_to(root) for file in files)
    return Needed(relative, frozenset(packages - sys.stdlib_module_names))


def _file(root: Path, module: str) -> Path | None:
    """None for a name that is no module: a class or function of one."""
    place = root.joinpath(*module.split("."))
    found = (place / "__init__.py", place.with_suffix(".py"))
    return next((file for file in found if file.is_file()), None)


def _above(file: Path) -> Iterator[tuple[str, ...]]:
    """The packages that a module lies in, which are executed before it."""
    folders = file.parent.parts
    return (folders[:depth] for depth in range(1, len(folders) + 1))


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
