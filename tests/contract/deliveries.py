"""Decisions for the tests of stores: events nobody else has, and what a store must say of them."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit
from pipeline.records.quantities import Number
from pipeline.sinks import Held, Sink
from tests.decisions import decided

_ids = count()
IP_BURST = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")
VELOCITY = Hit("velocity", 30, 'tab\there, "quote", back\\slash, new\nline, Zürich')


def new_event(prefix: str = "e") -> str:
    """An id that no other test has."""
    return f"{prefix}-{next(_ids)}"


def delivery(event_id: str, *hits: Hit, **said: Any) -> Delivery:
    """A decision with features of each kind."""
    features = {"user_amount_mean": Number("12.300000000000001"), "user_prev_country": "Türkiye"}
    return decided(event_id, *hits, features=features, **said)


def expected(sink: Sink, one: Delivery) -> Held | None:
    """What the store must hold once that decision is written."""
    document = json.loads(one.value)
    if sink.flagged_only and document["decision"] == "approve":
        return None
    rules = tuple(hit["rule"] for hit in document["reasons"])
    return Held(one.position, document["score"], document["decision"], rules)
