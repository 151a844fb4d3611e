"""Lines that job, programs and function have written, as CloudWatch keeps them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fraudctl.aws.account import Account

JOB, NOTIFY = "job", "notify"
LOOK_S: Final = 2.0
_LATE_MS: Final = 30_000
"""how long after its time a line may come to be known"""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, when it was written (epoch milliseconds), and what tells it from every other."""

    identity: str
    written_ms: int
    text: str


def read(account: Account, what: str, since_ms: int) -> Iterator[LogLine]:
    """Every line of the job, of the function, or of one program, in the order of their times. Refused."""
    group = what if what in (JOB, NOTIFY) else "programs"
    asked: dict[str, object] = {"logGroupName": f"/fraudctl/{account.name}/{group}", "startTime": since_ms}
    if group == "programs":
        asked["logStreamNamePrefix"] = f"{what}/"
    token: dict[str, object] = {}
    while True:
        answer = account.ask("logs", "filter_log_events", **asked, **token)
        for one in answer["events"]:
            yield LogLine(one["eventId"], int(one["timestamp"]), str(one["message"]).rstrip("\n"))
        if "nextToken" not in answer:
            return
        token = {"nextToken": answer["nextToken"]}


def tail(account: Account, what: str, since_ms: int, most: int) -> list[str]:
    """The newest lines since then, at most so many."""
    return [one.text for one in deque(read(account, what, since_ms), maxlen=most)]


def follow(account: Account, what: str, since_ms: int) -> Iterator[str]:
    """Lines as they come; each once, though CloudWatch may tell an older one later. Never ends by itself."""
    told: dict[str, int] = {}
    newest_ms = since_ms
    while True:
        for one in read(account, what, newest_ms - _LATE_MS if told else since_ms):
            if one.identity not in told:
                yield one.text
            told[one.identity] = one.written_ms
            newest_ms = max(newest_ms, one.written_ms)
        told = {identity: at for identity, at in told.items() if at >= newest_ms - _LATE_MS}
        time.sleep(LOOK_S)
