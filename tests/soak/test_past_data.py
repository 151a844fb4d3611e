"""The larger files of real card payments through a whole stack; the smallest is in `tests/stack`."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.home.stack import Stack
from tests.stack import test_past_data as past_data

# The double of DynamoDB takes every decision by itself, 2 ms of processor time each: on a machine with
# other work it is done in half an hour. A writer that stands still is told much sooner.
pytestmark = pytest.mark.timeout(5_400)
rules = past_data.rules


@pytest.mark.parametrize("table", past_data.LARGE, ids=lambda table: table.file)
def test_every_count_of_exact_windows_comes_out_of_postgres(
    stack: Stack, rules: Path, table: past_data.Table
) -> None:
    past_data.assert_counted(stack, rules, table)
