"""Words by which programs write that there is nothing, where they stand as values of keys: then all rows that
hold one are of one user, card or device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from typing import Any

NOTHING = frozenset(("null", "nan", "none", "\\n", "n/a", "na", "nil", "-", "#n/a", "<na>"))
"""In small letters."""
_SPELT = tuple({spelt for word in NOTHING for spelt in (word, word.upper(), word.title(), "NaN")})
KEYS = ("user_id", "card_id", "device_id", "merchant_id", "ip")
"""Fields of payments by which features count."""
_OFTEN = 100
"""One of so many rows, and more than one."""

Nothings = Counter[tuple[str, str]]
"""How often a column holds a word."""


def words_among(values: Iterable[Any], distinct: Container[Any], absent: Container[str] = ()) -> Counter[str]:
    """How often each such word comes, but those that are said to stand for nothing."""
    words = [word for word in _SPELT if word in distinct and word not in absent]
    if not words:
        return Counter()
    found = Counter(value for value in values if isinstance(value, str))
    return Counter({word: found[word] for word in words if found[word]})


def notes(found: Nothings, rows: int) -> Iterator[str]:
    """What to say of words that come often in the rows that were looked at."""
    for (column, word), count in found.items():
        if count > 1 and count * _OFTEN >= rows:
            yield f"{column} is {word!r} in {count} of {rows} rows: they count as one; see --absent {word}"
