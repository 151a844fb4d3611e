"""Loads the functions of plug-ins and asks them: what a rule with logic says of one event.

Knows nothing of rule sets as a whole. A plug-in never fails its caller: whatever goes wrong, also while it is
loaded, is an `Answer` with an error, the same text every time.
"""

from __future__ import annotations

import ast
import base64
import builtins
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from pipeline.rules.expression.tree import Kind, RawValue, is_clean_text
from pipeline.rules.plugins import barrier, constant, doors, forbidden, ordered, replaced, rewriting, texts
from pipeline.rules.plugins.alarm import LIMIT_S, LOAD_LIMIT_S, OVER_TIME, Guard, OverTime
from pipeline.rules.plugins.source import Plugin

MAX_TEXT: Final = 500
MAX_ERROR: Final = 200

_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


class Answer(NamedTuple):
    """What a plug-in says: points and perhaps a sentence of its own, or an error and nothing else."""

    points: int
    text: str | None = None
    error: str | None = None


class Ready:
    """One rule's plug-in, ready to be asked about rows of raw values.

    `places` says where in a row each name stands that it uses, `kinds` what is there.
    """

    def __init__(
        self,
        rule: str,
        points: int,
        plugin: Plugin,
        kinds: Mapping[str, Kind],
        places: Mapping[str, int],
        features: Iterable[str],
        guard: Guard,
    ) -> None:
        self._rule, self._points, self._plugin, self._guard = rule, points, plugin, guard
        reads = [(name, places[name], _READERS.get(kinds[name])) for name in plugin.uses]
        known = frozenset(features)
        self._fields = [read for read in reads if read[0] not in known]
        self._features = [read for read in reads if read[0] in known]
        self._call: Callable[..., Any] | None = None
        refused = plugin.refused or guard.refuses(plugin)
        self._failed = None if refused is None else Answer(0, None, refused)

    def __call__(self, row: Sequence[RawValue | None]) -> Answer | None:
        """The answer on a row of raw values; None when the rule does not fire."""
        call = self._call
        if call is None:
            call = self._loaded()
            if call is None:
                return self._failed
        return self._guarded(LIMIT_S, "", self._ask, row)

    def _ask(self, row: Sequence[RawValue | None]) -> Answer | None:
        assert self._call is not None
        return _answer(self._call(_values(self._fields, row), _values(self._features, row)), self._points)

    def _loaded(self) -> Callable[..., Any] | None:
        if self._failed is None:
            self._failed = self._guarded(LOAD_LIMIT_S, "cannot be loaded: ", self._load)
        return self._call

    def _load(self) -> None:
        self._call = _load(self._plugin)

    def _guarded(
        self, limit_s: float, failed: str, act: Callable[..., Answer | None], *row: Any
    ) -> Answer | None:
        """What comes of it, whatever it raises, also while an error of its own is put into words."""
        self._guard.begin(self._rule, self._plugin, limit_s)
        try:
            return self._tried(failed, act, *row)
        except KeyboardInterrupt:
            raise
        except BaseException:
            barrier.here.is_up = False
            return Answer(0, None, failed + OVER_TIME)
        finally:
            self._guard.end()

    def _tried(self, failed: str, act: Callable[..., Answer | None], *row: Any) -> Answer | None:
        barrier.here.is_up = True
        try:
            return act(*row)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Answer(0, None, failed + _sentence(error, self._plugin.file))
        finally:
            barrier.here.is_up = False
            replaced.forget()


_Reads = Sequence[tuple[str, int, Callable[[Any], Any] | None]]
_READERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.MONEY: lambda units: Decimal(units).scaleb(-4),
    Kind.FLOAT: float,
    # JSON tells 5 from 5.0, the language of rules does not.
    Kind.ANY: lambda value: float(value) if value.__class__ is int else value,
}


