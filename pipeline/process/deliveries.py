"""A record of the decisions topic, of Kafka's client, as a delivery: once a decision and writer."""

from __future__ import annotations

from confluent_kafka import Message

from pipeline.records.decision_forms import json_of
from pipeline.records.decision_record import Delivery, run_of
from pipeline.records.framed import is_framed


def delivery_of(message: Message) -> Delivery:
    """What it holds, and its place in the log."""
    lies, framed = _bytes(message.value()) or b"", b""
    value = lies
    if is_framed(lies):
        value, framed = json_of(lies), lies
    return Delivery(
        value,
        message.partition() or 0,
        message.offset() or 0,
        run_of(message.headers()),
        message.timestamp()[1],
        _bytes(message.key()),
        framed,
    )


def _bytes(key: str | bytes | None) -> bytes | None:
    return key.encode() if isinstance(key, str) else key
