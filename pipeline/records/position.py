"""A decision's rank among those for one event: the run that wrote it, then its offset in its partition.

Stores keep it as one integer, run · 2^40 + offset, and of two decisions the greater wins. A negative integer
is no position; readers of stores use it for what they could not read.
"""

from __future__ import annotations

from typing import Final, NamedTuple

OFFSET_BITS: Final = 40
"""Room for 10^12 offsets: at 1,000 decisions a second in one partition, 35 years."""
_OFFSET: Final = (1 << OFFSET_BITS) - 1


class Position(NamedTuple):
    """A position taken apart. It sorts as its packed form does."""

    run: int
    offset: int


def pack(run: int, offset: int) -> int:
    """The position as stores keep it."""
    return run << OFFSET_BITS | offset


def unpack(packed: int) -> Position:
    """The run and the offset of a packed position, which is not negative."""
    return Position(packed >> OFFSET_BITS, packed & _OFFSET)


def offset_of(packed: int) -> int:
    """The offset alone, for those who ask it of every event."""
    return packed & _OFFSET
