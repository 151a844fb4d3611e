"""What is told of runs by turns, watched and unwatched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fraudctl.bench import watching_pairs
from fraudctl.bench.watching_pairs import Found, Run, Sizes
from fraudctl.console.result import Result


def run(rate: float | None, p99_ms: float, taskmanager_us: float, is_good: bool = True) -> Run:
    figures = {"capacity_per_second": rate, "p99_ms": p99_ms, "taskmanager_us": taskmanager_us}
    return Run(is_good, figures, {"score": taskmanager_us / 2})


def found(watched: list[Run], unwatched: list[Run]) -> Found:
    return Found(Sizes(60, 600_000, 5_000), unwatched, watched)


def data_of(told: Result) -> Mapping[str, Any]:
    assert isinstance(told.data, Mapping)
    return told.data


def test_each_aim_is_met_missed_or_left_open_and_the_stages_are_told() -> None:
    same = [run(40_000.0, 60.0, 30.0), run(44_000.0, 61.0, 31.0), run(42_000.0, 55.0, 30.0)]
    slower = [run(40_100.0, 90.0, 33.0), run(43_900.0, 70.0, 34.1), run(42_000.0, 95.0, 33.0)]
    told = watching_pairs.answer(found(slower, same))
    assert told.exit_code == 0
    assert data_of(told)["differs"] == {"capacity_per_second": False, "p99_ms": None}
    assert data_of(told)["ratios"]["taskmanager_us"] == {"middle": 1.1, "low": 1.1, "high": 1.1}
    assert told.tables[0].rows[0] == (
        "capacity_per_second",
        "40,000 44,000 42,000",
        "40,100 43,900 42,000",
        42_000.0,
        42_000.0,
        "1.000 (0.994 to 1.006)",
    )
    assert list(told.tables[1].rows) == [("score", 15.0, 16.5, "1.100 (1.100 to 1.100)")]


def test_without_runs_over_a_backlog_nothing_is_said_of_capacity() -> None:
    told = watching_pairs.answer(found([run(None, 60.0, 30.0)] * 2, [run(None, 60.0, 30.0)] * 2))
    assert data_of(told)["differs"] == {"p99_ms": False}


def test_a_run_that_lost_an_event_or_its_rate_makes_the_whole_not_good() -> None:
    told = watching_pairs.answer(found([run(None, 60.0, 30.0)], [run(None, 60.0, 30.0, is_good=False)]))
    assert (told.exit_code, told.summary.startswith("NOT GOOD: ")) == (watching_pairs.NOT_GOOD, True)
