"""Takes a backup of a stack, whether it runs or not: the least from which everything else is made again.

That is the log, the state of the job, the keys, the rule sets and the audit log. Stores are not in it: their
writers fill them from the log. Nothing is stopped meanwhile.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl import __version__, engines
from fraudctl.backup import kept_profile, log, manifest
from fraudctl.backup.copying import Copies
from fraudctl.backup.manifest import Manifest
from fraudctl.errors import Failed, UsageError
from fraudctl.flink.file_uri import local_path
from fraudctl.flink.rest import Flink
from fraudctl.home import audit, rulesets
from fraudctl.home import folder as homes
from fraudctl.home.jobs import keeper_state
from fraudctl.home.private_files import write_atomically
from fraudctl.jobs import activations, live, states
from fraudctl.jobs.submission import LIVE
from fraudctl.kafka import admin
from fraudctl.states.place import RestorePoint
from pipeline.records.clock import now_ms

if TYPE_CHECKING:
    from fraudctl.console.progress import Progress
    from fraudctl.home.stack import Stack

STATE: Final = "state"
PROFILE: Final = "profile.json"
RULES: Final = "rules.json"
HOME: Final = "home"
_OF_HOME: Final = ("rules", "jobs", "labels", "secrets")
_WRITTEN_BY_PROGRAMS: Final = frozenset({"keeper.json", "savepoint.json", "submit.lock", "undertaking.lock"})
_NAMELESS: Final = ".unfinished"
"""how the names of files end that were never given their own (see `pipeline.disk.files`)"""
_ROOM: Final = 100_000_000
_TRIES: Final = 20
SAVEPOINT_S: Final = 300.0


def create(stack: Stack, folder: Path, progress: Progress) -> tuple[Manifest, str]:
    """Take it into a folder that is new, empty, or holds one that was cut off; what it says of itself, and
    the checksum of that.

    UsageError where it cannot be there, Failed where the stack is of another engine or the disk is too small.
    """
    _refuse(stack, folder)
    is_running = engines.running(stack.home) is not None
    state = _state(stack, progress, is_running)
    copies = Copies(folder, counted(progress, "copied"))
    _begin(folder)
    copies.put(PROFILE, kept_profile.text(stack.profile).encode())
    copies.put(RULES, json.dumps(_rules(stack, is_running), ensure_ascii=False, indent=1).encode())
    kept = _copy_state(copies, state)
    cut = _cut_topics(stack) if is_running else ()
    has_log = _has_log(stack)
    if has_log:
        _copy_log(copies, stack)
    _copy_home(copies, stack.home)
    keeper = keeper_state(stack)
    run = state.run if state and state.run is not None else keeper.run if keeper else None
    made = Manifest(__version__, now_ms(), str(stack.home), run, kept, has_log, cut, copies.files)
    return made, made.write(folder)


def _refuse(stack: Stack, folder: Path) -> None:
    if stack.engine != engines.FIRST:
        raise Failed(
            f"a backup is of stacks of the engine {engines.FIRST}, this one is of {stack.engine}",
            hint="copy its volumes by its own means, the log after the savepoints; see docs/operations.md",
            code="not_ours",
        )
    if folder.exists() and not (folder.is_dir() and (_is_empty(folder) or manifest.is_unfinished(folder))):
        raise UsageError(f"{folder} is not an empty folder", hint="name one that is not there yet")
    if folder.resolve().is_relative_to(stack.home.resolve()):
        raise UsageError(f"{folder} is in the home that is copied", hint="name a folder on another disk")
    place = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    data = stack.paths.data("kafka")
    needed = _ROOM + (log.size(data) if data.is_dir() else 0)
    if (free := shutil.disk_usage(place).free) < needed:
        said = f"{free / 1e9:.1f} GB are free for {folder}, {needed / 1e9:.1f} GB are needed"
        raise Failed(said, hint="make room, or name a folder on another disk", code="disk")


def _is_empty(folder: Path) -> bool:
    """Whether nothing is in it but what was never given its name."""
    return all(path.name.endswith(_NAMELESS) for path in folder.iterdir())


def _begin(folder: Path) -> None:
    """Anew where one was cut off there."""
    write_atomically(folder / manifest.UNFINISHED, "")
    named = (folder / name for name in (log.FOLDER, STATE, HOME, PROFILE, RULES))
    for path in (*named, *folder.glob(f".*{_NAMELESS}")):
        if reason := homes.delete(path):
            said = f"{path}, of a backup that was cut off, cannot be deleted: {reason}"
            raise Failed(said, hint="delete it, or name another folder")


def _state(stack: Stack, progress: Progress, is_running: bool) -> RestorePoint | None:
    """The job's state at this moment, or the newest that is whole where the job does not run."""
    if is_running and stack.runs_jobs and Flink(stack.flink).live(LIVE):
        progress.update(0, "taking a savepoint")
        path = live.savepoint(stack, SAVEPOINT_S)["savepoint"]
        return states.of(stack).point(str(path))
    keeper = keeper_state(stack)
    for point in states.restore_points(stack):
        if (keeper is None or point.run == keeper.run) and states.flaw(stack, point) is None:
            return point
    return None


