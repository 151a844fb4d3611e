from __future__ import annotations

import json
import threading

import pytest

from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, FraudctlError, UsageError
from fraudctl.home import jobs as jobfiles
from fraudctl.home.jobs import Beginning, WantedLive
from fraudctl.home.stack import Stack
from fraudctl.jobs import live, run_numbers, states, submission
from fraudctl.jobs import reset as job_reset
from pipeline.scoring.job_config import JobConfig
from tests.unit.fraudctl.flink.flink_double import Cluster


def kept_by(stack: Stack, **state: object) -> None:
    jobfiles.write_json(stack.paths.jobs / "keeper.json", state)


def test_nothing_is_wanted_in_a_new_home(stack: Stack) -> None:
    assert live.wanted_live(stack) == WantedLive(
        wanted="stopped", generation=0, restore="latest", parallelism=None, reset=None, hops=()
    )


def test_run_numbers_grow_and_are_never_given_twice(stack: Stack) -> None:
    taken: list[int] = []
    threads = [threading.Thread(target=lambda: taken.append(run_numbers.next_run(stack))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(taken), run_numbers.next_run(stack)) == (list(range(1, 9)), 9)


def test_starting_waits_until_all_tasks_run_and_tells_the_status(stack: Stack, cluster: Cluster) -> None:
    cluster.add("a")
    kept_by(stack, generation=1, state="running", run=1)
    found = live.start(stack, 5, Progress())
    assert (found["wanted"], found["run"], found["flink"]["job_id"]) == ("running", 1, "a")
    assert live.wanted_live(stack).generation == 1


def test_a_start_that_the_keeper_cannot_carry_out_says_why(stack: Stack) -> None:
    kept_by(stack, generation=1, failures=3, failed_ms=2**60, last_error="no slots")
    with pytest.raises(Failed, match="no slots"):
        live.start(stack, 5, Progress())


def test_a_start_that_takes_too_long_names_the_state_of_the_keeper(stack: Stack) -> None:
    with pytest.raises(Failed, match="the job does not run after 0 s: the keeper is not there"):
        live.start(stack, 0, Progress())


def test_a_running_job_is_not_started_from_elsewhere(stack: Stack) -> None:
    jobfiles.want(stack, wanted="running")
    with pytest.raises(UsageError, match="already running"):
        live.start(stack, 5, Progress(), restore="none")


def test_a_savepoint_that_is_not_there_is_refused_before_anything_changes(stack: Stack) -> None:
    with pytest.raises(UsageError, match="is no complete savepoint"):
        live.start(stack, 5, Progress(), restore="/nowhere")
    assert live.wanted_live(stack).generation == 0


def test_stopping_changes_what_is_wanted_and_remembers_the_savepoint(stack: Stack, cluster: Cluster) -> None:
    cluster.add("a")
    kept_by(stack, run=4)
    jobfiles.want(stack, wanted="running")
    found = live.stop(stack, 5, Progress())
    path = (stack.home / "savepoints/run-4/savepoint-1").as_uri()
    assert found == {"job_id": "a", "savepoint": path}
    assert live.wanted_live(stack).wanted == "stopped"
    points = states.restore_points(stack)
    assert [(point.path, point.run, point.is_savepoint) for point in points] == [(path, 4, True)]


def test_a_stop_without_a_possible_savepoint_leaves_the_job_wanted(stack: Stack, cluster: Cluster) -> None:
    cluster.add("a")
    cluster.savepoints = False
    jobfiles.want(stack, wanted="running")
    with pytest.raises(FraudctlError, match="not all tasks run"):
        live.stop(stack, 5, Progress())
    assert live.wanted_live(stack).wanted == "running"


def test_a_savepoint_waits_for_tasks_that_are_started_again(stack: Stack, cluster: Cluster) -> None:
    cluster.add("a")
    cluster.starting = 2
    jobfiles.want(stack, wanted="running")
    assert live.savepoint(stack, 5)["savepoint"] is not None
    cluster.starting = 2
    assert live.stop(stack, 5, Progress())["savepoint"] is not None
    assert (cluster.starting, cluster.jobs["a"]["state"]) == (0, "FINISHED")


def test_a_job_whose_tasks_never_run_is_not_stopped_and_it_is_said_why(
    stack: Stack, cluster: Cluster
) -> None:
    cluster.add("a")
    cluster.starting = 1_000
    jobfiles.want(stack, wanted="running")
    with pytest.raises(Failed, match="not all tasks run at the moment"):
        live.stop(stack, 0, Progress())
    assert live.wanted_live(stack).wanted == "running"


def test_a_job_that_keeps_failing_is_stopped_without_a_savepoint_which_it_cannot_give(
    stack: Stack, cluster: Cluster
) -> None:
    cluster.add("a")
    cluster.task_state, cluster.starting = "INITIALIZING", 1_000
    jobfiles.want(stack, wanted="running")
    kept_by(stack, generation=1, state="restarting", run=1, failures=2)
    assert live.stop(stack, 5, Progress()) == {"job_id": "a", "savepoint": None}
    assert (cluster.jobs["a"]["state"], live.wanted_live(stack).wanted) == ("CANCELED", "stopped")


def test_a_stop_without_savepoint_cancels(stack: Stack, cluster: Cluster) -> None:
    cluster.add("a")
    jobfiles.want(stack, wanted="running")
    assert live.stop(stack, 5, Progress(), savepoint=False) == {"job_id": "a", "savepoint": None}
    assert cluster.jobs["a"]["state"] == "CANCELED"


def test_a_stop_waits_for_a_submission_under_way(stack: Stack, cluster: Cluster) -> None:
    with jobfiles.submission_lock(stack, 1), pytest.raises(Failed, match="still being submitted"):
        live.stop(stack, 0, Progress())


def test_more_parallelism_than_slots_is_refused_with_the_number(stack: Stack) -> None:
    with pytest.raises(UsageError, match="parallelism 3 is not possible, Flink has 2 slots"):
        live.rescale(stack, 3, 5, Progress())


def test_the_status_without_a_job_says_so(stack: Stack) -> None:
    nothing = {
        "state": None,
        "last_error": None,
        "restored_from": None,
        "passed_over": None,
        "submitted_ms": None,
    }
    assert live.status(stack) == {
        "wanted": "stopped",
        "parallelism": stack.profile.pipeline.parallelism,
        "run": None,
        "keeper": nothing,
        "stopped_plugins": [],
        "flink": None,
    }


def test_a_damaged_file_is_named(stack: Stack) -> None:
    path = stack.paths.jobs / "live.json"
    path.parent.mkdir(parents=True)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(Failed, match=str(path)):
        live.wanted_live(stack)


def test_a_bounded_job_has_its_own_topic_group_run_and_time(stack: Stack) -> None:
    config = submission.job_config(stack, 7, name="fraudctl-past", time="event", bounded=True, group="g")
    chosen = ("name", "run", "time", "bounded", "group", "restore", "start")
    found = [getattr(config, key) for key in chosen]
    assert found == ["fraudctl-past", 7, "event", True, "g", None, "earliest"]
    assert JobConfig.from_document(json.loads(json.dumps(config.as_document()))) == config


def test_after_a_reset_the_next_start_is_a_new_run_and_the_one_after_it_is_not(
    stack: Stack, cluster: Cluster
) -> None:
    reset = job_reset.Reset("t", {0: 10}, {0: 40}, {0: 90}, 1_000, "v1")
    assert (reset.warm_up, reset.decides) == (30, 50)
    job_reset.apply(stack, reset)
    begun = Beginning({"0": 10}, {"0": 40})
    assert live.wanted_live(stack) == WantedLive(
        wanted="stopped", generation=1, restore="reset", parallelism=None, reset=begun, hops=()
    )
    found = []
    for generation, restore in ((2, "latest"), (3, "latest"), (4, "none")):
        cluster.add(f"job{generation}")
        kept_by(stack, generation=generation, state="running", run=1)
        live.start(stack, 5, Progress(), restore=restore)
        wanted = live.wanted_live(stack)
        found.append((wanted.restore, wanted.reset))
        file = stack.paths.jobs / "live.json"
        jobfiles.write_json(file, json.loads(file.read_text()) | {"wanted": "stopped"})
        cluster.jobs.clear()
    assert found == [("none", begun), ("latest", begun), ("none", None)]


def test_offsets_are_not_reset_under_a_running_job(stack: Stack, cluster: Cluster) -> None:
    cluster.add("a")
    with pytest.raises(UsageError, match="the job is running") as refused:
        job_reset.apply(stack, job_reset.Reset("t", {}, {}, {}, None, "v1"))
    assert refused.value.hint == "stop it first with: fraudctl job stop"
    assert live.wanted_live(stack).reset is None


def test_who_sends_to_a_job_that_was_stopped_can_be_told_so(stack: Stack) -> None:
    jobfiles.want(stack, wanted="running")
    assert live.stopped(stack) == ""
    jobfiles.want(stack, wanted="stopped")
    assert live.stopped(stack).endswith("go on with: fraudctl job submit")
    jobfiles.write_json(stack.paths.jobs / "live.json", ["damaged"])
    assert live.stopped(stack) == ""
