"""A page that is really served, of a source that is no stack and holds what hostile strangers send."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fraudctl.console.tables import Table
from fraudctl.errors import Unhealthy
from fraudctl.views.pulse import Pulse
from fraudctl.views.watcher import View
from fraudctl.views.web.serving import Page
from fraudctl.views.web.source import Answer, Hit
from pipeline.records.flagged import Flagged

LONG = "<b>&\"'" * 10_923
"""64 KB, each byte of which means something in HTML"""
HOSTILE = ("<script>alert(1)</script>", "\x1b[2J\x07evil", "abc\u202efdp.exe", LONG)


def flagged(user: str, event: str) -> Flagged:
    why = ({"rule": "r", "points": 90, "text": f"5 users like {event[:100]}"},)
    return Flagged("2026-01-31T23:59:59.123Z", "", user, event, "5", "EUR", "198.18.0.1", 90, "block", why)


class Strange:
    """Two looks, and an alert for each hostile id; `alert` adds one."""

    name = "<i>name</i>"
    age_s = 0.0
    """of the newest look"""

    def __init__(self) -> None:
        self._alerts = [flagged(one, one) for one in HOSTILE]
        self._number = 1

    def alert(self, user: str, event: str) -> None:
        self._alerts.insert(0, flagged(user, event))
        self._number += 1

    def view(self) -> View:
        now_s = time.time() - self.age_s
        past = (Pulse(now_s - 3, 10.0, 9.0, 0.5, 0.01, 0.2, {"<u>job</u>": 3}), Pulse(now_s, 12.0))
        return View(self._number, past, tuple(self._alerts))

    def decision(self, user_id: str, event_id: str) -> Answer | None:
        if event_id == "nobody":
            return None
        if event_id == "surprise":
            raise KeyError("<b>never thought of</b>")
        table = Table("Transaction", ("field", "value"), [("event_id", event_id), ("user_id", user_id)])
        rules = Table("Rules", ("values and reason",), [("users = 5\n5 users from one address",)])
        return Answer(("block: score 90 (60 + 30)",), (table, rules))

    def found(self, query: str) -> Sequence[Hit]:
        return [Hit("now", "block", 90, query, query, query)]

    def rules(self) -> Answer:
        return Answer((), (Table("In force", ("version",), [("<v1>",)]),))

    def compared(self) -> Answer:
        raise Unhealthy("no <shadow> runs", hint="run: fraudctl rules shadow")


@contextmanager
def served(source: Strange) -> Iterator[Page]:
    page = Page(source, None)
    thread = threading.Thread(target=page.serve, daemon=True)
    thread.start()
    try:
        yield page
    finally:
        page.stop()
        thread.join(10)