def _copy_state(copies: Copies, state: RestorePoint | None) -> str | None:
    """A savepoint alone is a state that can lie anywhere; one in a bucket stays there."""
    if state is None or not state.path.startswith("file:"):
        return None if state is None else state.path
    if not state.is_savepoint:
        raise Failed(
            "the job does not run and has left a checkpoint alone, which cannot be moved",
            hint="start it and take the backup while it runs, or: fraudctl down, which takes a savepoint",
            code="no_savepoint",
        )
    folder = local_path(state.path)
    place = f"{STATE}/run-{state.run or 0}/{folder.name}"
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            copies.take(path, f"{place}/{path.relative_to(folder)}")
    return place


def _has_log(stack: Stack) -> bool:
    return "kafka" in stack.addresses and stack.profile.server("kafka").external is None


def _copy_log(copies: Copies, stack: Stack) -> None:
    for files in log.partitions(stack.paths.data("kafka"), stack.profile.topics):
        for source, name in files:
            try:
                copies.take(source, name)
            except FileNotFoundError:
                continue  # its retention has ended meanwhile
    if not any(name.startswith(f"{log.FOLDER}/{log.METADATA}-") for name in copies.files):
        raise Failed("the broker's knowledge of its topics was not found", hint="fraudctl doctor")


def _copy_home(copies: Copies, home: Path) -> None:
    """The audit log last: it must know every change that the rules topic has."""
    for path in _files_of(home):
        copies.take(path, f"{HOME}/{path.relative_to(home)}")
    for name in (audit.LOG, audit.HEAD):
        if (home / name).is_file():
            copies.take(home / name, f"{HOME}/{name}")


def _files_of(home: Path) -> Iterator[Path]:
    for name in _OF_HOME:
        for path in sorted((home / name).rglob("*")):
            if path.is_file() and path.name not in _WRITTEN_BY_PROGRAMS and not path.name.endswith(_NAMELESS):
                yield path


def _rules(stack: Stack, is_running: bool) -> dict[str, object]:
    """The rule set in force, where the log can be asked; else that of the profile."""
    if is_running and "kafka" in stack.addresses and (chain := activations.of(stack).read()):
        return dict(chain[-1].content)
    return dict(rulesets.load(stack.profile.rules).content)


def _cut_topics(stack: Stack) -> tuple[str, ...]:
    names = stack.profile.topics
    asked = (names.transactions, names.decisions, names.rules)
    return tuple(name for name in asked if any(admin.begin_offsets(stack.kafka, name).values()))


def counted(progress: Progress, word: str) -> manifest.Step:
    """Shows how many bytes there have been."""
    done = 0

    def step(size: int) -> None:
        nonlocal done
        done += size
        progress.update(0, f"{done / 1e6:,.0f} MB {word}")

    return step
