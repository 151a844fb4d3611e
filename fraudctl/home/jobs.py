"""What is kept about jobs below `home/jobs`.

Files: `live.json` (what is wanted, written by commands), `keeper.json` (what the keeper does, written by it
alone), `savepoint.json` (the last savepoint taken), `run` (the last run number), `runs/N.json` (how run N
began, where that was not the start of the log), `fraudctl-live.config.json` (what Flink was last handed).
Each is replaced as a whole, and read as the type given here: Damaged and Newer name the file and the mend.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter

from fraudctl.errors import Failed
from fraudctl.home import run_counter, typed_files
from fraudctl.home.locks import locked
from fraudctl.home.private_files import make_folder, open_private, write_atomically
from fraudctl.home.typed_files import FORMAT, Damaged, Newer
from fraudctl.waiting import until
from pipeline.records.clock import now_ms

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

POLL_S = 0.1
RESET = "reset"
"""`restore` in the wanted state while the next start is to be a new run at the offsets of `reset`."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a run without state begins: offsets by partition, or `earliest`.

    Events before the offsets of `emit_from` only warm the windows; their decisions are not written. That
    belongs to the run, so every restart of the run from a checkpoint keeps to it.
    """

    start: Literal["earliest"] | Mapping[str, int] = "earliest"
    emit_from: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class WantedLive:
    """What the live job should be. `reset` is how the next run begins, None for the start of the log.

    `restore` (`from` in the file) is `latest`, `none`, `reset` or the path of a checkpoint or savepoint.
    """

    wanted: Literal["stopped", "running"] = "stopped"
    generation: int = 0
    restore: Annotated[str, Field(alias="from")] = "latest"
    parallelism: int | None = None
    reset: Beginning | None = None
    hops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeeperState:
    """What the keeper last wrote. `run`, `base` and `base_ms` say which state a restart may use."""

    state: str = "starting"
    """starting | stopped | submitting | running | restarting | waiting | unreachable

    A job starts until all its tasks have run once since it was asked for; from then on, and after a failure,
    it restarts.
    """
    has_run: bool = False
    """Whether all tasks have run since the job was asked for."""
    generation: int = 0
    """The generation of the wanted state that was last acted on."""
    run: int | None = None
    base: str | None = None
    base_ms: int = 0
    job_id: str | None = None
    restored_from: str | None = None
    submitted_ms: int = 0
    failures: int = 0
    failed_ms: int = 0
    last_error: str | None = None
    passed_over: tuple[str, ...] = ()
    """The states that the last start would have used, had they not been damaged: each with what is wrong."""


@dataclass(frozen=True, slots=True)
class Savepoint:
    """The last savepoint that a command took."""

    path: str
    completed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Submitted:
    """What is needed of the configuration that the live job was last submitted with."""

    run: int
    restore: str | None = None
    hops: tuple[str, ...] | None = None


_WANTED: Final = TypeAdapter(WantedLive)
_KEEPER: Final = TypeAdapter(KeeperState)
_SAVEPOINT: Final = TypeAdapter(Savepoint)
_BEGINNING: Final = TypeAdapter(Beginning)
_SUBMITTED: Final = TypeAdapter(Submitted)


def wanted_live(stack: Stack) -> WantedLive:
    """What the live job should be; nothing is wanted in a new home."""
    mend = "remove it, which leaves a running job as it is; then: fraudctl job submit"
    return typed_files.read(stack.paths.jobs / "live.json", _WANTED, mend) or WantedLive()


def keeper_state(stack: Stack) -> KeeperState | None:
    """What the keeper last wrote; None before it ever has."""
    mend = "run: fraudctl restart keeper, which writes it anew"
    return typed_files.read(stack.paths.jobs / "keeper.json", _KEEPER, mend)


def keep_state(stack: Stack, state: KeeperState) -> None:
    """Put on disk what the keeper does."""
    _write(stack.paths.jobs / "keeper.json", _KEEPER, state)


def submitted_live(stack: Stack) -> Submitted | None:
    """How the live job was last submitted; None before it ever was."""
    mend = "remove it; the next start of the job writes it anew"
    return typed_files.read(_submitted_file(stack), _SUBMITTED, mend)


def recovered_state(stack: Stack) -> KeeperState:
    """What the keeper must know of the past where its own file is lost: from the last submission.

    Without any run in force an old run would be gone on with, whose decisions lose against those of the last.
    """
    submitted = submitted_live(stack)
    if submitted is None:
        return KeeperState()
    at_ms = _written_ms(_submitted_file(stack))
    wish = stack.paths.jobs / "live.json"
    is_done = wish.exists() and _written_ms(wish) <= at_ms
    generation = wanted_live(stack).generation if is_done else 0
    return KeeperState(generation=generation, run=submitted.run, base=submitted.restore, base_ms=at_ms)


def want(stack: Stack, **changes: Any) -> WantedLive:
    """Changes fields of the wanted state; every change is a new generation, which the keeper acknowledges."""
    before = wanted_live(stack)
    after = replace(before, **changes, generation=before.generation + 1)
    _write(stack.paths.jobs / "live.json", _WANTED, after)
    return after


def begin_run(stack: Stack, run: int, beginning: Beginning) -> None:
    """Keep how a run without state begins."""
    _write(stack.paths.jobs / "runs" / f"{run}.json", _BEGINNING, beginning)


def beginning(stack: Stack, run: int | None) -> Beginning:
    """How a run began. Where that can no longer be read it must not be guessed: Damaged."""
    if run is None:
        return Beginning()
    mend = "put it back from a copy, or begin a new run: fraudctl job stop, fraudctl job submit --from none"
    return typed_files.read(stack.paths.jobs / "runs" / f"{run}.json", _BEGINNING, mend) or Beginning()


def last_savepoint(home: Path) -> str | None:
    """The path of the last savepoint that a command took; None if there was none."""
    mend = "remove it; savepoints are found without it"
    found = typed_files.read(home / "jobs" / "savepoint.json", _SAVEPOINT, mend)
    return None if found is None else found.path


def remember_savepoint(stack: Stack, path: str) -> None:
    """Keep the path of a savepoint that a command took."""
    _write(stack.paths.jobs / "savepoint.json", _SAVEPOINT, Savepoint(path, now_ms()))


def problems(stack: Stack) -> list[Failed]:
    """Every file about jobs that cannot be used, each with its mend."""
    runs = [int(path.stem) for path in (stack.paths.jobs / "runs").glob("*.json") if path.stem.isdigit()]
    looks: list[Callable[[], object]] = [
        *(partial(read, stack) for read in (wanted_live, keeper_state, submitted_live)),
        partial(last_savepoint, stack.home),
        partial(run_counter.counted, stack.paths.jobs / "run"),
        *(partial(beginning, stack, run) for run in sorted(runs)),
    ]
    found: list[Failed] = []
    for look in looks:
        try:
            look()
        except (Damaged, Newer) as failure:
            found.append(failure)
    return found


@contextmanager
def submission_lock(stack: Stack, wait_s: float) -> Iterator[int]:
    """Held while the live job is submitted or stopped; yields the descriptor. Failed after `wait_s`."""
    path = stack.paths.jobs / "submit.lock"
    make_folder(path.parent)
    with open_private(path, "a") as guard:
        until(
            lambda: locked(guard),
            wait_s,
            lambda: Failed(
                f"the live job is still being submitted after {wait_s:.0f} s",
                hint="look at: fraudctl logs keeper",
                code="busy",
            ),
            every_s=POLL_S,
        )
        yield guard.fileno()


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Replaces the file as a whole, on disk when it returns, readable by the owner alone."""
    write_atomically(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _submitted_file(stack: Stack) -> Path:
    return stack.paths.jobs / "fraudctl-live.config.json"


def _written_ms(path: Path) -> int:
    return path.stat().st_mtime_ns // 1_000_000


def _write(path: Path, kind: TypeAdapter[Any], content: Any) -> None:
    write_json(path, {"format": FORMAT, **kind.dump_python(content, mode="json", by_alias=True)})
