"""How far a replay must read back."""

from __future__ import annotations

from typing import Any

from fraudctl.jobs.reach import SLACK_MS, look_back_ms
from pipeline.rules.ruleset import parse


def back(**features: Any) -> int | None:
    rules = {"r": {"when": "amount > 1", "points": 1}}
    content = {"version": "v", "features": features, "rules": rules, "thresholds": {"review": 1, "block": 2}}
    return look_back_ms(parse(content).features.values(), 3_600_000, 50)


def test_the_longest_window_ttl_or_dedup_decides_and_first_seen_needs_everything() -> None:
    assert back() == 3_600_000 + 50 + SLACK_MS
    count = {"by": "ip", "agg": "count"}
    assert back(a={**count, "window": "24h"}) == 86_400_000 + 50 + SLACK_MS
    assert back(a={**count, "session_gap": "5m"}) == 86_400_000 + 50 + SLACK_MS
    previous = {"by": "ip", "agg": "previous", "of": "country", "ttl": "2d"}
    assert back(a=previous) == 2 * 86_400_000 + 50 + SLACK_MS
    assert back(a={"by": "ip", "agg": "first_seen", "of": "country", "ttl": "1h"}) is None
