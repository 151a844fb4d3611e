"""The file of rules: at their own pace, and at a quicker one for who tries them."""

from __future__ import annotations

import json
from typing import Any

from fraudctl.monitoring import rules_file
from fraudctl.monitoring.alerts import ALERTS
from fraudctl.monitoring.queries import RECORDED


def groups(faster: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(rules_file.text("URL", faster))["groups"]
    return found


def rule(name: str, faster: int) -> dict[str, Any]:
    rules = (rule for group in groups(faster) for rule in group["rules"])
    return next(rule for rule in rules if name in (rule.get("alert"), rule.get("record")))


def test_at_their_own_pace_the_rules_are_those_that_are_listed() -> None:
    recorded, alerts = groups(1)
    assert {one["record"]: one["expr"] for one in recorded["rules"]} == RECORDED
    assert alerts["rules"] == [alert.document("URL") for alert in ALERTS]
    assert (recorded["interval"], alerts["interval"]) == ("10s", "10s")


def test_a_quicker_pace_shortens_windows_offsets_and_waits_and_no_figure() -> None:
    assert rule("AlertRateHigh", 12) | {"labels": {}, "annotations": {}} == {
        "alert": "AlertRateHigh",
        "expr": "fraudctl:flagged:ratio1h > 3 * (fraudctl:flagged:ratio1h offset 7200000ms)"
        " and fraudctl:flagged:ratio1h > 0.01",
        "for": "25000ms",
        "labels": {},
        "annotations": {},
    }
    assert rule("fraudctl:flagged:rate1h", 12)["expr"] == (
        'sum(rate(fraudctl_decisions_total{decision!="approve"}[300000ms]))'
    )
    assert rule("DiskFills", 12)["expr"] == "predict_linear(fraudctl_disk_free_bytes[300000ms], 14400) < 0"
    assert rule("StoreBehind", 12)["expr"] == rule("StoreBehind", 1)["expr"]


def test_however_quick_rules_are_evaluated_once_a_second_at_most() -> None:
    assert [group["interval"] for group in groups(12)] == ["1000ms", "1000ms"]
