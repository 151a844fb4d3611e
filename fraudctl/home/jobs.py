"""What is kept about jobs below `home/jobs`, and the checkpoints and savepoints that lie beside it.

Files: `live.json` (what is wanted, written by commands), `keeper.json` (what the keeper does, written by it
alone), `savepoint.json` (the last savepoint taken), `run` (the last run number), `runs/N.json` (how run N
began, where that was not the start of the log). Each is replaced as a whole.
"""

from __future__ import annotations

import fcntl
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraudctl.errors import Failed
from fraudctl.flink.rest import local_path
from fraudctl.home.stack import write_atomically

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

POLL_S = 0.1
UNWANTED: dict[str, Any] = {
    "wanted": "stopped",
    "generation": 0,
    "from": "latest",
    "parallelism": None,
    "reset": None,
    "hops": [],
}
RESET = "reset"
"""`from` in the wanted state while the next start is to be a new run at the offsets of `reset`."""
FROM_THE_START: dict[str, Any] = {"start": "earliest", "emit_from": None}


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """A complete checkpoint or savepoint. `run` is None when its path does not tell."""

    path: str
    completed_ms: int
    run: int | None
    is_savepoint: bool


def wanted_live(stack: Stack) -> dict[str, Any]:
    """What the live job should be: wanted (running|stopped), generation, from, parallelism, reset.

    `reset` is how the next run begins (see `begin_run`), None when that is the start of the log.
    """
    return UNWANTED | read_json(stack.paths.jobs / "live.json")


def keeper_state(stack: Stack) -> dict[str, Any]:
    """What the keeper last wrote: state, job_id, run, generation, restored_from, last_error, submitted_ms."""
    return read_json(stack.paths.jobs / "keeper.json")


def want(stack: Stack, **changes: Any) -> dict[str, Any]:
    """Changes the wanted state; every change is a new generation, which the keeper acknowledges."""
    before = wanted_live(stack)
    after = before | changes | {"generation": int(before["generation"]) + 1}
    write_json(stack.paths.jobs / "live.json", after)
    return after


def next_run(stack: Stack) -> int:
    """Takes the next run number: greater than every one taken in this home before, on disk when returned."""
    path = stack.paths.jobs / "run"
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / "run.lock").open("a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        run = int(path.read_text() if path.exists() else 0) + 1
        write_atomically(path, f"{run}\n", 0o600)
    return run


def begin_run(stack: Stack, run: int, beginning: Mapping[str, Any]) -> None:
    """Keep how a run without state begins: `start` (earliest, or offsets) and `emit_from`.

    Events before the offsets of `emit_from` only warm the windows; their decisions are not written. That
    belongs to the run, so every restart of the run from a checkpoint keeps to it.
    """
    write_json(stack.paths.jobs / "runs" / f"{run}.json", beginning)


def beginning(stack: Stack, run: int | None) -> dict[str, Any]:
    """How a run began: `start` and `emit_from`."""
    return FROM_THE_START | (read_json(stack.paths.jobs / "runs" / f"{run}.json") if run else {})


def restore_points(home: Path) -> list[RestorePoint]:
    """Every complete checkpoint and savepoint of this home, by the time of completion, the newest first."""
    found = [
        *(_restore_point(path.parent, False) for path in home.glob("checkpoints/run-*/*/chk-*/_metadata")),
        *(_restore_point(path.parent, True) for path in home.glob("savepoints/run-*/*/_metadata")),
    ]
    remembered = read_json(home / "jobs" / "savepoint.json")
    if remembered and (local_path(remembered["path"]) / "_metadata").exists():
        found.append(_restore_point(local_path(remembered["path"]), True))
    return sorted(set(found), key=lambda point: (point.completed_ms, point.path), reverse=True)


def last_savepoint(stack: Stack) -> str | None:
    """The path of the last savepoint that a command took; None if there was none."""
    path = read_json(stack.paths.jobs / "savepoint.json").get("path")
    return None if path is None else str(path)


def run_of(path: str) -> int | None:
    """The run that a checkpoint or savepoint belongs to, as its path tells."""
    match = re.search(r"/run-(\d+)(?:/|$)", path)
    return int(match[1]) if match else None


@contextmanager
def submission_lock(stack: Stack, wait_s: float) -> Iterator[int]:
    """Held while the live job is submitted or stopped; yields the descriptor. Failed after `wait_s`."""
    path = stack.paths.jobs / "submit.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    with path.open("a") as guard:
        while True:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Failed(
                        f"the live job is still being submitted after {wait_s:.0f} s",
                        hint="look at: fraudctl logs keeper",
                        code="busy",
                    ) from None
                threading.Event().wait(POLL_S)
        yield guard.fileno()


def read_json(path: Path) -> dict[str, Any]:
    """The object in the file; empty when there is no file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as failure:
        raise Failed(
            f"{path} is damaged: {failure}", hint="delete it and submit again", code="damaged"
        ) from failure
    return dict(content)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces the file as a whole, on disk when it returns, readable by the owner alone."""
    write_atomically(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n", 0o600)


def _restore_point(folder: Path, is_savepoint: bool) -> RestorePoint:
    completed_ms = (folder / "_metadata").stat().st_mtime_ns // 1_000_000
    return RestorePoint(folder.as_uri(), completed_ms, run_of(str(folder)), is_savepoint)
