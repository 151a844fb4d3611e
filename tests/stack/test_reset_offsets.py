"""Offsets reset: the next run decides from there on what was decided before, from warm windows."""

from __future__ import annotations

from fraudctl.console.progress import Progress
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs import live as jobs
from fraudctl.jobs.submission import LIVE
from tests.stack.cli import ask, data_of
from tests.stack.flow import (
    all_tasks_run,
    await_checkpoint,
    await_decisions,
    await_that,
    decisions,
    kill,
    live_job_id,
    newest,
    send_all,
    workload,
)
from tests.waiting import LONG_S

EVENTS = 600


def test_a_reset_run_repeats_the_decisions_from_its_offsets_on_and_no_other(stack: Stack) -> None:
    load = workload()
    send_all(stack, load, 0, EVENTS)
    first = newest(await_decisions(stack, load, EVENTS))
    places = {n: (one.decision.source.partition, one.decision.source.offset) for n, one in first.items()}
    before = int(jobs.status(stack)["run"])
    middle = {p: sorted(o for q, o in places.values() if q == p) for p, _ in places.values()}
    offsets = {p: found[len(found) // 2] for p, found in middle.items()}
    to = ",".join(f"{p}:{offset}" for p, offset in sorted(offsets.items()))
    again = {n for n, (p, offset) in places.items() if offset >= offsets[p]}

    assert ask(stack, "job", "reset-offsets", "--to", to, "--yes")["error"]["code"] == "running"
    shown = data_of(stack, "job", "reset-offsets", "--to", to, "--dry-run")
    assert {int(p): one["decide_from"] for p, one in shown["offsets"].items()} == offsets
    jobs.stop(stack, LONG_S, Progress())
    made = data_of(stack, "job", "reset-offsets", "--to", to, "--yes")
    assert made == shown | {"dry_run": False}
    started = jobs.start(stack, LONG_S, Progress())
    run = int(started["run"])
    assert (run > before, started["keeper"]["restored_from"]) == (True, None)

    def decided_again() -> dict[int, bytes]:
        logged = decisions(stack, load)
        return {n: one.value for n, all_of in logged.items() for one in all_of if one.run == run}

    await_that(lambda: len(decided_again()) >= len(again), LONG_S, lambda: f"{len(decided_again())} again")
    await_checkpoint(stack)
    stopped = live_job_id(stack)
    kill(stack, "flink-jobmanager")

    def is_resumed() -> bool:
        live = [job.job_id for job in Flink(stack.flink).live(LIVE)]
        return live not in ([], [stopped]) and all_tasks_run(stack)

    await_that(is_resumed, LONG_S, lambda: "the job is not back")
    send_all(stack, load, EVENTS, EVENTS + 50)
    await_decisions(stack, load, EVENTS + 50, LONG_S)
    found = decided_again()
    assert {n: value for n, value in found.items() if n < EVENTS} == {n: first[n].value for n in again}
    assert sorted(n for n in found if n >= EVENTS) == list(range(EVENTS, EVENTS + 50))
    assert jobs.status(stack)["run"] == run
