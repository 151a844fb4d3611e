"""Wilson's interval against published values."""

from __future__ import annotations

import pytest

from fraudctl.compare.proportions import Share


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert Share(part, whole).interval == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_is_unknown_rather_than_zero() -> None:
    assert Share(0, 0).as_document() == {"part": 0, "whole": 0, "value": None, "low": None, "high": None}
    assert str(Share(0, 0)) == "-"
    assert str(Share(1, 10)) == "10 % (1.79 % to 40.4 %)"
