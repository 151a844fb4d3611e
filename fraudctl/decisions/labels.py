"""An analyst's verdict: one record on the labels topic, for an event that was decided."""

from __future__ import annotations

import json
import time
from typing import Any

from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from pipeline.records.events import format_time


def write(stack: Stack, event_id: str, fraud: bool, user: str | None) -> dict[str, Any]:
    """Append the verdict and give its document. Without `user` the decisions are searched for the event.

    UsageError when no decision bears the id, or those of several users do.
    """
    owner = user or _owner(stack, event_id)
    document = {
        "event_id": event_id,
        "user_id": owner,
        "label": "fraud" if fraud else "legit",
        "label_time": format_time(int(time.time() * 1000)),
        "scenario": None,
        "instance": None,
        "by": "analyst",
    }
    sender = admin.Sender(stack.kafka, give_up_s=30)
    value = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    sender.send(stack.profile.topics.labels, value, owner.encode())
    if sender.flush() or sender.failed:
        raise Failed("Kafka did not take the label", hint="see: fraudctl status", code="not_accepted")
    return document


def _owner(stack: Stack, event_id: str) -> str:
    """The user of the decided event; the whole decisions topic is read for it."""
    start = f'{{"event_id":{json.dumps(event_id, ensure_ascii=False)},"user_id":'.encode()
    users = set()
    for record in admin.tail(stack.kafka, stack.profile.topics.decisions):
        if record.value is not None and record.value.startswith(start):
            users.add(str(json.loads(record.value)["user_id"]))
    if len(users) == 1:
        return users.pop()
    if users:
        raise UsageError(
            f"{len(users)} users have an event {event_id}: {', '.join(sorted(users)[:5])}",
            hint="say which with --user",
            code="several_events",
        )
    raise UsageError(
        f"no decision about {event_id}", hint="check the id, or name its user with --user", code="no_event"
    )
