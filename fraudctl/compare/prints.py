"""One side of a comparison, read as fingerprints: 16 bytes of hash an event, whatever a decision's length.

Of several decisions on one event that of the greatest run counts, then the last: the one of the greatest
position, as in every store.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from pipeline.records.position import OFFSET_BITS, offset_of

_PLACE = re.compile(rb'","partition":([0-9]+),"offset":([0-9]+)\},"features":\{')
_LATE: Final = b',"late":'
_VERSION: Final = b',"ruleset_version":'
_APPROVED: Final = b'"decision":"approve"'
_HASH: Final = b'"ruleset_hash":"'

# A fingerprint is one integer: run, rule set's number, hash of the verdict, hash of verdict and features.
_RUN_AT: Final = 160
_RULESET_AT: Final = 128
_VERDICT_AT: Final = 64
_MASK: Final = (1 << 64) - 1
_RULESET: Final = (1 << _RUN_AT - _RULESET_AT) - 1


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a decisions topic: its value and the run that wrote it."""

    value: bytes
    run: int


Records = Callable[[], Iterable[Record]]
"""Reads the same records again at every call, those of a partition in offset order."""

Scope = Callable[[int, int], bool]
"""Whether the decision on (partition, offset) is compared."""


class Place:
    """Finds the place of its transaction in a decision's bytes, for transactions of one topic.

    An unescaped quote cannot stand inside a JSON string, so what is found is structure.
    """

    def __init__(self, topic: str) -> None:
        self._prefix = b',"source":{"topic":' + json.dumps(topic, ensure_ascii=False).encode()[:-1]

    def of(self, value: bytes) -> tuple[int, int] | None:
        """(partition, offset); None when it is about another topic."""
        start = value.find(self._prefix)
        match = _PLACE.match(value, start + len(self._prefix)) if start >= 0 else None
        return (int(match[1]), int(match[2])) if match else None


@dataclass(slots=True)
class Side:
    """One side's fingerprints by place, which is partition · 2^40 + offset.

    `flagged` are the places of what is not approved. The rule sets are numbered as they come.
    """

    prints: dict[int, int] = field(default_factory=dict)
    flagged: set[int] = field(default_factory=set)
    numbers: dict[bytes, int] = field(default_factory=dict)

    @property
    def decisions(self) -> dict[str, int]:
        """How many events are approved and how many flagged."""
        return {"approved": len(self.prints) - len(self.flagged), "flagged": len(self.flagged)}

    def by_ruleset(self) -> Counter[str]:
        """How many of the standing decisions each rule set made, by its hash."""
        counts = Counter(one >> _RULESET_AT & _RULESET for one in self.prints.values())
        return Counter({text.decode(): counts[n] for text, n in self.numbers.items() if counts[n]})

    def stands(self, place: int, record: Record) -> bool:
        """Whether this record is the one that counts for its place, or says the same to the byte."""
        return self.prints.get(place) == self._print(record)

    def _print(self, record: Record) -> int | None:
        number = self.numbers.get(_hash_text(record.value))
        return None if number is None else _fingerprint(record, number)


def place_number(place: tuple[int, int]) -> int:
    """A place as the integer that sides keep it by."""
    return place[0] << OFFSET_BITS | place[1]


def place_of_number(number: int) -> tuple[int, int]:
    """(partition, offset) again."""
    return number >> OFFSET_BITS, offset_of(number)


def fingerprints(records: Iterable[Record], topic: str, scope: Scope) -> Side:
    """Read one side."""
    side = Side()
    prints, flagged, numbers = side.prints, side.flagged, side.numbers
    place_of = Place(topic).of
    for record in records:
        value = record.value
        where = place_of(value)
        if where is None or not scope(*where):
            continue
        place = where[0] << OFFSET_BITS | where[1]
        earlier = prints.get(place)
        if earlier is not None and earlier >> _RUN_AT > record.run:
            continue
        number = numbers.setdefault(_hash_text(value), len(numbers))
        prints[place] = _fingerprint(record, number)
        if value.find(_APPROVED, value.rfind(_LATE)) < 0:
            flagged.add(place)
        elif earlier is not None:
            flagged.discard(place)
    return side


def count(records: Iterable[Record], topic: str, scope: Scope) -> dict[str, int]:
    """How many decisions approve and how many flag, for a log of any length: nothing is kept of them."""
    counts = {"approved": 0, "flagged": 0}
    place_of = Place(topic).of
    for record in records:
        where = place_of(record.value)
        if where is not None and scope(*where):
            is_approved = record.value.find(_APPROVED, record.value.rfind(_LATE)) >= 0
            counts["approved" if is_approved else "flagged"] += 1
    return counts


def compared_bits(with_features: bool) -> int:
    """The bits in which the fingerprints of two decisions are equal if they say the same."""
    return _MASK if with_features else _MASK << _VERDICT_AT


def _fingerprint(record: Record, number: int) -> int:
    value = record.value
    late, version = value.rfind(_LATE), value.rfind(_VERSION)
    verdict = hash(value[late:version]) & _MASK
    return (
        record.run << _RUN_AT | number << _RULESET_AT | verdict << _VERDICT_AT | hash(value[:version]) & _MASK
    )


def _hash_text(value: bytes) -> bytes:
    return value[value.rfind(_HASH) + len(_HASH) : -2]
