from __future__ import annotations

from fraudctl.console.progress import Progress
from fraudctl.flink.file_uri import local_path
from fraudctl.flink.rest import Flink
from fraudctl.home import jobs as jobfiles
from fraudctl.home.stack import Stack
from fraudctl.jobs import live
from fraudctl.jobs.submission import LIVE
from pipeline.records.clock import now_ms
from tests.stack.flow import (
    all_tasks_run,
    await_decisions,
    await_that,
    kill,
    live_job_id,
    newest,
    send_all,
    workload,
)
from tests.waiting import LONG_S

OF_A_JOB = 500
"""Classes that each further job would bring, of kernel and connector, were they not the cluster's own."""


def classes_loaded(stack: Stack) -> int:
    """How many the TaskManager has loaded since it began."""
    flink, name = Flink(stack.flink), "Status.JVM.ClassLoader.ClassesLoaded"
    (worker,) = flink.taskmanagers()
    return int(flink.metrics(f"/taskmanagers/{worker.name}", [name])[name])


def test_a_stopped_job_goes_on_from_its_savepoint_and_repeats_nothing(stack: Stack) -> None:
    load = workload()
    send_all(stack, load, 0, 300)
    await_decisions(stack, load, 300)
    stopped = live.stop(stack, LONG_S, Progress())
    send_all(stack, load, 300, 600)
    started = live.start(stack, LONG_S, Progress())
    found = await_decisions(stack, load, 600)
    assert started["keeper"]["restored_from"] == stopped["savepoint"]
    assert {len(all_of) for all_of in found.values()} == {1}
    assert {one.run for all_of in found.values() for one in all_of} == {started["run"]}


def test_a_savepoint_leaves_the_job_running(stack: Stack) -> None:
    job_id = live_job_id(stack)
    taken = live.savepoint(stack, LONG_S)
    assert (taken["job_id"], live_job_id(stack), all_tasks_run(stack)) == (job_id, job_id, True)


def test_a_savepoint_names_no_class_of_the_kernel_so_that_classes_can_move(stack: Stack) -> None:
    folder = local_path(live.savepoint(stack, LONG_S)["savepoint"])
    files = [file for file in folder.iterdir() if file.is_file()]
    assert folder / "_metadata" in files
    assert [file for file in files if b"fraudctl.kernel" in file.read_bytes()] == []


def test_a_rescaled_job_goes_on_at_the_new_parallelism(stack: Stack) -> None:
    load = workload()
    send_all(stack, load, 0, 300)
    await_decisions(stack, load, 300)
    wider = live.rescale(stack, 2, LONG_S, Progress())
    send_all(stack, load, 300, 600)
    found = await_decisions(stack, load, 600)
    narrower = live.rescale(stack, 1, LONG_S, Progress())
    send_all(stack, load, 600, 700)
    await_decisions(stack, load, 700)
    assert [
        {task["parallelism"] for task in s["flink"]["tasks"]} >= {n} for s, n in ((wider, 2), (narrower, 1))
    ]
    assert {len(all_of) for all_of in found.values()} == {1}
    assert wider["run"] == narrower["run"]


def test_a_keeper_killed_while_it_submits_leaves_one_job_whose_classes_are_those_of_the_jobs_before(
    stack: Stack,
) -> None:
    classes = classes_loaded(stack)
    live.stop(stack, LONG_S, Progress())
    jobfiles.want(stack, wanted="running", restore="latest")
    await_that(
        lambda: jobfiles.keeper_state(stack).state == "submitting",
        LONG_S,
        lambda: "the keeper does not submit",
    )
    kill(stack, "keeper")
    live.start(stack, LONG_S, Progress())
    settled_ms = now_ms() + 3_000
    await_that(
        lambda: now_ms() > settled_ms and len(Flink(stack.flink).live(LIVE)) == 1,
        LONG_S,
        lambda: f"live jobs: {Flink(stack.flink).live(LIVE)}",
    )
    assert all_tasks_run(stack)
    assert classes_loaded(stack) - classes < OF_A_JOB


def test_a_start_from_none_is_a_new_run_over_the_whole_log_whose_decisions_win(stack: Stack) -> None:
    load = workload()
    send_all(stack, load, 0, 200)
    first = newest(await_decisions(stack, load, 200))
    before = live.status(stack)["run"]
    live.stop(stack, LONG_S, Progress())
    started = live.start(stack, LONG_S, Progress(), restore="none")
    run = int(started["run"])

    def all_again() -> bool:
        return {one.run for one in newest(await_decisions(stack, load, 200)).values()} == {run}

    await_that(all_again, LONG_S, lambda: "the new run has not decided everything again")
    second = newest(await_decisions(stack, load, 200))
    assert run > before
    assert {n: one.value for n, one in second.items()} == {n: one.value for n, one in first.items()}
