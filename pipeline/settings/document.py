"""Reads the YAML of a file of ours into plain content, with the line of every entry.

Rule sets, profiles, scenarios and faults are read by it alone. Knows YAML; knows nothing of what the files
say. Stricter than YAML 1.1: only `true` and `false` are truth values (the country code NO stays text), dates
and clock times stay text, and anchors, tags, duplicate keys, long names, huge and deeply nested files are
refused. A number of more than 40 digits stays text.
"""

from __future__ import annotations

import pathlib
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import yaml

MAX_BYTES: Final = 1_000_000
MAX_ENTRIES: Final = 250_000
"""Keys, values and items of lists: each costs some microseconds where it is looked at, however short."""
MAX_DEPTH: Final = 10
_KNOWN_LENGTH: Final = 100_000
"""A longer one takes more memory than its parts are worth once it is read."""
MAX_NAME: Final = 250
"""The longest name of an entry, in characters; as long as the name of a topic may be."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where there is one: ten times as fast on a file that is as long as it may be."""
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_DEPTH: Final = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}
_WORDS: Final[dict[str, object]] = {"true": True, "false": False, "null": None, "~": None, "": None}

Path = tuple[str, ...]
Content = Mapping[str, Any]
"""A rule set as plain JSON-able data, as files, activations and jobs carry it; `ruleset.parse` checks it."""

Told = Mapping[str, Any]
"""What a plug-in is told, as a profile has it: its own type `Settings` reads it, and nobody else does."""


class DocumentError(Exception):
    """A file that is not a plain YAML document. `line` counts from 1, None when unknown."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line

    def __str__(self) -> str:
        return self.message if self.line is None else f"line {self.line}: {self.message}"


@dataclass(slots=True)
class Document:
    """Plain JSON-able content, and for each path into it the line where it stands."""

    content: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """The line of a path, or of the nearest entry around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read_file(path: pathlib.Path) -> Document:
    """Read a file in UTF-8. Raises `DocumentError`, also for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(4 * MAX_BYTES + 1)
        return read(data.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise DocumentError(f"cannot be read: {error}") from None


def read(text: str) -> Document:
    """Read one YAML document. Raises `DocumentError`."""
    if len(text) > MAX_BYTES:
        raise DocumentError(f"longer than {MAX_BYTES} characters")
    if len(text) > _KNOWN_LENGTH:
        return _document(text)
    copy: Document = pickle.loads(_known(text))
    return copy


@lru_cache(maxsize=16)
def _known(text: str) -> bytes:
    """What a text says, to be copied: one process reads the same few files again and again (the profile, the
    rule set in force), and each reader may change what it was given.
    """
    return pickle.dumps(_document(text))


def _document(text: str) -> Document:
    try:
        node = _composed(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise DocumentError(f"not YAML: {message}", None if mark is None else mark.line + 1) from None
    except RecursionError:
        raise DocumentError("nested too deeply") from None
    document = Document(None)
    document.content = None if node is None else _value(node, (), document.lines)
    return document


def _composed(text: str) -> yaml.Node | None:
    """Refused before it is built where it would become too deep or too large."""
    depth = entries = 0
    for event in yaml.parse(text, Loader=_LOADER):
        _refuse(event)
        depth += _DEPTH.get(type(event), 0)
        entries += isinstance(event, yaml.NodeEvent)
        if entries > MAX_ENTRIES:
            raise DocumentError(f"more than {MAX_ENTRIES:,} entries", _line(event))
        if depth > MAX_DEPTH + 1:
            raise DocumentError(f"nested deeper than {MAX_DEPTH}", _line(event))
    return yaml.compose(text, Loader=_LOADER)


def _line(event: yaml.Event) -> int | None:
    return event.start_mark.line + 1 if event.start_mark else None


def _refuse(event: yaml.Event) -> None:
    line = _line(event)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise DocumentError("anchors and aliases are not allowed", line)
    if getattr(event, "tag", None):
        raise DocumentError("tags are not allowed", line)


def _value(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if len(path) > MAX_DEPTH:
        raise DocumentError(f"nested deeper than {MAX_DEPTH}", line)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, str(index)), lines) for index, item in enumerate(node.value)]
    return _scalar(node, line)


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, object]:
    content: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise DocumentError("a key must be plain text", line)
        if len(key_node.value) > MAX_NAME:
            raise DocumentError(f"a name of more than {MAX_NAME} characters", line)
        if key_node.value in content:
            raise DocumentError(f"{key_node.value} appears twice", line)
        lines[(*path, key_node.value)] = line
        content[key_node.value] = _value(value_node, (*path, key_node.value), lines)
    return content


def _scalar(node: yaml.Node, line: int) -> Any:
    text = str(node.value)
    if getattr(node, "style", None):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= 40 and _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise DocumentError(f"{text} is too large", line)
        return number
    return text
