"""When a rate counts as sustained, and how the highest such is found."""

from __future__ import annotations

import pytest

from fraudctl.bench.sustained import FINEST, highest, judge

RATE = 100.0
SECONDS = 60


def waits(grown_ms_per_s: float, from_ms: float = 20.0) -> list[float]:
    """Latencies of a minute, each second's a little longer than the one before."""
    return [from_ms + grown_ms_per_s * number / RATE for number in range(int(RATE) * SECONDS)]


def test_a_steady_rate_is_sustained() -> None:
    found = judge(waits(0), RATE, {"postgres": 0.4})
    assert (found.sustained, found.reason, found.growth) == (True, "", 0.0)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_a_queue_that_grows_is_found_long_before_it_is_long(share: float) -> None:
    found = judge(waits(share * 1000), RATE, {})
    assert (found.sustained, found.growth) == (False, pytest.approx(share, rel=0.01))
    assert found.reason.startswith(f"the queue before the job grew by {share:.1%} of the time")


def test_a_queue_that_stands_is_no_sustained_rate_though_nothing_grows() -> None:
    found = judge(waits(0, from_ms=27_000.0), RATE, {})
    assert (found.sustained, found.reason) == (False, "a queue of 27.0 s stands before the job")


def test_a_stall_in_the_middle_is_no_queue() -> None:
    stalled = waits(0)
    stalled[2_900:3_100] = [2_000.0] * 200
    assert judge(stalled, RATE, {}).sustained


@pytest.mark.parametrize(
    ("caught_up_s", "reason"),
    [
        (None, "redis had not caught up when the wait for it was over"),
        (31.2, "redis was 31 s behind at the end"),
    ],
)
def test_a_store_that_falls_behind_is_named(caught_up_s: float | None, reason: str) -> None:
    assert judge(waits(0), RATE, {"postgres": 0.1, "redis": caught_up_s}).reason == reason


def test_no_event_at_all_is_no_reason_of_this_kind() -> None:
    assert judge([], RATE, {}).sustained


@pytest.mark.parametrize("limit", [30.0, 700.0, 1_000.0, 4_321.0, 50_000.0])
def test_the_highest_rate_is_found_to_a_tenth_and_few_are_tried(limit: float) -> None:
    tried: list[float] = []

    def bears(rate: float) -> bool:
        tried.append(rate)
        return rate <= limit

    found = highest(bears, 1_000.0)
    assert limit / FINEST / 1.01 <= found <= limit
    assert len(tried) <= 14


def test_where_nothing_is_borne_the_search_ends() -> None:
    assert highest(lambda _: False, 1_000.0) == 0.0
