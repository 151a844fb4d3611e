"""A list within objects of JSON, as services answer: `{"data": {"items": [ … ]}}` has its rows at data.items.

What is around the list is passed over in bounded memory, however long it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from fraudctl.files.lines import Piece

_MARKS = re.compile(rb'[{}\[\],:"]')
_IN_STRING = re.compile(rb'["\\]')
_LONGEST_NAME = 1_000
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^{}\[\],:"\s]+', re.DOTALL)


def elements(found: Iterable[Piece], path: str) -> Iterator[Piece]:
    """The same pieces with nothing in them but the elements of the list at that path, in each object. An
    object without that list, or without an end, becomes words that are no object."""
    inner = _Inner(path.split("."))
    number = 0
    for number, line, begins, ends in found:
        yield number, b"".join(inner.feed(line)), begins, ends
    if inner.is_open:
        yield number + 1, b"what is around the list has no end", True, True


def lists_in(head: bytes) -> list[str]:
    """The paths to lists of objects that the beginning of a file shows, in their order: within objects alone,
    of which the whole may be a list."""
    found: dict[str, None] = {}
    stack: list[tuple[bytes, str | None]] = []
    name, before = None, b""
    for token in _TOKENS.findall(head):
        if token == b":":
            name = _text(before[1:-1])
        elif token in (b"{", b"["):
            if token == b"{" and before == b"[" and (path := _path(stack)):
                found.setdefault(path)
            stack.append((token, name if before == b":" else None))
        elif token in (b"}", b"]") and stack:
            stack.pop()
        before = token
    return list(found)


def _path(stack: list[tuple[bytes, str | None]]) -> str | None:
    kinds = [kind for kind, _ in stack]
    if b"{" not in kinds:
        return None
    within = stack[kinds.index(b"{") + 1 :]
    names = [name for _, name in within]
    is_path = [kind for kind, _ in within] == [b"{"] * (len(within) - 1) + [b"["]
    if not is_path or not all(name and "." not in name for name in names):
        return None
    return ".".join(str(name) for name in names)


def _text(name: bytes) -> str:
    try:
        return str(json.loads(b'"' + name + b'"')) if b"\\" in name else name.decode()
    except ValueError:
        return name.decode("utf-8", "replace")


class _Inner:
    """Follows a path through objects, whichever pieces their bytes come in. What is in no object at all is
    given too, for nothing may vanish."""

    def __init__(self, path: list[str]) -> None:
        self._path = path
        self._depth = self._matched = self._within = 0
        """objects and lists that are open; of those on the path but the first; within the list"""
        self._in_string = self._after_backslash = False
        self._expects_name = self._reads_name = self._is_named = self._has_list = False
        self._name = b""

    @property
    def is_open(self) -> bool:
        """Whether an object has no end yet."""
        return self._depth > 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What of it belongs to elements."""
        begin = at = 1 if self._after_backslash and chunk else 0
        if begin:
            self._after_backslash = False
            yield chunk[:1] if self._gives else b""
        name_at = 0
        while token := (_IN_STRING if self._in_string else _MARKS).search(chunk, at):
            mark, at = token[0], token.end()
            if self._in_string:
                at = self._inside(mark, chunk[name_at : token.start()], at, len(chunk))
            elif mark == b'"':
                self._in_string, self._reads_name, self._name = (
                    True,
                    self._expects_name and self._is_level,
                    b"",
                )
                name_at = at
            else:
                gave = self._gives
                yield from self._step(mark)
                if gave and not self._gives:
                    yield chunk[begin : token.start()]
                elif self._gives and not gave:
                    begin = at
        if self._gives:
            yield chunk[begin:]
        if self._reads_name and self._in_string:
            self._name = (self._name + chunk[name_at:])[:_LONGEST_NAME]

    @property
    def _gives(self) -> bool:
        return not self._depth or self._within > 0

    @property
    def _is_level(self) -> bool:
        """Whether what comes is a member of the object that the path has led to."""
        return self._depth == self._matched + 1 and not self._within

    def _inside(self, mark: bytes, text: bytes, at: int, length: int) -> int:
        if mark == b"\\":
            self._after_backslash = at == length
            return at + 1
        self._in_string = False
        if self._reads_name:
            self._name += text
        return at

    def _step(self, mark: bytes) -> Iterator[bytes]:
        if self._within:
            self._within += (mark in b"{[") - (mark in b"}]")
        elif not self._depth:
            if mark == b"{":
                self._depth, self._expects_name, self._has_list = 1, True, False
        elif mark in b"{[":
            self._enter(mark)
        elif mark in b"}]":
            yield from self._leave()
        elif self._is_level:
            is_colon = mark == b":"
            self._is_named = (
                is_colon and self._expects_name and _text(self._name) == self._path[self._matched]
            )
            self._expects_name = not is_colon

    def _enter(self, mark: bytes) -> None:
        is_next = self._is_level and self._is_named
        is_last = self._matched + 1 == len(self._path)
        self._is_named = False
        if is_next and is_last and mark == b"[":
            self._within, self._has_list = 1, True
            return
        self._depth += 1
        if is_next and not is_last and mark == b"{":
            self._matched += 1
            self._expects_name = True

    def _leave(self) -> Iterator[bytes]:
        self._matched -= self._is_level and self._matched > 0
        self._depth -= 1
        self._expects_name = False
        if not self._depth and not self._has_list:
            yield f" no list at {'.'.join(self._path)} ".encode()
