"""What a plug-in keeps from one call to the next stays as it was loaded, so that no answer depends on former
ones.

After a plug-in is loaded, all that its names, functions, classes and objects hold is gone through. Lists,
dictionaries, sets and the like are replaced by such as refuse to be changed, arrays are closed for writing,
no attribute of an object is set any more (`stores` asks `is_kept`), and what moves on when it is looked at,
such as a generator, is refused. Only what is the plug-in's own is touched.
"""

from __future__ import annotations

import collections
import enum
import functools
import sys
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

_LIST: Final = (
    *("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"),
    *("__setitem__", "__delitem__", "__iadd__", "__imul__", "__init__"),
)
_DICT: Final = (
    *("clear", "pop", "popitem", "setdefault", "update"),
    *("__setitem__", "__delitem__", "__ior__", "__init__"),
)
_SET: Final = (
    *("add", "clear", "discard", "pop", "remove", "update", "__init__"),
    *("difference_update", "intersection_update", "symmetric_difference_update"),
    *("__ior__", "__iand__", "__isub__", "__ixor__"),
)
_CHANGING: Final[Mapping[type, tuple[str, ...]]] = {
    collections.deque: (*_LIST, "appendleft", "extendleft", "popleft", "rotate"),
    collections.OrderedDict: (*_DICT, "move_to_end"),
    collections.defaultdict: _DICT,
    collections.Counter: (*_DICT, "subtract", "__iadd__", "__isub__", "__iand__"),
    dict: _DICT,
    list: _LIST,
    set: _SET,
    bytearray: _LIST,
}
"""What changes a value of each of these kinds."""
CHANGING: Final = frozenset(name for names in _CHANGING.values() for name in names)
"""The names of all of them."""
_ANEW: Final = (
    *("copy", "__copy__", "union", "intersection", "difference", "symmetric_difference"),
    *("__or__", "__and__", "__sub__", "__xor__", "__add__", "__mul__"),
)
"""What gives another value of the same kind, which is free to be changed."""

_MOVING: Final = frozenset(
    {"_hashlib", "_sha1", "_sha2", "_sha256", "_sha512", "_sha3", "_blake2", "_md5", "_sre"}
)
"""Where the classes are from whose objects go on with each call: digests, and scanners of patterns."""
_WITHIN: Final = ("__func__", "__self__", "__wrapped__", "fget", "fset", "fdel", "func")
"""What methods, properties and what is remembered are made of."""

_kept: Final[dict[int, object]] = {}
"""The objects that plug-ins keep, by id; held here, since an id is that of an object that lives."""


def is_kept(value: object) -> bool:
    """Whether a plug-in keeps an object from one call to the next."""
    return id(value) in _kept


def close(module: types.ModuleType) -> None:
    """All that the module of a plug-in holds. TypeError for what cannot stay as it is."""
    closing = _Closing(module)
    for name, value in list(vars(module).items()):
        if not name.startswith("__"):
            vars(module)[name] = closing.closed(value)


def closed(module: types.ModuleType, value: Any) -> Any:
    """The same of one value that is kept beside a module, such as a loaded model."""
    return _Closing(module).closed(value)


