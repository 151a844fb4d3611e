"""Rows of files of JSON lines read by the kernel, several times quicker than by `fraudctl.files`.

It takes lines whose fields have their own names and values that can be read in one way alone. Others go to
`fraudctl.files`, which decides what each is and why it is refused, so the rows are the same either way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import accumulate, chain, groupby, pairwise
from struct import unpack

from fraudctl.compare.kernel_process import Kernel, framed, number
from fraudctl.files.json_objects import in_lines, lines_of
from fraudctl.files.lines import Piece
from fraudctl.files.options import ReadOptions
from fraudctl.files.order import Timed
from fraudctl.files.packing import opened
from fraudctl.files.rows import Reading, RefusedRow, Row
from fraudctl.files.survey import Survey

_LINES = 1_024
_BLOCK_BYTES = 1 << 19
_AS_IT_IS = ReadOptions()


def is_plain(one: Survey) -> bool:
    """Whether the file holds JSON and nothing that was said of it changes a value."""
    said = replace(one.columns.options, format=None, encoding=None, zone=None, kinds={})
    return one.table is None and said == _AS_IT_IS and one.unit in (None, "ms") and not one.hive


def by_kernel(reading: Reading, kernel: Kernel) -> Iterator[Timed | Row | RefusedRow]:
    """Every row in order, those that the kernel has read as the values of a `Payment`."""
    reading.begin()
    for one in reading.surveys:
        yield from _FileRows(reading, one).by(kernel) if is_plain(one) else reading.of_file(one)
    kernel.say(number(0))


class _FileRows:
    """The rows of one file."""

    def __init__(self, reading: Reading, one: Survey) -> None:
        self._reading, self._one = reading, one
        self._maker = reading.maker(one)

    def by(self, kernel: Kernel) -> Iterator[Timed | Row | RefusedRow]:
        """Read by the kernel, where the file's objects are in lines."""
        with opened(self._one.path) as stream:
            lines, are_objects = lines_of(stream, self._one.columns.options.encoding)
            if not are_objects:
                yield from self._reading.of_file(self._one)
                return
            with closing(kernel.fed(_blocks(lines), _form)) as sent:
                for whole, blocks in groupby(sent, lambda block: _is_whole(block[0])):
                    if whole:
                        for block in blocks:
                            yield from self._of_block(block, _payments(kernel, len(block)))
                    else:
                        yield from self._left(chain.from_iterable(blocks))

    def _of_block(self, block: list[Piece], found: list[Timed | None]) -> Iterator[Timed | Row | RefusedRow]:
        for left, group in groupby(zip(found, block, strict=True), self._is_left):
            if left:
                yield from self._left(line for _, line in group)
            else:
                yield from (payment for payment, _ in group if payment is not None)

    def _is_left(self, found: tuple[Timed | None, Piece]) -> bool:
        payment, until_ms = found[0], self._reading.until_ms
        return payment is None or (until_ms is not None and payment[0] > until_ms)

    def _left(self, lines: Iterable[Piece]) -> Iterator[Row | RefusedRow]:
        """What the readers of files make of lines."""
        return self._reading.of_objects(in_lines(lines), self._maker, self._one)


def _blocks(lines: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Whole lines by many; a piece of one that is too long by itself."""
    held: list[Piece] = []
    size = 0
    for piece in lines:
        if held and (len(held) == _LINES or size >= _BLOCK_BYTES or not _is_whole(piece)):
            yield held
            held, size = [], 0
        if _is_whole(piece):
            held.append(piece)
            size += len(piece[1])
        else:
            yield [piece]
    if held:
        yield held


def _is_whole(piece: Piece) -> bool:
    return piece[2] and piece[3]


def _form(block: list[Piece]) -> bytes:
    if not _is_whole(block[0]):
        return b""
    return number(len(block)) + framed(b"\n".join([line for _, line, _, _ in block]))


def _payments(kernel: Kernel, lines: int) -> list[Timed | None]:
    """What the kernel answers to a block; `FileRows.java` has the form."""
    marks = kernel.read(lines)
    count = marks.count(1)
    times_ms, units = (unpack(f">{count}q", kernel.read(8 * count)) for _ in range(2))
    ends = list(accumulate(unpack(f">{count}i", kernel.read(4 * count)), initial=0))
    text = kernel.read(ends[-1])
    values = [text[begin:end] for begin, end in pairwise(ends)]
    users, events, currencies, labels = json.loads(kernel.framed())
    given = [None if one is None else (*one, None) for one in labels]
    found = zip(times_ms, values, users, events, units, currencies, given, strict=True)
    return list(found) if count == lines else [next(found) if mark else None for mark in marks]
