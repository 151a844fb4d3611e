"""The live job where its own cluster starts it."""

from __future__ import annotations

from fraudctl.jobs.application import steps_of

COUNT = {"agg": "count", "window": "5m"}


def test_it_has_a_step_by_every_key_of_its_rule_set_and_of_those_to_come() -> None:
    content = {
        "version": "v",
        "features": {
            "together": {"by": ["merchant_id", "user_id"], **COUNT},
            "network": {"by": "ip_net", **COUNT},
            "card": {"by": "card_id", **COUNT},
        },
        "rules": {"r": {"when": "card > 5", "points": 60}},
        "thresholds": {"review": 50, "block": 80},
    }
    assert steps_of(content, ["ip", "card_id"]) == ("ip", "card_id", "ip_net(ip)", "user_id+merchant_id")
