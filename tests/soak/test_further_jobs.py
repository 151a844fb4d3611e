"""What `tests/stack` tries on jobs of two subtasks and on short logs: on jobs of one, and on longer logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.home.stack import Stack
from tests.stack import test_live_parity as live_parity
from tests.stack import test_lone_event as lone_event

pytestmark = pytest.mark.timeout(900)


def test_partitions_that_never_had_an_event_hold_nobody_back_not_even_after_a_restart(
    stack: Stack, tmp_path: Path
) -> None:
    lone_event.assert_nobody_is_held_back(stack, tmp_path, parallelism=1)


def test_a_backlog_read_unevenly_from_four_partitions_is_decided_as_the_reference_says(stack: Stack) -> None:
    live_parity.assert_backlog_agrees_with_reference(stack, (36_000, 18_000, 300))
