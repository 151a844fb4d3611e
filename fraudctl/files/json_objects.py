"""JSON objects one after the other: a line each, several a line, or the elements of an array.

Numbers stay as they were written. What is no object is refused where it stands; an object in lines touches
only its own line, whatever is wrong with it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

from fraudctl.files.lines import LONGEST_BYTES, Piece, first, pieces
from fraudctl.files.within import elements
from pipeline.records.quantities import Number, Refusal
from pipeline.records.wire import MAX_NESTING

_OUTSIDE = re.compile(rb'[{}\[\]"\n]')
_SAMPLE_LINES = 100
_BETWEEN = b" \t\r\n,[]\x1e"
"""What may stand between objects: the last begins each of them in sequences of JSON texts (RFC 7464)."""
_INSIDE = re.compile(rb'["\\\n]')


class Members(list[tuple[str, Any]]):
    """A JSON object as its members, so that a repeated name stays visible."""


Found = tuple[int, Members | Refusal, bytes]
"""Line it begins on, the object or why there is none, and its bytes; of what is too long the first of them,
which are more than `LONGEST_BYTES`."""


def _refuse_constant(name: str) -> Any:
    raise Refusal("invalid_json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=Members, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
)


def objects(stream: BinaryIO, encoding: str | None = None, records: str | None = None) -> Iterator[Found]:
    """Every object of the file, in order; with a path those of the list that is there in each of them."""
    if records is not None:
        return _spread(elements(pieces(stream, encoding)[1], records))
    found, are_in_lines = lines_of(stream, encoding)
    return (in_lines if are_in_lines else _spread)(found)


def lines_of(stream: BinaryIO, encoding: str | None = None) -> tuple[Iterator[Piece], bool]:
    """The lines of the file, and whether its objects are in lines, so that each can be read by itself."""
    found = pieces(stream, encoding)[1]
    sample = first(found, _SAMPLE_LINES)
    filled = [piece for piece in sample if piece[1].strip()]
    whole = sum(map(_holds_objects, filled))
    return chain(sample, found), whole * 2 >= len(filled)


def without(members: Members, absent: frozenset[str]) -> Members:
    """The object, nested ones too, without members that are one of these words."""
    return Members(
        (name, without(value, absent) if isinstance(value, Members) else value)
        for name, value in members
        if not (isinstance(value, str) and value in absent)
    )


def with_columns(members: Members, columns: Mapping[str, str]) -> Members:
    """The object with what the names of its file's folders say, where it does not say that itself."""
    own = {name for name, _ in members}
    return Members([*members, *((name, value or None) for name, value in columns.items() if name not in own)])


def _holds_objects(piece: Piece) -> bool:
    """Whether a line looks like an object or several, not like a part of one or of an array."""
    text = piece[1].removeprefix(codecs.BOM_UTF8).strip()
    return text.startswith(b"{") and (text.endswith(b"}") or not piece[3])


def in_lines(found: Iterable[Piece]) -> Iterator[Found]:
    """The objects of lines, of which each stands for itself."""
    splitter = Splitter()
    for number, line, begins, ends in found:
        if begins and ends:
            if line and not line.isspace():
                yield from _decoded(number, line)
            continue
        if begins:
            splitter = Splitter(number)
        yield from splitter.feed(line)
        if ends:
            yield from splitter.end()


def _spread(found: Iterable[Piece]) -> Iterator[Found]:
    """Objects that go over lines. One that begins no deeper than the open one shows that this has no end."""
    splitter = Splitter()
    for number, line, begins, ends in found:
        indent = line.find(b"{") if begins and line.lstrip(b" \t[,").startswith(b"{") else -1
        if splitter.depth and 0 <= indent <= splitter.indent:
            yield from splitter.end()
        splitter.line = number
        splitter.next_indent = indent
        yield from splitter.feed(line + b"\n" if ends else line)
    yield from splitter.end()