def _values(reads: _Reads, row: Sequence[RawValue | None]) -> dict[str, object]:
    """What a plug-in is handed: absent values are left out, money is decimal."""
    given = {}
    for name, place, reader in reads:
        value = row[place]
        if value is not None:
            given[name] = value if reader is None else reader(value)
    return given


def _answer(said: Any, points: int) -> Answer | None:
    text = None
    if isinstance(said, tuple) and len(said) == 2:
        said, text = said
        text = str.__str__(text) if isinstance(text, str) else None  # not what a class of its own makes of it
        text = texts.without_places(text)
        if text is None or not is_clean_text(text):
            raise TypeError("the second of the two returned is no text")
    if type(said).__module__ == "numpy" and hasattr(said, "item"):
        said = said.item()
    if said is None or said is False:
        return None
    if said is True:
        return Answer(points, text and text[:MAX_TEXT])
    if type(said) is not int:
        raise TypeError(f"returned {type(said).__name__}, wanted are True, False or whole points")
    if not min(0, points) <= said <= max(0, points):
        raise ValueError(f"returned {said} points, the rule has {points}")
    return Answer(said, text and text[:MAX_TEXT]) if said else None


def _sentence(error: BaseException, file: str) -> str:
    """An error in words that are the same in every process."""
    if isinstance(error, OverTime):
        return OVER_TIME
    try:
        said = str.__str__(str(error))
    except (KeyboardInterrupt, OverTime):
        raise
    except BaseException:
        said = ""
    said = _ADDRESS.sub("0x…", said.encode("utf-8", "backslashreplace").decode()).replace("\0", "\\0")
    line = _line_in(error, file)
    place = f" ({file} line {line})" if line else ""
    return f"{type(error).__name__}: {said}"[:MAX_ERROR].rstrip(": ") + place


def _line_in(error: BaseException, file: str) -> int | None:
    """The innermost line of the plug-in's own file that the error passed through."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@lru_cache(maxsize=64)
def _load(plugin: Plugin) -> Callable[..., Any]:
    """The function of a plug-in, its model loaded and bound."""
    barrier.build()
    module = _module(plugin.source, plugin.file)
    names = vars(module)
    function: Callable[..., Any] = names[plugin.function]
    if plugin.model is None:
        return function
    model: Any = base64.b64decode(plugin.model)
    if "load" in names:
        model = constant.closed(module, names["load"](model))
    return lambda transaction, features: function(transaction, features, model)


@lru_cache(maxsize=64)
def _module(source: str, file: str) -> types.ModuleType:
    name = f"fraudctl_plugin_{sha256(source.encode()).hexdigest()[:16]}"
    module = types.ModuleType(name)
    module.__dict__["__builtins__"] = _BUILTINS
    sys.modules[name] = module
    tree = rewriting.asking(ast.parse(source, file))
    exec(compile(tree, file, "exec", dont_inherit=True, optimize=0), module.__dict__)
    constant.close(module)
    return module


def _import(
    name: str,
    _globals: object = None,
    _locals: object = None,
    wanted: Sequence[str] | None = None,
    level: int = 0,
) -> types.ModuleType:
    """What `import` does in a plug-in: it gives the view of a module."""
    if level:
        raise ImportError("import of . is not allowed")
    with barrier.lowered():
        given = doors.view(name)
    return given if wanted else doors.view(name.partition(".")[0])


def _class_of(value: object) -> type:
    """`type` of an object: that of a class would make others of texts."""
    if isinstance(value, type):
        raise TypeError("a plug-in is not given the class of a class")
    return texts.SHOWN.get(type(value), type(value))


_BUILTINS: Final = {
    name: value
    for name, value in vars(builtins).items()
    if name not in forbidden.NAMES and (not name.startswith("_") or name == "__build_class__")
} | {
    "__import__": _import,
    "type": _class_of,
    "set": ordered.Set,
    "frozenset": ordered.Frozen,
    **texts.BUILTINS,
    **rewriting.ASKED,
}
