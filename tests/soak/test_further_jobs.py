"""What `tests/stack` tries on jobs of two subtasks and on short logs: on jobs of one, and on longer logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.home.stack import Stack
from tests.stack import test_determinism as determinism
from tests.stack import test_live_parity as live_parity
from tests.stack import test_live_rules as live_rules
from tests.stack import test_lone_event as lone_event
from tests.stack.own_jobs import Setup

pytestmark = pytest.mark.timeout(900)
recorded, undisturbed = determinism.recorded, determinism.undisturbed


def test_a_job_whose_taskmanager_is_killed_in_the_middle_decides_the_same(
    recorded: Setup, undisturbed: dict[tuple[str, str], bytes]
) -> None:
    determinism.assert_a_kill_changes_nothing(recorded, undisturbed, parallelism=1)


def test_each_decision_is_by_the_rule_set_in_force_at_its_due_and_a_shadow_changes_none(stack: Stack) -> None:
    live_rules.assert_each_is_by_what_is_in_force(stack, parallelism=1)


def test_partitions_that_never_had_an_event_hold_nobody_back_not_even_after_a_restart(
    stack: Stack, tmp_path: Path
) -> None:
    lone_event.assert_nobody_is_held_back(stack, tmp_path, parallelism=1)


def test_a_backlog_read_unevenly_from_four_partitions_is_decided_as_the_reference_says(stack: Stack) -> None:
    live_parity.assert_backlog_agrees_with_reference(stack, (36_000, 18_000, 300))
