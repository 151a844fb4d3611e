"""Decisions as they stand on the decisions topic, for the tests of whoever stores or tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.records.clock import now_ms
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import Transaction


def decided(
    event_id: str,
    *hits: Hit,
    user_id: str = "ada",
    partition: int = 0,
    offset: int = 0,
    run: int = 1,
    append_ms: int = 0,
    time_ms: int = 1_764_000_000_123,
    units: int = 125_000,
    features: Mapping[str, Any] | None = None,
    content_hash: str | None = None,
    **fields: Any,
) -> Delivery:
    """One with the given hits, appended now where no time is given; `fields` are further ones.

    Its score is their sum: from 50 on it is flagged, from 80 on blocked.
    """
    score = sum(hit.points for hit in hits)
    decision = Decision(
        transaction=Transaction(event_id, user_id, time_ms, units, fields),
        score=score,
        decision="block" if score >= 80 else "review" if score >= 50 else "approve",
        source=Source("risk.transactions", partition, offset),
        reasons=hits,
        features=features or {},
        ruleset_version="v1",
        ruleset_hash="abc",
        late=False,
        saturated=False,
        content_hash=content_hash,
    )
    value = encode_decision(decision)
    return Delivery(value, partition, offset, run, append_ms or now_ms(), user_id.encode())
