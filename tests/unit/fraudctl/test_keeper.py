"""The keeper, driven look by look against a double of Flink."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from fraudctl.errors import Failed
from fraudctl.flink.answers import Job
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.jobs import resubmission
from fraudctl.jobs.resubmission import pause_ms, younger
from fraudctl.keeper import Keeper
from fraudctl.settings import reading
from pipeline.metrics import KeeperFigures
from pipeline.scoring.job_config import JobConfig
from tests.full_disk import full_disk
from tests.unit.fraudctl.flink.flink_double import WHOLE, Cluster


class Submitted:
    """The other side of the submission seam: takes configurations and adds the job to the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.configs: list[JobConfig] = []
        self.refuses = False

    def __call__(self, stack: Stack, config: JobConfig, lock: int) -> str:
        if self.refuses:
            raise Failed("the job was not accepted: no slots")
        self.configs.append(config)
        return self.cluster.add(f"job{len(self.configs)}", start_ms=len(self.configs))

    def starts(self) -> list[tuple[int, str | None, int]]:
        return [(config.run, config.restore, config.parallelism) for config in self.configs]


def complete(stack: Stack, where: str, time_s: int) -> str:
    folder = stack.home / where
    folder.mkdir(parents=True)
    (folder / "_metadata").write_bytes(WHOLE)
    os.utime(folder / "_metadata", (time_s, time_s))
    return folder.as_uri()


def keeper_of(stack: Stack, cluster: Cluster) -> tuple[Keeper, Submitted]:
    submitted = Submitted(cluster)
    return Keeper(lambda: stack, submitted), submitted


def test_of_two_jobs_the_younger_goes() -> None:
    first, second = (Job(name, "fraudctl-live", "RUNNING", ms, -1) for name, ms in (("a", 1), ("b", 2)))
    assert younger([first, second]) == (second,)


def test_failures_in_a_row_wait_longer_and_longer_up_to_thirty_seconds() -> None:
    assert [pause_ms(n) for n in (0, 1, 2, 3, 6, 99)] == [0, 1000, 2000, 4000, 30000, 30000]


