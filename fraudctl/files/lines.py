"""Lines of UTF-8 from bytes in any encoding, in bounded memory whatever the length of a line.

Bytes that are no text of their encoding become a byte that is no UTF-8, so that only their line is refused.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

LONGEST_BYTES = 1 << 20
"""A longer line comes in pieces."""
_CHUNK_BYTES = 1 << 18
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

Piece = tuple[int, bytes, bool, bool]
"""Number of the line from 1, bytes without the line feed, whether they begin it and whether they end it."""


def pieces(stream: BinaryIO, given: str | None = None) -> tuple[str, Iterator[Piece]]:
    """The encoding that was given or found, and every line: a whole one, or in pieces if it is too long."""
    encoding, chunks = utf8(stream, given)
    return encoding, _split(chunks)


def first(found: Iterator[Piece], most: int) -> list[Piece]:
    """The first pieces, at most so many and no more bytes than a few of the longest."""
    taken: list[Piece] = []
    size = 0
    while len(taken) < most and size < 4 * LONGEST_BYTES and (piece := next(found, None)) is not None:
        taken.append(piece)
        size += len(piece[1])
    return taken


def utf8(stream: BinaryIO, given: str | None = None) -> tuple[str, Iterator[bytes]]:
    """The encoding, and the text as UTF-8 with line feeds and without a mark.

    UTF-8 and UTF-16 are recognised, the latter by its mark or its zero bytes; others must be given.
    """
    head = stream.read(_CHUNK_BYTES)
    encoding, mark_bytes = _encoding_of(head, given)
    chunks = chain((head[mark_bytes:],), iter(lambda: stream.read(_CHUNK_BYTES), b""))
    if encoding != "utf-8":
        chunks = chain(_recoded(chunks, encoding))
    return encoding, _with_line_feeds(chunks)


def _encoding_of(head: bytes, given: str | None) -> tuple[str, int]:
    name = None if given is None else codecs.lookup(given).name
    for mark, encoding in _MARKS:
        # no other encoding begins a text with the mark of UTF-8, whatever was said of the file
        if head.startswith(mark) and (encoding == "utf-8" or name in (None, encoding, "utf-16", "utf-8-sig")):
            return encoding, len(mark)
    if name == "utf-8-sig":
        return "utf-8", 0
    if name not in (None, "utf-16"):
        return name, 0
    sample = head[:2_000]
    if len(sample) > 3 and sample[1::2].count(0) > len(sample) // 4 and sample[1] == 0:
        return "utf-16-le", 0
    if len(sample) > 3 and sample[::2].count(0) > len(sample) // 4 and sample[0] == 0:
        return "utf-16-be", 0
    return "utf-8" if name is None else "utf-16-le", 0


def _to_refuse(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error("fraudctl-to-refuse", _to_refuse)


def _recoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("fraudctl-to-refuse")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogateescape")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")


def _with_line_feeds(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A file that has carriage returns alone at its beginning has them as the ends of its lines."""
    first = next(chunks, b"")
    if b"\r" in first[:-1] and b"\n" not in first:
        return (chunk.replace(b"\r", b"\n") for chunk in chain((first,), chunks))
    return chain((first,), chunks)


def _split(chunks: Iterable[bytes]) -> Iterator[Piece]:
    number, rest, begins = 1, b"", True
    for chunk in chunks:
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield number, line, begins, True
            number, begins = number + 1, True
        if len(rest) > LONGEST_BYTES:
            yield number, rest, begins, False
            rest, begins = b"", False
    if rest or not begins:
        yield number, rest, begins, True
