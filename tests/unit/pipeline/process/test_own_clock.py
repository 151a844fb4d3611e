"""How far a tick may take its partition by the ticker's own clock."""

from __future__ import annotations

import pytest

from pipeline.process.own_clock import MOST_APART_MS, SLACK_MS, OwnClock

NOW_MS = 1_772_366_400_000
HOUR_MS = 3_600_000


def learned(*ahead_ms: int) -> OwnClock:
    clock = OwnClock()
    for number, one in enumerate(ahead_ms):
        clock.learn(NOW_MS + number, NOW_MS + number + one)
    return clock


@pytest.mark.parametrize("ahead_ms", [0, 5, 900])
def test_a_broker_whose_clock_agrees_is_believed_for_two_seconds_more(ahead_ms: int) -> None:
    assert learned(ahead_ms).limit_ms(NOW_MS) == NOW_MS + ahead_ms + SLACK_MS


def test_a_step_of_an_hour_is_not_believed_however_long_it_lasts() -> None:
    assert learned(3, *[HOUR_MS] * 1_000).limit_ms(NOW_MS) == NOW_MS + 3 + SLACK_MS


def test_a_ticker_that_lags_half_a_minute_behind_a_broker_puts_no_limit_on_it() -> None:
    assert learned(30_004, 30_001, 30_900).limit_ms(NOW_MS) == NOW_MS + 30_001 + SLACK_MS


def test_before_anything_is_known_a_minute_is_allowed_and_never_more() -> None:
    assert OwnClock().limit_ms(NOW_MS) == NOW_MS + MOST_APART_MS + SLACK_MS
    assert learned(HOUR_MS).limit_ms(NOW_MS) == NOW_MS + MOST_APART_MS + SLACK_MS


def test_a_broker_whose_clock_lags_behind_limits_nothing_itself() -> None:
    assert learned(-HOUR_MS).limit_ms(NOW_MS) == NOW_MS + SLACK_MS


def test_a_tick_tells_all_unless_the_broker_is_beyond_its_limit_or_behind_what_it_has_told() -> None:
    clock, limit_ms = OwnClock(), NOW_MS + SLACK_MS
    appends = (NOW_MS, NOW_MS + HOUR_MS, limit_ms - 1, limit_ms, NOW_MS - HOUR_MS, limit_ms)
    told = [clock.tells_all(0, append_ms, limit_ms) for append_ms in appends]
    assert told == [True, False, False, True, False, True]
    assert clock.tells_all(1, NOW_MS - HOUR_MS, limit_ms), "each partition may lie on another broker"
