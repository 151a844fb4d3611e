"""Settings that say themselves what they take: read whole, with every problem by its path.

A type of settings is a frozen dataclass made by `@settings`, whose fields have a kind
(`pipeline.settings.kinds`). `read` makes one of what a file has. Unknown names are refused with the known one
that was perhaps meant. pydantic does the reading; it is loaded when something is first read.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast, dataclass_transform, get_type_hints

from pipeline.settings.kinds import Scalar, ServersOwn, shown

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_T = TypeVar("_T")
MOST = 5_000
"""Problems of one reading that are put into words."""
_LISTED = 30
_NAME = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value at a path such as `sinks.redis.batch` or `attacks[0].every`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class SettingsError(ValueError):
    """What was given are no settings of this type; the text has a line for every problem."""


@dataclass_transform(frozen_default=True)
def settings(names: Mapping[str, str] | None = None) -> Callable[[type[_T]], type[_T]]:
    """Make a type of settings. `names` says how a field is called in files where that is not its own name."""

    def make(kind: type[_T]) -> type[_T]:
        inherited: Mapping[str, str] = getattr(kind, "__file_names__", {})
        called = {**inherited, **(names or {})}
        made = dataclass(frozen=True)(kind)
        config = {"extra": "forbid", "alias_generator": lambda name: called.get(name, name)}
        for attribute, value in (("__file_names__", called), ("__pydantic_config__", config)):
            setattr(made, attribute, value)
        return made

    return make


Free = dict[Annotated[str, ServersOwn], Annotated[Any, Scalar()]]
"""Settings of a server that has a list of its own: it judges their names and values."""


@settings()
class Nothing:
    """For what has no settings."""


def read(kind: type[_T], given: object, path: str = "") -> tuple[_T | None, list[Problem]]:
    """What a file has at a path, as settings of that type, and every problem.

    Where there are problems the settings are made of what is left without the wrong values, None where
    that is not enough.
    """
    from pydantic import ValidationError  # as in `_adapter`

    try:
        return _adapter(kind).validate_python(given), []
    except ValidationError as error:
        found = error.errors(include_url=False)  # of a long file hundreds of thousands
    problems = _problems(found, kind, path)
    wrong = {entry["loc"][0] for entry in found if entry["loc"]}
    if isinstance(given, Mapping) and wrong & given.keys():
        return read(kind, {name: given[name] for name in given if name not in wrong})[0], problems
    return None, problems


def make(kind: type[_T], given: object, who: str) -> _T:
    """Settings of that type for `who`, all right. Raises SettingsError with every problem."""
    found, problems = read(kind, given)
    if found is not None and not problems:
        return found
    missing = ", ".join(problem.path for problem in problems if problem.message == _MISSING)
    said = [f"{who} needs {missing}"] if missing else []
    said += [str(problem) for problem in problems if problem.message != _MISSING]
    raise SettingsError("\n".join(bounded(said)))


def names(kind: type[Any]) -> tuple[str, ...]:
    """What the settings of a type are called in files; nothing where any name may be."""
    return tuple(schema(kind).get("properties", ()))


def files(kind: type[Any]) -> tuple[str, ...]:
    """Those among the names whose value is the path of a file."""
    if kind not in _FILES:
        _FILES[kind] = _files(kind)
    return _FILES[kind]


def _files(kind: type[Any]) -> tuple[str, ...]:
    called = getattr(kind, "__file_names__", {})
    hints = get_type_hints(kind, include_extras=True)
    return tuple(called.get(name, name) for name, hint in hints.items() if "File(" in repr(hint))


def schema(kind: type[Any]) -> Mapping[str, Any]:
    """The JSON Schema of a type of settings."""
    if kind not in _SCHEMAS:
        _SCHEMAS[kind] = _schema(kind)
    return _SCHEMAS[kind]


def _schema(kind: type[Any]) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], plain(_adapter(kind).json_schema(mode="serialization")))


def unknown(path: str, name: str, known: Iterable[str], before: int = 0) -> Problem:
    """Nobody knows this name here; perhaps another was meant.

    That takes a while, so it is not looked for where there were so many `before` that this one is not shown.
    """
    where = _joined(path, (name,))
    if before >= _LISTED:
        return Problem(where, "unknown setting")
    choices = sorted(known)
    if meant := closest(name, choices):
        return Problem(where, f"unknown; did you mean {meant}")
    listed = f" (known: {', '.join(choices) or 'none'})" if len(choices) <= _LISTED else ""
    return Problem(where, f"unknown setting{listed}")


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was perhaps meant, None where none is much like it."""
    found = difflib.get_close_matches(name[:_NAME], sorted(known), 1, 0.65)
    return found[0] if found else None


