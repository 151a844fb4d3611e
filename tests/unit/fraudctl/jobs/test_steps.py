"""By which keys a job has steps that no keeper of ours has submitted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraudctl.home.stack import Stack
from fraudctl.jobs import steps
from tests.unit.fraudctl.flink.flink_double import Cluster

ALONE = ("Source: transactions -> decode and stamp", "features by user_id", "features by ip+card_id")
CHAINED = ("Source: transactions -> decode -> (refusals: Writer, features by ip_net(ip) -> order -> batch)",)


@pytest.fixture
def operated(stack: Stack) -> Stack:
    """A stack whose job somebody else submits."""
    return replace(stack, engine="kubernetes")


@pytest.mark.parametrize(("tasks", "keys"), [(ALONE, ("user_id", "ip+card_id")), (CHAINED, ("ip_net(ip)",))])
def test_the_steps_are_those_of_the_job_that_runs_whether_or_not_they_are_chained(
    operated: Stack, cluster: Cluster, tasks: tuple[str, ...], keys: tuple[str, ...]
) -> None:
    cluster.add("a")
    cluster.tasks = tasks
    assert steps.known(operated, list) == keys


def test_where_no_job_runs_there_are_none(operated: Stack, cluster: Cluster) -> None:
    cluster.add("a", state="FINISHED")
    assert steps.known(operated, lambda: ["ip"]) is None


def test_while_flink_is_silent_those_count_that_were_ever_needed(operated: Stack, cluster: Cluster) -> None:
    cluster.away = True
    assert steps.known(operated, lambda: ["user_id", "ip"]) == ["user_id", "ip"]
    assert steps.known(operated, list) is None


def test_of_a_job_that_the_keeper_submits_flink_is_not_asked(stack: Stack, cluster: Cluster) -> None:
    assert steps.known(stack, list) is None
    assert cluster.asked == []


def test_a_step_that_is_missing_comes_by_whoever_starts_the_job(stack: Stack, operated: Stack) -> None:
    assert "--restart" in steps.mend(stack)
    assert "job.hops" in steps.mend(operated)
