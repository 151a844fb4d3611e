"""What `tests/stack` tries on jobs of two subtasks, on jobs of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.home.stack import Stack
from tests.stack import test_lone_event as lone_event

pytestmark = pytest.mark.timeout(900)


def test_partitions_that_never_had_an_event_hold_nobody_back_not_even_after_a_restart(
    stack: Stack, tmp_path: Path
) -> None:
    lone_event.assert_nobody_is_held_back(stack, tmp_path, parallelism=1)
