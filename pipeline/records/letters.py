"""Small letters, by one table: what `lower(…)` makes of a text is the same in every process and year.

The letters of the Latin, Greek and Cyrillic blocks (up to U+052F) and of Latin Extended Additional that have
one small letter of their own. Python and Java know later letters in different versions of Unicode; those stay
as they are. The kernel has the same blocks (`wire/Letters.java`), and a test compares the two letter by
letter.
"""

from __future__ import annotations

from typing import Final

BLOCKS: Final = (range(0x0000, 0x0530), range(0x1E00, 0x1F00))
TURKISH_I: Final = 0x130
"""Its small form is two characters, or none of its own: it stays."""


def _small(point: int) -> str | None:
    small = chr(point).lower()
    return small if len(small) == 1 and small != chr(point) and point != TURKISH_I else None


_TABLE: Final = {point: small for block in BLOCKS for point in block if (small := _small(point)) is not None}


def lowered(text: str) -> str:
    """The text with the letters of the table small."""
    return text.translate(_TABLE)
