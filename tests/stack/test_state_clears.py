"""What no feature can reach any more leaves the state, without another event for its key."""

from __future__ import annotations

from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from pipeline.rules.ruleset import PlanSettings
from tests.stack.flow import await_that
from tests.stack.own_jobs import Setup, await_tasks, bytes_in, running, savepoint_folder, write, written
from tests.streams import START_MS, Row
from tests.waiting import LONG_S

KEYS, ROUNDS = 3_000, 4
SECOND = 1_000

CONTENT = {
    "version": "short-lived",
    "features": {
        "count_2s": {"by": "user_id", "agg": "count", "window": "2s"},
        "session": {"by": "ip", "agg": "count", "session_gap": "1s"},
        "devices": {"by": "card_id", "agg": "distinct", "of": "device_id", "window": "3s"},
        "age": {"by": "user_id", "agg": "first_seen", "of": "device_id", "ttl": "5s"},
        "before": {"by": "device_id", "agg": "previous", "of": "country", "ttl": "5s"},
        "twice": {"by": "merchant_id", "sequence": [{"where": "amount > 1", "times": 2}], "within": "2s"},
    },
    "rules": {"often": {"when": "count_2s > 1000", "points": 60, "reason": "{count_2s}"}},
    "thresholds": {"review": 50, "block": 80},
}
FOREVER_MS = 24 * 3_600 * SECOND + PlanSettings().allowed_lateness_ms
"""The longest that anything here is remembered: a session's retention and for late events."""


def payments() -> list[Row]:
    """Every key several times within a second, then silence."""
    rows = []
    for number in range(KEYS * ROUNDS):
        key, at = number % KEYS, START_MS + number * SECOND // (KEYS * ROUNDS)
        value = (
            f'{{"event_id":"e{number}","user_id":"u{key}","event_time":{at},"amount":5,"ip":"ip{key}",'
            f'"device_id":"d{key}","card_id":"c{key}","merchant_id":"m{key}","country":"FR"}}'
        )
        rows.append(Row(key % 4, number, at, value.encode()))
    return rows


def closing(time_ms: int) -> list[Row]:
    """One record in each partition says that the log is past that time."""
    return [Row(part, 0, 0, None, headers={"close": str(time_ms).encode()}) for part in range(4)]


def test_state_whose_windows_and_memories_are_over_is_gone_from_the_next_savepoint(stack: Stack) -> None:
    settings = PlanSettings(dedup_window_ms=4 * SECOND)
    setup = Setup(stack, CONTENT, "event", settings)
    setup.create("transactions", "decisions", "refusals")
    flink = Flink(stack.flink)

    def size(job_id: str) -> int:
        return bytes_in(flink.savepoint(job_id, savepoint_folder(setup)))

    with running(setup, setup.config(bounded=False)) as job_id:
        await_tasks(setup, job_id)
        empty = size(job_id)
        write(setup, payments() + closing(START_MS + SECOND))
        await_that(lambda: written(setup) == KEYS * ROUNDS, LONG_S, lambda: f"{written(setup)} decisions")
        full = size(job_id)
        write(setup, closing(START_MS + SECOND + FOREVER_MS))
        sizes = [full]

        def is_gone() -> bool:
            sizes.append(size(job_id))
            return sizes[-1] < empty + 4_096

        assert full > empty + KEYS * 200
        await_that(is_gone, LONG_S, lambda: f"empty {empty}, then {sizes}")
