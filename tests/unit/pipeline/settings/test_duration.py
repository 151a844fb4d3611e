"""Durations: the one grammar of rule sets, profiles, scenarios, faults and options."""

from __future__ import annotations

import pytest

from pipeline.records.clock import DAY_MS, HOUR_MS
from pipeline.settings import duration

WHOLE = [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("24h", 86_400_000), ("30d", 2_592_000_000)]


@pytest.mark.parametrize(("text", "ms"), [*WHOLE, ("1.5m", 90_000), ("0.25s", 250), ("0s", 0)])
def test_a_duration_is_read_as_milliseconds(text: str, ms: int) -> None:
    assert duration.parse(text) == ms


@pytest.mark.parametrize(("text", "ms"), WHOLE)
def test_a_whole_duration_is_a_whole_number_and_a_unit(text: str, ms: int) -> None:
    assert duration.parse(text, whole=True) == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "m",
        "s",
        "-1s",
        "5 s",
        "5 weeks",
        "5weeks",
        "1e3s",
        "1s2s",
        " 5s",
        "5s\n",
        "1.s",
        ".5s",
        "0.5ms",
        "1.00001s",
        "٣s",
        "1" * 13 + "s",
        None,
        5,
        True,
        b"5s",
        ["5s"],
        {"5s": 1},
    ],
)
def test_what_is_no_duration_is_refused_in_few_words(text: object) -> None:
    with pytest.raises(ValueError, match="not a duration") as caught:
        duration.parse(text)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("text", ["", "5", "m", "-1s", "1.5s", "1.0s", "5 weeks", "1s2s"])
def test_what_is_no_whole_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration.parse(text, whole=True)


@pytest.mark.parametrize(
    ("text", "least_ms", "most_ms", "words"),
    [
        ("0s", 1, DAY_MS, "must be above 0"),
        ("25h", 1, DAY_MS, "must be from 1ms to 1d, not 25h"),
        ("99ms", 100, HOUR_MS, "must be from 100ms to 1h, not 99ms"),
        ("999999999999d", 0, duration.MOST_MS, "must be from 0ms to 36500d, not 999999999999d"),
    ],
)
def test_one_out_of_bounds_is_refused_with_the_bounds(
    text: str, least_ms: int, most_ms: int, words: str
) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        duration.parse(text, least_ms, most_ms)
    assert str(caught.value) == words


@pytest.mark.parametrize("ms", [0, 1, 999, 1_000, 90_000, 3_600_000, 86_400_000, 86_400_001])
def test_what_is_written_is_read_back(ms: int) -> None:
    assert duration.parse(duration.write(ms), whole=True) == ms


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0, "0ms"),
        (300_000, "5m"),
        (1_455 * 60_000, "1d 15m"),
        (86_400_001, "1d 1ms"),
        (90_061_500, "1d 1h 1m 1s 500ms"),
    ],
)
def test_what_is_shown_is_in_the_units_that_a_reader_adds_up(ms: int, shown: str) -> None:
    assert duration.show(ms) == shown
