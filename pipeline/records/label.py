"""One record of the labels topic: the truth about an event, who says so, and since when.

Of several labels of one event the one whose truth became known last counts, whatever their order in the
log; of those known at the same time the later in the log. Knows nothing of Kafka.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from json.encoder import encode_basestring
from typing import Final

from pipeline.records.decision_record import Identity
from pipeline.records.quantities import Refusal, format_time, parse_time

FRAUD: Final = "fraud"
LEGIT: Final = "legit"


@dataclass(frozen=True, slots=True)
class Label:
    """The fields in the order of the record's keys.

    `label_time` is when the truth became known, ISO 8601 in UTC; `scenario` and `instance` name the attack
    that the event is a part of; `by` is who says it.
    """

    event_id: str
    user_id: str
    label: str
    label_time: str | None = None
    scenario: str | None = None
    instance: str | None = None
    by: str | None = None

    @property
    def identity(self) -> Identity:
        return self.user_id, self.event_id

    @property
    def known_ms(self) -> int | None:
        """When the truth became known, None where the label does not say so in words of ours."""
        try:
            return None if self.label_time is None else parse_time(self.label_time)
        except Refusal:
            return None

    @property
    def is_fraud(self) -> bool:
        return self.label == FRAUD

    @property
    def document(self) -> dict[str, object]:
        """As a JSON-able mapping."""
        return asdict(self)

    @property
    def value(self) -> bytes:
        """The record's value."""
        further = self.label_time, self.scenario, self.instance, self.by
        return _value(self.event_id, self.user_id, self.label, further)


def label(
    identity: Identity,
    is_fraud: bool,
    by: str,
    known_ms: int,
    scenario: str | None = None,
    instance: str | None = None,
) -> Label:
    """The label of an event whose truth became known at that time."""
    user_id, event_id = identity
    word = FRAUD if is_fraud else LEGIT
    return Label(event_id, user_id, word, format_time(known_ms), scenario, instance, by)


def label_value(
    identity: Identity, is_fraud: bool, by: str, known_ms: int, scenario: str | None = None
) -> bytes:
    """The value of the record that has this label, without the label itself: files have very many."""
    user_id, event_id = identity
    return _value(
        event_id, user_id, FRAUD if is_fraud else LEGIT, (format_time(known_ms), scenario, None, by)
    )


def read(value: bytes | None) -> Label | None:
    """The label in a record; None for a record that is none."""
    try:
        found = json.loads(value or b"null")
        said = [found.get(name) for name in ("label_time", "scenario", "instance", "by")]
        texts = [None if one is None else str(one) for one in said]
        return Label(str(found["event_id"]), str(found["user_id"]), str(found["label"]), *texts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _value(event_id: str, user_id: str, label: str, further: tuple[str | None, ...]) -> bytes:
    # spelt out, for this is half of what a labelled row of a file costs beside its reading
    label_time, scenario, instance, by = further
    return (
        f'{{"event_id":{encode_basestring(event_id)},"user_id":{encode_basestring(user_id)}'
        f',"label":{encode_basestring(label)},"label_time":{_text(label_time)}'
        f',"scenario":{_text(scenario)},"instance":{_text(instance)},"by":{_text(by)}}}'
    ).encode()


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)