class Splitter:
    """Cuts objects out of bytes that come in any pieces; holds no more of one than the longest line."""

    def __init__(self, line: int = 1) -> None:
        self.line, self.next_indent = line, 0
        self._reset()

    def _reset(self) -> None:
        self.depth = self.indent = 0
        self._began, self._parts, self._held, self._bytes = self.line, list[bytes](), 0, 0
        self._in_string = self._after_backslash = self._in_junk = False

    def feed(self, chunk: bytes) -> Iterator[Found]:
        """The objects that end within the chunk."""
        at = begin = 0
        if self._after_backslash and chunk:
            at, self._after_backslash = 1, False
        while token := (_INSIDE if self._in_string else _OUTSIDE).search(chunk, at):
            if not self.depth:
                yield from self._between(chunk[at : token.start()])
            at, mark = token.end(), token[0]
            if self._in_string:
                at = self._inside(mark, at, len(chunk))
            elif mark == b"{":
                begin = self._open(token.start(), begin)
            elif not self.depth:
                yield from self._between(mark)
            elif mark == b"}":
                yield from self._close(chunk[begin:at])
            else:
                self._in_string = mark == b'"'
        yield from self._rest(chunk[begin:], chunk[at:])

    def _rest(self, of_object: bytes, between: bytes) -> Iterator[Found]:
        if self.depth:
            self._hold(of_object)
        else:
            yield from self._between(between)

    def end(self) -> Iterator[Found]:
        """Nothing follows: an object that is open has no end."""
        if self.depth:
            held = b"".join(self._parts)
            what = f"the object has no end within {self._bytes} bytes: {_shown(held)}"
            yield self._began, Refusal("invalid_json", what), held
        self._reset()

    def _open(self, at: int, begin: int) -> int:
        self.depth += 1
        if self.depth > 1:
            return begin
        self._began, self.indent, self._in_junk = self.line, self.next_indent, False
        return at

    def _close(self, part: bytes) -> Iterator[Found]:
        self.depth -= 1
        if not self.depth:
            self._hold(part)
            yield from self._whole()

    def _inside(self, token: bytes, at: int, length: int) -> int:
        """After a token within a string; a line feed ends it, for no string of JSON holds one."""
        if token != b"\\":
            self._in_string = False
            return at
        self._after_backslash = at == length
        return at + 1

    def _hold(self, part: bytes) -> None:
        self._bytes += len(part)
        if self._held <= LONGEST_BYTES:
            self._parts.append(part[: LONGEST_BYTES + 1])
            self._held += len(part)

    def _whole(self) -> Iterator[Found]:
        held = b"".join(self._parts)
        if self._bytes > LONGEST_BYTES:
            yield self._began, Refusal("too_large", f"{self._bytes} bytes"), held
        else:
            yield from _decoded(self._began, held)
        self._parts, self._held, self._bytes = [], 0, 0

    def _between(self, text: bytes) -> Iterator[Found]:
        """What stands between objects: blanks and commas, and one refusal for a run of anything else."""
        if text == b"\n":
            self._in_junk = False
        elif not self._in_junk and (junk := text.strip(_BETWEEN)):
            self._in_junk = True
            yield self.line, Refusal("invalid_json", f"no object: {_shown(junk)}"), junk


def _decoded(number: int, line: bytes) -> Iterator[Found]:
    """The objects of one line: usually one, else each of them. Of files one behind the other each may begin
    with a mark of its own."""
    line = line.removeprefix(codecs.BOM_UTF8)
    try:
        yield number, _object(_DECODER.decode(line.decode("utf-8"))), line
    except Refusal as refusal:
        yield number, refusal, line
    except UnicodeDecodeError as error:
        yield number, Refusal("invalid_utf8", f"byte {error.start}; see --encoding"), line
    except RecursionError:
        yield number, Refusal("invalid_json", f"nested deeper than {MAX_NESTING}"), line
    except ValueError as error:
        if str(error).startswith("Extra data") and line.lstrip().startswith(b"{"):
            yield from _several(number, line.decode("utf-8"))
        else:
            yield number, Refusal("invalid_json", f"{error}: {_shown(line)}"), line


def _several(number: int, text: str) -> Iterator[Found]:
    """Objects that follow each other on a line. From the first that is none on, the rest is one refusal."""
    at = _after_blanks(text, 0)
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
            yield number, _object(value), text[at:end].encode()
        except (Refusal, ValueError, RecursionError) as error:
            rest = text[at:].encode()
            yield number, Refusal("invalid_json", f"{error}: {_shown(rest)}"), rest
            return
        at = _after_blanks(text, end)


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _object(value: Any) -> Members | Refusal:
    if isinstance(value, Members):
        return value
    return Refusal("not_an_object", f"{str(value)[:40]} is not a JSON object")


def _shown(line: bytes) -> str:
    return repr(line[:60].decode("utf-8", "replace"))
