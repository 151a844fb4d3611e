"""Imports at the top of a command module that cost nothing until the command runs.

A module that is imported within `deferred()` is found at once and executed when the first of its names is
asked for: `fraudctl rules --help` reads what the commands are, not what they do. This holds for our own
modules and for `from room import module`; `from module import name` asks for a name, and so executes it. The
standard library's LazyLoader is not enough: a second import executes what it put off, and in Python 3.11
another thread may see a module half executed.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

OURS = ("fraudctl.", "pipeline.")
_OF_THE_IMPORT_SYSTEM = frozenset({"__spec__", "__class__"})
_lock = threading.RLock()
_executing: set[str] = set()


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Within the block, our own modules are imported without being executed."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def is_executed(module: ModuleType) -> bool:
    """Whether it is an ordinary module by now."""
    return type(module) is not _Deferred


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(OURS):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Later(spec.loader)
        return spec


class _Later(Loader):
    """Leaves a module empty, and keeps who can fill it."""

    def __init__(self, real: Loader) -> None:
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Deferred


class _Deferred(ModuleType):
    def __getattribute__(self, name: str) -> Any:
        if name not in _OF_THE_IMPORT_SYSTEM:
            _execute(self)
        return ModuleType.__getattribute__(self, name)  # by now it is one


def _execute(module: ModuleType) -> None:
    """Make an ordinary module of it; whoever asks in the meantime from another thread waits."""
    with _lock:
        spec = object.__getattribute__(module, "__spec__")
        # What is executed may import itself, by way of others: it then sees what is there so far.
        if is_executed(module) or spec.name in _executing:
            return
        _executing.add(spec.name)
        later = spec.loader
        try:
            spec.loader = module.__loader__ = later.real
            later.real.exec_module(module)
            module.__class__ = ModuleType
        except BaseException:
            spec.loader = module.__loader__ = later  # the next who asks tries again
            raise
        finally:
            _executing.discard(spec.name)
