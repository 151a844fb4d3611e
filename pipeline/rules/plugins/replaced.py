"""What stands in the place of names of modules that could do more than a plug-in may, by module.

Each entry takes the module and gives what is replaced in its view.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import importlib
import string
import types
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from pipeline.rules.plugins import arrays, constant, texts


class Counter(collections.Counter[Any]):
    """Copies counters alone: the original makes one of the class of whatever it is given."""

    def copy(self) -> Counter:
        return Counter(self)


def dataclass(kind: Any = None, /, **options: Any) -> Any:
    """Data classes whose fields have names: the original compiles whatever stands in their place."""
    if kind is None:
        return partial(dataclass, **options)
    if not all(_is_plain(name) for name in vars(kind).get("__annotations__", ())):
        raise TypeError("a field of a data class needs a plain name")
    return dataclasses.dataclass(kind, **options)


def _is_plain(name: object) -> bool:
    return type(name) is str and name.isidentifier() and not name.startswith("__")


class _Written(enum.EnumType, texts.TextKind):
    """Enumerations that are written as classes: the originals, when called, also make them of texts."""

    def __call__(cls, *value: Any, **named: Any) -> Any:
        if len(value) != 1 or named:
            raise TypeError("an enumeration is written as a class; called, it takes one value")
        return super().__call__(value[0])


class Enum(enum.Enum, metaclass=_Written):
    """As the original."""


class IntEnum(enum.IntEnum, metaclass=_Written):
    """As the original."""


class StrEnum(enum.StrEnum, metaclass=_Written):
    """As the original."""


class Flag(enum.Flag, metaclass=_Written):
    """As the original."""


class IntFlag(enum.IntFlag, metaclass=_Written):
    """As the original."""


def _sessions(onnxruntime: Any) -> dict[str, object]:
    """A session of a model's bytes: the runtime's own also takes the path of a file."""

    arrays.array_class(importlib.import_module("numpy"))  # answers are arrays

    def session(model: bytes, *options: Any, **named: Any) -> Any:
        if not isinstance(model, bytes):
            raise TypeError("a session is made of a model's bytes")
        return onnxruntime.InferenceSession(model, *options, **named)

    return {"InferenceSession": session}


_caches: Final[list[weakref.ReferenceType[Any]]] = []
"""What plug-ins have let be remembered, to be forgotten at the end of each call."""


def forget() -> None:
    """Whatever is remembered: of values that are equal and not the same (1, 1.0) the first would decide, and
    what is handed out could be changed.
    """
    if _caches:  # asked after each call
        living = [one for one in (told() for told in _caches) if one is not None]
        for one in living:
            one.cache_clear()
        _caches[:] = map(weakref.ref, living)


def _lru_cache(*told: Any, **named: Any) -> Any:
    """As the original, for the length of one call of the plug-in."""
    made = functools.lru_cache(*told, **named)
    if hasattr(made, "cache_clear"):
        _caches.append(weakref.ref(made))
        return made

    def decorate(function: Any) -> Any:
        cached = made(function)
        _caches.append(weakref.ref(cached))
        return cached

    return decorate


class CachedProperty(functools.cached_property[Any]):
    """As the original, but of an object that is kept between calls it is computed each time."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is not None and constant.is_kept(instance):
            return self.func(instance)
        return super().__get__(instance, owner)


def _functools(_: Any) -> dict[str, object]:
    return {"lru_cache": _lru_cache, "cache": _lru_cache(maxsize=None), "cached_property": CachedProperty}


def _heaps(heapq: Any) -> dict[str, object]:
    """The originals change a list in C, whatever its class makes of that."""
    return {name: _of_a_list(getattr(heapq, name)) for name in ("heapify", "heappop", "heappush")} | {
        name: _of_a_list(getattr(heapq, name)) for name in ("heappushpop", "heapreplace")
    }


def _of_a_list(act: Callable[..., Any]) -> Callable[..., Any]:
    def checked(heap: Any, *item: Any) -> Any:
        if type(heap) is not list:
            raise TypeError("a heap is a list that the plug-in has made in the same call")
        return act(heap, *item)

    return checked


_FLAGS: Final = {
    "compile": 1,
    **dict.fromkeys(("search", "match", "fullmatch", "findall", "finditer"), 2),
    "split": 3,
    "sub": 4,
    "subn": 4,
}
"""Where functions of `re` take flags."""


def _patterns(re: Any) -> dict[str, object]:
    """The originals print what they make of a pattern, where a flag asks for it."""
    return {name: _silent(getattr(re, name), place, int(re.DEBUG)) for name, place in _FLAGS.items()}


def _silent(act: Callable[..., Any], place: int, debug: int) -> Callable[..., Any]:
    def checked(*given: Any, **named: Any) -> Any:
        flags = named.get("flags", given[place] if len(given) > place else 0)
        if isinstance(flags, int) and flags & debug:
            raise ValueError("a plug-in prints nothing")
        return act(*given, **named)

    return checked


def _decimals(decimal: Any) -> dict[str, object]:
    """The original begins with the flags that former calls have left."""

    def localcontext(ctx: Any = None, **named: Any) -> Any:
        return decimal.localcontext(decimal.Context() if ctx is None else ctx, **named)

    return {"localcontext": localcontext}


class Template(string.Template):
    """As the original, but a text that it makes is looked at as any other."""

    def substitute(self, mapping: Any = types.MappingProxyType({}), /, **named: Any) -> str:
        return str(texts.without_places(super().substitute(mapping, **named)))

    def safe_substitute(self, mapping: Any = types.MappingProxyType({}), /, **named: Any) -> str:
        return str(texts.without_places(super().safe_substitute(mapping, **named)))


def _operators(operator: Any) -> dict[str, object]:
    """What is a remainder of numbers makes a text of a text."""
    return {name: texts.checking(getattr(operator, name)) for name in ("mod", "imod")}


INSTEAD: Final[Mapping[str, Callable[[Any], Mapping[str, object]]]] = {
    "collections": lambda _: {"Counter": Counter},
    "dataclasses": lambda _: {"dataclass": dataclass},
    "decimal": _decimals,
    "functools": _functools,
    "heapq": _heaps,
    "enum": lambda _: {one.__name__: one for one in (Enum, IntEnum, StrEnum, Flag, IntFlag)},
    "numpy": arrays.names,
    "onnxruntime": _sessions,
    "operator": _operators,
    "re": _patterns,
    "string": lambda _: {"Template": Template},
    "typing": lambda _: {"final": lambda marked: marked},
}
