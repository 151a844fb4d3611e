"""A candidate beside the live rule set of the running job: compared, held back by a gate, promoted."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from fraudctl.compare import shadow
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations
from fraudctl.kafka.sender import Sender
from fraudctl.traffic import labels
from pipeline.records.clock import now_ms
from tests.stack import flow
from tests.stack.cli import ask, data_of
from tests.waiting import LONG_S

EVENTS = 20
FRAUDS = 5


def test_a_shadow_is_compared_then_held_back_by_a_gate_then_promoted(stack: Stack, tmp_path: Path) -> None:
    live, candidate = activations.of(stack).read()[-1], tmp_path / "candidate.yaml"
    rule = {"when": "amount > 900", "points": 100}
    more = {"version": "candidate", "rules": {**live.content["rules"], "huge": rule}}
    candidate.write_text(json.dumps({**live.content, **more}))
    assert ask(stack, "rules", "compare")["error"]["code"] == "no_shadow"
    started = data_of(stack, "rules", "shadow", str(candidate))
    assert (started["hash"], started["shadow"]["version"]) == (live.hash, "candidate")
    token = f"shadow-{now_ms()}"
    send(stack, token)
    flow.await_that(lambda: compared(stack) >= EVENTS, LONG_S, lambda: f"{compared(stack)} are compared")
    plain = data_of(stack, "rules", "compare")
    assert plain["diff"]["flips"] == {"approve to block": FRAUDS}
    assert plain["diff"]["by_rule"] == {"huge": {"fires": FRAUDS, "no_longer": 0, "points": 0}}
    with ThreadPoolExecutor(EVENTS) as analysts:  # each waits a second for a producer of its own
        wait([analysts.submit(judge, stack, f"{token}-{number}", number) for number in range(EVENTS)])
    measures = data_of(stack, "rules", "compare")["measures"]
    assert [shares(measures[side], "alert_rate", "precision", "recall") for side in ("live", "shadow")] == [
        [(0, EVENTS), (0, 0), (0, FRAUDS - 1)],
        [(FRAUDS, EVENTS), (FRAUDS - 1, FRAUDS), (FRAUDS - 1, FRAUDS - 1)],
    ]
    gate = tmp_path / "gate.yaml"
    gate.write_text("max_flips: 0.1\nmin_recall: 0.9\n")
    held = ask(stack, "rules", "promote", "--gate", str(gate))
    assert (held["exit_code"], held["data"]["promoted"]) == (5, False)
    assert [(one["name"], one["passed"]) for one in held["data"]["gate"]] == [
        ("min_compared", True),
        ("min_recall", True),
        ("max_flips", False),
    ]
    gate.write_text("max_flips: 0.3\nmin_recall: 0.9\n")
    promoted = data_of(stack, "rules", "promote", "--gate", str(gate))
    assert (promoted["version"], promoted["shadow"]) == ("candidate", None)
    assert data_of(stack, "rules", "rollback")["hash"] == live.hash


def judge(stack: Stack, event_id: str, number: int) -> None:
    """An analyst's verdict: of the few that are large all but one are fraud."""
    labels.write(stack, event_id, fraud=number < FRAUDS - 1, user=event_id)


def send(stack: Stack, token: str) -> None:
    """The first few are large; each is of a user of its own."""
    sender, now = Sender(stack.kafka), now_ms()
    for number in range(EVENTS):
        user = f"{token}-{number}"
        event = {
            "event_id": user,
            "user_id": user,
            "event_time": now + number,
            "amount": 950 if number < FRAUDS else 7,
        }
        sender.send(stack.profile.topics.transactions, json.dumps(event).encode(), user.encode())
    assert (sender.flush(), sender.failed) == (0, 0)


def compared(stack: Stack) -> int:
    try:
        return shadow.compare(stack, Progress()).diff.compared
    except UsageError:
        return 0


def shares(measure: dict[str, Any], *names: str) -> list[tuple[int, int]]:
    return [(measure[name]["part"], measure[name]["whole"]) for name in names]
