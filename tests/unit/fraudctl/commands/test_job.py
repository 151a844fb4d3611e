"""What commands on the job answer."""

from __future__ import annotations

from fraudctl.commands.job import answer
from fraudctl.jobs.live_answers import Checkpoints, LiveStatus, Task, submission_of


def status(tasks: list[Task], checkpoints: Checkpoints) -> LiveStatus:
    return {
        "wanted": "running",
        "parallelism": 1,
        "run": 1,
        "keeper": submission_of(None),
        "flink": {
            "job_id": "a",
            "state": "RUNNING",
            "all_tasks_running": True,
            "start_ms": 0,
            "tasks": tasks,
            "checkpoints": checkpoints,
        },
        "stopped_plugins": [],
    }


def test_tasks_and_checkpoints_are_shown() -> None:
    task: Task = {"name": "score", "parallelism": 1, "state": "RUNNING"}
    shown = answer("it runs", status([task], {"completed": 3, "failed": 1, "latest": None}))
    assert shown.summary == "it runs; 3 checkpoints complete, 1 failed"
    assert [table.rows for table in shown.tables] == [[("score", 1, "RUNNING")]]


def test_what_whoever_runs_the_job_does_not_say_is_not_shown_as_none_at_all() -> None:
    shown = answer("it runs", status([], {"completed": None, "failed": None, "latest": None}))
    assert (shown.summary, shown.tables) == ("it runs", ())
