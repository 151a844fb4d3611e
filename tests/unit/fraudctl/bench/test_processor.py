"""How the processor time of an event is read out of samples."""

from __future__ import annotations

from fraudctl.bench.processor import slope


def test_a_cost_is_read_behind_the_filling_and_before_the_job_idles() -> None:
    samples = [(0.0, 0), (2.0, 900), (3.0, 1_000), (5.0, 2_000), (9.0, 2_000)]
    assert slope(samples, 1_000) == 2_000.0


def test_a_cost_that_no_two_samples_show_is_none() -> None:
    assert [slope([], 0), slope([(1.0, 10)], 5), slope([(1.0, 10), (2.0, 10)], 5)] == [None, None, None]