def test_nothing_is_submitted_while_the_job_is_not_wanted(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    keeper.look()
    assert (submitted.starts(), keeper.state.state) == ([], "stopped")


def test_the_first_start_takes_run_one_and_no_state(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    keeper.look()
    keeper.look()
    assert submitted.starts() == [(1, None, stack.profile.pipeline.parallelism)]
    assert (keeper.state.state, keeper.state.job_id, keeper.state.generation) == ("running", "job1", 1)


def test_what_is_known_of_the_job_is_shown_as_figures(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    submitted.refuses = True
    keeper.look()
    before = keeper.figures()
    assert before == KeeperFigures(failures=1, run=1, stopped_plugins=0)
    submitted.refuses = False
    jobs.want(stack, wanted="running")
    keeper.look()
    keeper.look()
    assert keeper.figures() == replace(before, submissions=1, running=True, run=2)


def test_a_job_that_is_given_to_flink_again_though_nobody_asked_for_it_is_counted(
    stack: Stack, cluster: Cluster
) -> None:
    keeper, _ = keeper_of(stack, cluster)

    def counted() -> tuple[int, int]:
        keeper.look()
        return keeper.figures().submissions, keeper.figures().resubmissions

    jobs.want(stack, wanted="running")
    assert (counted(), counted()) == ((1, 0), (1, 0))
    cluster.jobs.clear()
    assert (counted(), counted()) == ((2, 1), (2, 1))
    jobs.want(stack, wanted="stopped")
    cluster.jobs.clear()
    assert counted() == (2, 1)
    jobs.want(stack, wanted="running")
    assert (counted(), counted()) == ((3, 1), (3, 1))


def test_a_keeper_that_is_new_counts_only_the_loss_of_a_job_it_has_seen(
    stack: Stack, cluster: Cluster
) -> None:
    first, _ = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    first.look()
    cluster.jobs.clear()
    after_a_start_of_the_machine, _ = keeper_of(stack, cluster)
    after_a_start_of_the_machine.look()
    beside_a_running_job, _ = keeper_of(stack, cluster)
    beside_a_running_job.look()
    cluster.jobs.clear()
    beside_a_running_job.look()
    assert after_a_start_of_the_machine.figures().resubmissions == 0
    assert beside_a_running_job.figures().resubmissions == 1


def words(keeper: Keeper, cluster: Cluster) -> list[str]:
    """What is said of the job: once handed to Flink, while its tasks are deployed, and when all run."""
    said = []
    for task_state in ("SCHEDULED", "SCHEDULED", "RUNNING"):
        cluster.task_state = task_state
        keeper.look()
        said.append(keeper.state.state)
    return said


def test_a_job_starts_the_first_time_and_restarts_once_it_has_run(stack: Stack, cluster: Cluster) -> None:
    keeper, _ = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    assert words(keeper, cluster) == ["starting", "starting", "running"]
    cluster.task_state = "FAILED"
    keeper.look()
    assert keeper.state.state == "restarting"
    cluster.jobs.clear()
    again, _ = keeper_of(stack, cluster)
    assert words(again, cluster) == ["restarting", "restarting", "running"]


def test_a_job_that_kafka_refuses_is_said_to_be_refused_until_it_runs(stack: Stack, cluster: Cluster) -> None:
    keeper, _ = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    assert words(keeper, cluster) == ["starting", "starting", "running"]
    refused = "org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed"
    cluster.task_state, cluster.trace = "FAILED", f"org.apache.flink.X: top\n\tat A.b\nCaused by: {refused}\n"
    keeper.look()
    seen = jobs.keeper_state(stack)
    assert seen is not None
    assert (seen.state, seen.last_error) == (
        "restarting",
        f"Kafka at {stack.kafka}: the broker does not accept this client; see that the user and what is in "
        "its file in servers.kafka.external are those that the broker knows",
    )
    cluster.task_state = "RUNNING"
    keeper.state = replace(keeper.state, submitted_ms=0)
    keeper.look()
    assert (keeper.state.state, keeper.state.last_error) == ("running", None)


def test_a_job_that_was_stopped_or_is_wanted_otherwise_starts_again(stack: Stack, cluster: Cluster) -> None:
    keeper, _ = keeper_of(stack, cluster)
    for wish in ("running", "running"):
        jobs.want(stack, wanted=wish, restore="none")
        cluster.jobs.clear()
        assert words(keeper, cluster) == ["starting", "starting", "running"]
    jobs.want(stack, wanted="stopped")
    cluster.jobs.clear()
    keeper.look()
    jobs.want(stack, wanted="running")
    assert words(keeper, cluster) == ["starting", "starting", "running"]


def test_a_job_that_failed_before_it_ran_is_restarted(stack: Stack, cluster: Cluster) -> None:
    keeper, _ = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    cluster.task_state = "SCHEDULED"
    keeper.look()
    cluster.jobs["job1"]["state"] = "FAILED"
    keeper.look()
    keeper.state = replace(keeper.state, failed_ms=0)
    cluster.jobs.clear()
    assert words(keeper, cluster) == ["restarting", "restarting", "running"]


def test_a_forgotten_job_comes_back_from_its_newest_checkpoint_under_its_run(
    stack: Stack, cluster: Cluster
) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    keeper.look()
    newest = complete(stack, "checkpoints/run-1/job1/chk-7", 4_000_000_000)
    complete(stack, "checkpoints/run-1/job1/chk-6", 3_900_000_000)
    (stack.home / "checkpoints/run-1/job1/chk-8").mkdir()
    cluster.jobs.clear()
    keeper.look()
    assert submitted.starts()[1:] == [(1, newest, stack.profile.pipeline.parallelism)]


def test_nothing_is_submitted_while_a_lost_job_may_still_run(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    keeper.look()
    cluster.jobs.clear()

    cluster.taskmanagers = 0
    keeper.look()
    assert (keeper.state.state, keeper.state.last_error) == ("waiting", "no TaskManager has registered yet")
    cluster.taskmanagers, cluster.left_over = 1, 1
    keeper.look()
    assert keeper.state.last_error == "tasks of a lost job are still running"
    assert len(submitted.starts()) == 1

    cluster.left_over = 0
    keeper.look()
    assert len(submitted.starts()) == 2


def test_of_several_workers_those_that_are_missing_are_waited_for_until_their_tasks_have_ended(
    stack: Stack, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = replace(stack, profile=reading.load("default", {"servers.flink.taskmanagers": 2}))
    keeper, submitted = keeper_of(two, cluster)
    jobs.want(two, wanted="running")
    now_s = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    keeper.look()
    assert (keeper.state.state, keeper.state.last_error) == ("waiting", "1 of 2 TaskManagers are there")
    now_s += resubmission.SOON_S - 1
    keeper.look()
    assert submitted.starts() == []
    now_s += 1
    keeper.look()
    assert len(submitted.starts()) == 1


def test_a_replay_in_the_other_slots_holds_the_job_back_from_nothing(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    cluster.add("replay", name="fraudctl-replay")
    jobs.want(stack, wanted="running")
    keeper.look()
    assert len(submitted.starts()) == 1


def test_a_new_keeper_goes_on_where_the_old_one_was_killed(stack: Stack, cluster: Cluster) -> None:
    keeper, _ = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    keeper.look()
    newest = complete(stack, "checkpoints/run-1/job1/chk-1", 4_000_000_000)
    cluster.jobs.clear()
    second, submitted = keeper_of(stack, cluster)
    second.look()
    assert submitted.starts() == [(1, newest, stack.profile.pipeline.parallelism)]


def test_a_job_wanted_stopped_is_not_brought_back(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    keeper.look()
    jobs.want(stack, wanted="stopped")
    cluster.jobs.clear()
    keeper.look()
    assert (len(submitted.starts()), keeper.state.state) == (1, "stopped")


def test_of_two_live_jobs_the_younger_is_cancelled(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    cluster.add("old", start_ms=1)
    cluster.add("young", start_ms=2)
    keeper.look()
    assert {name: job["state"] for name, job in cluster.jobs.items()} == {
        "old": "RUNNING",
        "young": "CANCELED",
    }
    assert (submitted.starts(), keeper.state.job_id) == ([], "old")


def test_a_cluster_that_is_away_is_no_failure(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    cluster.away = True
    keeper.look()
    away = keeper.state
    cluster.away = False
    keeper.look()
    assert (away.state, away.failures, len(submitted.starts())) == ("unreachable", 0, 1)


def test_state_that_no_restart_can_need_goes_once_the_job_runs_steadily(
    stack: Stack, cluster: Cluster
) -> None:
    keeper, _ = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    keeper.look()
    old, new, live = ("a" * 32, "b" * 32, "c" * 32)
    complete(stack, f"checkpoints/run-9/{old}/chk-1", 100)
    for number in (1, 2, 3):
        complete(stack, f"checkpoints/run-1/{new}/chk-{number}", 200 + number)
    (stack.home / f"checkpoints/past-4/{live}").mkdir(parents=True)
    cluster.add(live, name="fraudctl-past", start_ms=9)
    keeper.look()
    there = {path.name for path in stack.home.glob("checkpoints/*/*")}
    keeper.state = replace(keeper.state, submitted_ms=1)
    keeper.look()
    assert there == {old, new, live}
    assert {path.name for path in stack.home.glob("checkpoints/*/*")} == {new, live}


def test_a_refused_submission_is_counted_shown_and_waited_for(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    submitted.refuses = True
    jobs.want(stack, wanted="running")
    keeper.look()
    keeper.look()
    shown = jobs.keeper_state(stack)
    assert shown == keeper.state
    assert (shown.state, shown.failures, shown.last_error) == (
        "waiting",
        1,
        "the job was not accepted: no slots",
    )


def test_a_job_that_failed_for_good_is_a_failure_with_its_reason(stack: Stack, cluster: Cluster) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    jobs.want(stack, wanted="running")
    keeper.look()
    cluster.jobs["job1"]["state"] = "FAILED"
    keeper.look()
    assert (keeper.state.failures, keeper.state.last_error, len(submitted.starts())) == (
        1,
        "job job1 failed: java.lang.IllegalState: the real reason",
        1,
    )


def test_a_run_keeps_to_the_offsets_it_was_begun_at_and_another_run_does_not(
    stack: Stack, cluster: Cluster
) -> None:
    keeper, submitted = keeper_of(stack, cluster)
    begun = jobs.Beginning({"0": 17}, {"0": 40})
    jobs.want(stack, wanted="running", parallelism=2, reset=begun, restore="none")
    keeper.look()
    cluster.jobs.clear()
    complete(stack, "checkpoints/run-1/a/chk-1", 4_000_000_000)
    keeper.look()
    jobs.want(stack, wanted="running", reset=None, restore="none")
    cluster.jobs.clear()
    keeper.look()
    wanted = ("run", "parallelism", "start", "emit_from", "name")
    assert [tuple(getattr(config, key) for key in wanted) for config in submitted.configs] == [
        (1, 2, {"0": 17}, {"0": 40}, "fraudctl-live"),
        (1, 2, {"0": 17}, {"0": 40}, "fraudctl-live"),
        (2, 2, "earliest", None, "fraudctl-live"),
    ]
    assert [config.restore is None for config in submitted.configs] == [True, False, True]
    assert str(submitted.configs[0].checkpoints).endswith("/checkpoints/run-1")


def test_on_a_full_disk_nothing_is_submitted_and_the_keeper_goes_on(stack: Stack, cluster: Cluster) -> None:
    jobs.want(stack, wanted="running")
    with full_disk():
        keeper, submitted = keeper_of(stack, cluster)
        keeper.look()
        assert (submitted.starts(), keeper.state.state) == ([], "waiting")
        assert keeper.state.last_error is not None
        assert "File too large" in keeper.state.last_error
    keeper.state = replace(keeper.state, failed_ms=0)
    keeper.look()
    assert submitted.starts() == [(1, None, 1)]
    assert jobs.keeper_state(stack) == keeper.state


def test_what_the_keeper_could_not_write_it_writes_when_there_is_room(stack: Stack, cluster: Cluster) -> None:
    keeper, _ = keeper_of(stack, cluster)
    with full_disk():
        keeper.look()
    kept = jobs.keeper_state(stack)
    assert kept is not None
    assert (keeper.state.state, kept.state) == ("stopped", "starting")
    keeper.look()
    assert jobs.keeper_state(stack) == keeper.state
    assert keeper.state.state == "stopped"
