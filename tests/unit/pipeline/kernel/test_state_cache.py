"""The cache of key states keeps to its memory whatever comes, and no access pays for many keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.rules.ruleset import PlanSettings, parse
from tests.kernel_process import run_java

PROGRAM = Path(__file__).parents[3] / "java" / "CacheLoad.java"
LOOKS, BYTES_A_LOOK = 8, 128
"""What an access may look at: so many keys, and one for each so many bytes that it brings in."""
COUNT = {"by": "user_id", "agg": "count", "window": "24h"}
DISTINCT = {"by": "user_id", "agg": "distinct", "of": "ip", "window": "24h"}
DEVIATION = {"by": "user_id", "agg": "stddev_before", "of": "amount", "window": "24h"}
FIRST_SEEN = {"by": "user_id", "agg": "first_seen", "of": "ip"}
PREVIOUS = {"by": "user_id", "agg": "previous", "of": "device_id", "ttl": "24h"}


def load(folder: Path, *arguments: str, heap_mb: int, **declared: Any) -> dict[str, Any]:
    features = {"n": COUNT, **(declared or {"ips": DISTINCT})}
    content = {"version": "v", "features": features, "rules": {"r": {"when": "n > 1", "points": 1}}}
    plan = parse(content | {"thresholds": {"review": 50, "block": 80}}).plan(PlanSettings())
    (folder / "plan.json").write_text(json.dumps(plan.as_document()))
    places = str(folder / "plan.json"), str(folder / "store")
    answer: dict[str, Any] = json.loads(run_java(PROGRAM, *places, *arguments, heap_mb=heap_mb, is_long=True))
    return answer


@pytest.mark.slow
def test_a_population_that_never_changes_and_always_grows_stays_within_the_budget(tmp_path: Path) -> None:
    said = load(tmp_path, "drive", "1200", "120", heap_mb=40)
    assert said["most_over"] < 1.05
    assert said["most_gone"] <= LOOKS + 40_000 / BYTES_A_LOOK
    assert 0 < said["held"] < 1200


@pytest.mark.slow
def test_a_budget_that_is_halved_is_kept_again_soon_and_no_access_pays_for_it(tmp_path: Path) -> None:
    said = load(tmp_path, "drive", "9000", "16", "halve", heap_mb=48)
    assert said["most_over"] < 1.05
    assert said["most_gone"] <= LOOKS + 4_000 / BYTES_A_LOOK
    assert said["most_shed"] <= (LOOKS + 4_000 / BYTES_A_LOOK) * 4_000
    assert 0.9 < said["of_budget"] < 1.05


@pytest.mark.slow
@pytest.mark.parametrize("events", [10, 300])
@pytest.mark.parametrize(
    "declared",
    [{}, {"first": FIRST_SEEN, "last": PREVIOUS}, {"ips": DISTINCT, "spread": DEVIATION}],
    ids=["distinct", "records", "totals"],
)
def test_a_state_weighs_what_it_takes_in_the_heap(
    tmp_path: Path, declared: dict[str, Any], events: int
) -> None:
    keys = str(150_000 // events)
    said = load(tmp_path, "weigh", keys, str(events), heap_mb=256, **declared)
    assert said["weight"] == pytest.approx(said["heap"], rel=0.1)
