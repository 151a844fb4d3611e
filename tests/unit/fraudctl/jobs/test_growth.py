"""More partitions: what is planned, and which run goes on from which state."""

from __future__ import annotations

from dataclasses import replace

from fraudctl.engines import wanted
from fraudctl.home import grown, jobs
from fraudctl.home.grown import Grown
from fraudctl.home.jobs import Beginning
from fraudctl.home.stack import Stack
from fraudctl.jobs import new_runs
from fraudctl.jobs.growth import Growth, Plan
from fraudctl.jobs.start_points import Start

BEFORE = {"risk.transactions": 4, "risk.decisions": 4, "risk.labels": 8}


def test_the_decisions_grow_before_the_transactions_and_what_is_large_enough_stays() -> None:
    plan = Plan("risk.transactions", BEFORE, 6, is_wanted=True)
    assert (list(plan.growing.items()), list(plan.new)) == (
        [("risk.decisions", 6), ("risk.transactions", 6)],
        [4, 5],
    )
    assert plan.steps() == [
        "stop the job with a savepoint",
        "risk.decisions: 4 to 6 partitions",
        "risk.transactions: 4 to 6 partitions",
        "begin each new partition of risk.transactions with a tick",
        "start the job from the savepoint, as a new run",
        "see that the job has read every partition",
    ]


def test_a_job_that_is_stopped_stays_so() -> None:
    plan = Plan("risk.transactions", BEFORE, 6, is_wanted=False)
    assert [step for step in plan.steps() if "job" in step] == []
    found = Growth(plan, {5: 0, 4: 1}, unsure=1).as_document()
    assert (found["ticks"], found["unsure"], found["run"]) == ({"4": 1, "5": 0}, 1, None)


def test_a_state_from_before_a_partition_came_is_gone_on_from_as_a_new_run(stack: Stack) -> None:
    old, younger = Start(3, "file:///old"), Start(4, "file:///younger")
    assert new_runs.numbered(stack, old, None) == old
    grown.keep(stack.home, Grown(6, after_run=3))
    (stack.paths.jobs / "run").write_text("3\n")
    assert new_runs.numbered(stack, old, None) == Start(4, "file:///old")
    assert new_runs.numbered(stack, younger, None) == younger


def test_what_only_warmed_the_windows_of_the_run_before_is_not_decided_by_the_new_one(stack: Stack) -> None:
    jobs.begin_run(stack, 3, Beginning({"0": 5}, {"0": 9}))
    grown.keep(stack.home, Grown(6, after_run=3))
    (stack.paths.jobs / "run").write_text("3\n")
    assert new_runs.numbered(stack, Start(3, "file:///old"), None).run == 4
    assert jobs.beginning(stack, 4) == Beginning("earliest", {"0": 9})


def test_a_start_without_state_takes_a_number_and_begins_where_it_was_told(stack: Stack) -> None:
    (stack.paths.jobs).mkdir()
    (stack.paths.jobs / "run").write_text("7\n")
    reset = Beginning({"0": 5}, {"0": 9})
    assert new_runs.numbered(stack, Start(None, None), reset) == Start(8, None)
    assert jobs.beginning(stack, 8) == reset


def test_a_profile_has_as_many_partitions_as_the_topics_of_the_home(stack: Stack) -> None:
    assert wanted.profile(stack.home, "default", None).partitions == 4
    grown.keep(stack.home, Grown(6, 1))
    assert wanted.profile(stack.home, "default", None).partitions == 6
    larger = replace(stack.profile, partitions=8)
    assert grown.with_partitions(stack.home, larger) == larger