def bounded(problems: Sequence[object]) -> list[str]:
    """The first of them as texts, and how many more there are: no message is longer than a screen or two."""
    more = len(problems) - _LISTED
    return [str(problem) for problem in problems[:_LISTED]] + ([f"and {more} more"] if more > 0 else [])


_SCHEMAS: dict[Any, Mapping[str, Any]] = {}
_FILES: dict[Any, tuple[str, ...]] = {}
_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}
_MISSING = "is missing"
_WORDS = {
    "missing": _MISSING,
    "dict_type": "must be a mapping",
    "dataclass_type": "must be a mapping",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}


def _problems(found: Sequence[Mapping[str, Any]], kind: type[Any], path: str) -> list[Problem]:
    problems = [_problem(entry, kind, path, before) for before, entry in enumerate(found[:MOST])]
    more = len(found) - MOST
    return (
        problems
        if more <= 0
        else [*problems, Problem(path, f"{more:,} problems more, of which none is told")]
    )


def _problem(entry: Mapping[str, Any], kind: type[Any], path: str, before: int) -> Problem:
    loc = tuple(part for part in entry["loc"] if part != "[key]")
    reason = entry.get("ctx", {}).get("error")
    if entry["type"] == "unexpected_keyword_argument":
        return unknown(_joined(path, loc[:-1]), str(loc[-1]), _known(kind, loc[:-1]), before)
    if entry["type"] == "value_error":
        return Problem(_joined(path, loc), str(reason))
    words = _WORDS.get(entry["type"], entry["msg"])
    given = "" if words == _MISSING else f", is {shown(entry['input'])}"
    return Problem(_joined(path, loc), f"{words}{given}")


def _known(kind: type[Any], loc: Sequence[str | int]) -> Iterable[str]:
    """The names that are known at a place inside a type."""
    root = schema(kind)
    here: Mapping[str, Any] = root
    for part in loc:
        here = here["items"] if isinstance(part, int) else here["properties"][part]
        here = _resolved(here, root)
    found: Iterable[str] = here.get("properties", ())
    return found


def _resolved(here: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = root["$defs"][here["$ref"].rpartition("/")[2]] if "$ref" in here else here
    return found


def _joined(path: str, loc: Sequence[str | int]) -> str:
    for part in loc:
        name = part if isinstance(part, int) or len(part) <= _NAME else f"{part[:_NAME]}…"
        path += f"[{name}]" if isinstance(name, int) else f".{name}" if path else name
    return path


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # 30 ms, and many commands read no settings

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def plain(shape: Any) -> Any:
    """A JSON Schema without titles that repeat a name, and without null: what is not set is left out."""
    if isinstance(shape, list):
        return [plain(one) for one in shape if one != {"type": "null"}]
    if not isinstance(shape, dict):
        return shape
    cleaned = {key: plain(one) for key, one in shape.items() if not _is_noise(key, one)}
    [only] = cleaned["anyOf"] if len(cleaned.get("anyOf", ())) == 1 else [{}]
    return (cleaned if not only else {key: one for key, one in cleaned.items() if key != "anyOf"}) | only


def _is_noise(key: str, one: Any) -> bool:
    return (key == "title" and isinstance(one, str)) or (key == "default" and one is None)