class _Closing:
    """One walk: each value once, whatever leads to it."""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module
        self._done: dict[int, tuple[object, Any]] = {}

    def closed(self, value: Any) -> Any:
        """What is to stand in the value's place."""
        if (known := self._done.get(id(value))) is not None:
            return known[1]
        self._done[id(value)] = (value, value)
        kind = type(value)
        if hasattr(kind, "__next__") or kind.__module__ in _MOVING:
            raise TypeError(f"a {kind.__name__} is kept between calls, and changes with each")
        if (container := next((one for one in _CHANGING if isinstance(value, one)), None)) is not None:
            return self._container(container, value)
        if isinstance(value, tuple):
            return self._tuple(value)
        self._other(value)
        return value

    def _other(self, value: Any) -> None:
        """What stays where it is, and is gone through."""
        if isinstance(value, types.FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, functools.partial):
            self._partial(value)
        elif type(value).__module__ == self._module.__name__:
            self._object(value)
        elif (numpy := sys.modules.get("numpy")) is not None and isinstance(value, numpy.ndarray):
            self._array(value, numpy.ndarray)
        elif isinstance(value, BaseException):
            value.args = self.closed(value.args)
        kind = type(value)
        for name in _WITHIN if kind.__module__ in ("builtins", "functools") or _is_of_ours(kind) else ():
            if hasattr(value, name):
                self.closed(getattr(value, name))

    def _array(self, value: Any, kind: type) -> None:
        """Whatever it is a part of as well."""
        if value.dtype.hasobject:
            for place, one in enumerate(value.flat):
                value.flat[place] = self.closed(one)
        while isinstance(value, kind):
            owner: Any = value
            owner.setflags(write=False)
            value = owner.base

    def _partial(self, value: Any) -> None:
        given = tuple(map(self.closed, value.args))
        named = {name: self.closed(one) for name, one in value.keywords.items()}
        value.__setstate__((self.closed(value.func), given, named, {}))

    def _container(self, container: Any, value: Any) -> Any:
        kind: Any = type(value)
        if kind.__module__ == self._module.__name__:
            self._object(value)
            value.__class__ = _closed_kind(kind, container)
            self._fill(container, value, value)
            return value
        if kind is not container and not _is_of_ours(kind):
            return value
        closed_kind: Any = _closed_kind(kind, container)
        made = closed_kind.__new__(closed_kind)
        self._done[id(value)] = (value, made)
        self._done[id(made)] = (made, made)
        self._fill(container, made, value)
        return made

    def _fill(self, container: Any, made: Any, value: Any) -> None:
        """By the methods of the plain kind, which are not those that refuse."""
        if issubclass(container, dict):
            items = {key: self.closed(one) for key, one in value.items()}
            for key in items:
                self.closed(key)
            if isinstance(value, collections.defaultdict):
                collections.defaultdict.__init__(made, value.default_factory)
                self.closed(value.default_factory)
            for key, one in items.items():
                container.__setitem__(made, key, one)
        elif container is set:
            for one in value:
                self.closed(one)
            set.update(made, value)
        else:
            items_of = [self.closed(one) for one in value]
            if container is collections.deque:
                container.__init__(made, items_of, value.maxlen)
            elif made is value:
                container.__setitem__(made, slice(None), items_of)
            else:
                container.extend(made, items_of)

    def _tuple(self, value: Any) -> Any:
        items = [self.closed(one) for one in value]
        if all(one is other for one, other in zip(items, value, strict=True)):
            return value
        made = tuple.__new__(type(value), items)
        self._done[id(value)] = (value, made)
        return made

    def _function(self, value: types.FunctionType) -> None:
        if value.__globals__ is not vars(self._module):
            return
        if value.__defaults__:
            value.__defaults__ = tuple(map(self.closed, value.__defaults__))
        if value.__kwdefaults__:
            value.__kwdefaults__ = {name: self.closed(one) for name, one in value.__kwdefaults__.items()}
        for cell in value.__closure__ or ():
            try:
                held = cell.cell_contents
            except ValueError:
                continue  # nothing is in it
            cell.cell_contents = self.closed(held)

    def _class(self, value: type) -> None:
        if value.__module__ != self._module.__name__:
            return
        for name, held in list(vars(value).items()):
            put = self.closed(held) if not _is_of_the_class(name, held) else held
            if put is not held:
                type.__setattr__(value, name, put)
        if isinstance(value, enum.EnumType):
            for member in list[Any](value):
                self.closed(member)

    def _object(self, value: Any) -> None:
        _kept[id(value)] = value
        for name, held in list(getattr(value, "__dict__", {}).items()):
            value.__dict__[name] = self.closed(held)
        for kind in type(value).__mro__:
            for name, slot in vars(kind).items():
                if isinstance(slot, types.MemberDescriptorType) and hasattr(value, name):
                    slot.__set__(value, self.closed(slot.__get__(value)))


def _is_of_ours(kind: type) -> bool:
    """Whether plug-ins get it in the place of one of Python's own."""
    return kind.__module__.startswith("pipeline.rules.plugins.")


def _is_of_the_class(name: str, held: object) -> bool:
    """What Python itself has put into a class."""
    is_internal = name.startswith("_") and not isinstance(held, types.FunctionType)
    return is_internal or isinstance(held, types.MemberDescriptorType | types.GetSetDescriptorType)


@cache
def _closed_kind(kind: Any, container: Any) -> Any:
    """A kind whose values cannot be changed, under the same name."""
    names: dict[str, object] = dict.fromkeys(_CHANGING[container], _refused)
    if kind is container or _is_of_ours(kind):
        names |= {name: _anew(kind, name) for name in _ANEW if hasattr(kind, name)}
    if issubclass(kind, collections.defaultdict):
        names["__missing__"] = _left_out
    names |= {"__slots__": (), "__module__": kind.__module__}
    return type(kind.__name__, (kind,), names)


def _refused(*_: object, **__: object) -> Any:
    raise TypeError("what a plug-in keeps between calls cannot be changed: make a new one in the function")


def _anew(kind: Any, name: str) -> Callable[..., Any]:
    def act(self: Any, *others: Any) -> Any:
        return getattr(kind, name)(_free(kind, self), *others)

    return act


def _free(kind: Any, value: Any) -> Any:
    """A copy that can be changed."""
    if issubclass(kind, collections.defaultdict):
        return kind(value.default_factory, value)
    return kind(value, value.maxlen) if issubclass(kind, collections.deque) else kind(value)


def _left_out(self: Any, _: object) -> Any:
    """What a dictionary with defaults says of a key that it lacks, without keeping it."""
    if self.default_factory is None:
        raise KeyError(_)
    return self.default_factory()
