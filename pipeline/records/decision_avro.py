"""A decision in Avro, by `schemas/decision.avsc`: all that its JSON says, which comes back byte for byte.

The kernel's `decision/AvroDecision.java` writes it. A number among fields and features is a long or a double
where that is written as the JSON has it, else a record of its text; maps keep the order of their members.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from pipeline.records.avro import Content
from pipeline.records.decisions import Decision, Hit, Source
from pipeline.records.events import Transaction
from pipeline.records.quantities import Number, Refusal
from pipeline.records.wire import Scalar

FORM: Final = b"\x02"
"""How content begins: with the number of its form, 1 as Avro writes it."""
VERDICTS: Final = ("approve", "review", "block")

_T = TypeVar("_T")


def decision_of(content: bytes) -> Decision:
    """The decision in such content, which begins with `FORM`. Raises Refusal where it is none, ValueError
    where a text is not UTF-8."""
    reading = Content(content)
    reading.take(len(FORM))
    found = Decision(
        transaction=Transaction(
            event_id=_text(reading),
            user_id=_text(reading),
            event_time_ms=reading.whole(),
            amount_units=int.from_bytes(reading.take(reading.whole()), "big", signed=True),
            fields=dict(_blocks(reading, _member)),
        ),
        source=Source(_text(reading), reading.whole(), reading.whole()),
        features=dict(_blocks(reading, _member)),
        late=_truth(reading),
        saturated=_truth(reading),
        content_hash=_text(reading) if reading.whole() else None,
        warming=tuple(_blocks(reading, _text)),
        score=reading.whole(),
        decision=_verdict(reading),
        reasons=tuple(_blocks(reading, _hit)),
        plugin_errors=dict(_blocks(reading, lambda one: (_text(one), _text(one)))),
        ruleset_version=_text(reading),
        ruleset_hash=_text(reading),
    )
    reading.end()
    return found


def fraction(eight: bytes) -> Number:
    """The number of a double, as Python and the kernel write it."""
    return Number(repr(struct.unpack("<d", eight)[0]))


def _text(reading: Content) -> str:
    return reading.take(reading.whole()).decode()


def _truth(reading: Content) -> bool:
    return reading.take(1) != b"\0"


def _verdict(reading: Content) -> str:
    place = reading.whole()
    if not 0 <= place < len(VERDICTS):
        raise Refusal("undecodable", f"there is no verdict {place}")
    return VERDICTS[place]


def _hit(reading: Content) -> Hit:
    return Hit(_text(reading), reading.whole(), _text(reading))


def _member(reading: Content) -> tuple[str, Scalar]:
    name, place = _text(reading), reading.whole()
    if not 0 <= place < len(_SCALARS):
        raise Refusal("undecodable", f"{name}: its union has no place {place}")
    return name, _SCALARS[place](reading)


def _blocks(reading: Content, one: Callable[[Content], _T]) -> Iterator[_T]:
    """What an array or a map holds. Raises Refusal."""
    while (count := reading.whole()) > 0:
        for _ in range(count):
            yield one(reading)
    if count:
        raise Refusal("undecodable", f"a block of {count}")


_SCALARS: Final[tuple[Callable[[Content], Scalar], ...]] = (
    _text,
    _truth,
    lambda reading: Number(reading.whole()),
    lambda reading: fraction(reading.take(8)),
    lambda reading: Number(_text(reading)),
)
