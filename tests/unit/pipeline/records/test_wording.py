from __future__ import annotations

import pytest

from pipeline.records.wording import counted


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 rules"), (1, "1 rule"), (2, "2 rules"), (12_000, "12,000 rules")]
)
def test_what_is_counted_reads_as_one_says_it(number: int, told: str) -> None:
    assert counted(number, "rule") == told
