"""What pairs of runs say of a ratio."""

from __future__ import annotations

import pytest

from fraudctl.bench.paired import Ratio, mirrored, ratio


def test_turns_are_mirrored_so_that_neither_is_always_the_later() -> None:
    assert mirrored(4) == [0, 1, 1, 0, 0, 1, 1, 0]


def test_a_ratio_is_the_mean_of_the_pairs_and_is_bounded_by_how_they_differ() -> None:
    found = ratio([100.0, 200.0, 100.0, 50.0], [110.0, 220.0, 110.0, 55.0])
    assert found == Ratio(1.1, 1.1, 1.1)
    found = ratio([100.0, 100.0], [110.0, 100.0])
    assert found is not None
    # log(1.1) / 2, with the t of one degree of freedom and the same as its deviation of the mean
    assert found.middle == pytest.approx(1.1**0.5, abs=1e-4)
    assert (found.low, found.high) == (
        pytest.approx(1.1 ** (0.5 - 12.706 / 2), abs=1e-4),
        pytest.approx(1.1 ** (0.5 + 12.706 / 2), abs=1e-4),
    )


def test_drift_that_both_runs_of_a_pair_share_does_not_widen_the_bounds() -> None:
    assert ratio([100.0, 50.0, 25.0], [102.0, 51.0, 25.5]) == Ratio(1.02, 1.02, 1.02)


def test_pairs_that_lack_a_figure_count_for_nothing_and_one_alone_has_no_bounds() -> None:
    assert ratio([None, 100.0, 0.0], [3.0, 90.0, 5.0]) == Ratio(0.9)
    assert ratio([None], [1.0]) is None


def test_bounds_within_the_share_say_no_those_outside_yes_and_all_others_cannot_tell() -> None:
    assert [
        Ratio(*one).differs(0.03)
        for one in (
            (1.0, 0.98, 1.02),
            (0.9, 0.88, 0.92),
            (1.1, 1.05, 1.2),
            (1.0, 0.9, 1.1),
            (1.02, 1.01, 1.04),
            (1.0,),
        )
    ] == [False, True, True, None, None, None]
    assert str(Ratio(0.9871, 0.97, 1.0051)) == "0.987 (0.970 to 1.005)"
