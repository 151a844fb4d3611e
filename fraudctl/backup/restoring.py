"""Puts a backup back into a home of its own, from which `up` goes on where the backup was taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl.backup import kept_profile, log, manifest
from fraudctl.backup.copying import put_back
from fraudctl.backup.manifest import Manifest
from fraudctl.backup.taking import HOME, PROFILE, RULES, STATE, counted
from fraudctl.engines import beginning
from fraudctl.errors import UsageError
from fraudctl.home import folder as homes
from fraudctl.home import jobs
from fraudctl.home.jobs import KeeperState
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Paths, Stack
from fraudctl.settings import reading

if TYPE_CHECKING:
    from fraudctl.console.progress import Progress

RESTORED: Final = "restored"


def restore(folder: Path, home: Path, progress: Progress) -> tuple[Manifest, Path]:
    """What the backup says of itself, and the profile to start with. The home must be new or empty, or hold
    what a restore that was cut off has left, of which nothing stays.

    Nothing is written before every file of the backup has been found to be what was taken.
    """
    refuse_taken(home)
    found = manifest.verify(folder, counted(progress, "looked at"))
    paths = Paths(home)
    homes.begin_restore(home)
    beginning.make_folders(paths)
    step = counted(progress, "put back")
    for name, target in _places(found, paths):
        put_back(folder / name, target, found.files[name], step)
    profile = _profile(folder, paths)
    _go_on(found, Stack(home, reading.load(profile), {}))
    homes.end_restore(home)
    return found, profile


def refuse_taken(home: Path) -> None:
    """UsageError where there is a stack already, or something else."""
    if homes.is_restored_in_part(home):
        return
    homes.refuse_claim(home)
    if homes.is_used(home):
        raise UsageError(
            f"{home} is a home already",
            hint="restore into one that is not there yet: fraudctl --home DIR backup restore …",
            code="home_taken",
        )


def _places(found: Manifest, paths: Paths) -> Iterator[tuple[str, Path]]:
    targets = {log.FOLDER: paths.data("kafka"), STATE: paths.savepoints, HOME: paths.home}
    for name in found.files:
        room, _, rest = name.partition("/")
        if rest:
            yield name, _below(targets[room], rest)


def _below(target: Path, rest: str) -> Path:
    """UsageError for a name that leads elsewhere: whoever wrote the manifest, it is not to write anywhere."""
    path = target / rest
    if ".." in path.parts or Path(rest).is_absolute():
        raise UsageError(f"{rest!r} is no name of a file in a backup", hint="take another backup")
    return path


def _profile(folder: Path, paths: Paths) -> Path:
    """With the rule set that was in force, so that it can be read where the old files are not."""
    place = paths.home / RESTORED
    rules, profile = place / "rules.json", place / "profile.yaml"
    write_atomically(rules, (folder / RULES).read_text(encoding="utf-8"))
    write_atomically(profile, kept_profile.with_rules((folder / PROFILE).read_text(encoding="utf-8"), rules))
    return profile


def _go_on(found: Manifest, stack: Stack) -> None:
    """The keeper begins with the state of the backup, and with no other of that run."""
    jobs.keep_state(stack, KeeperState(state="stopped", run=found.run))
    is_elsewhere = found.state is not None and "://" in found.state
    wanted = jobs.wanted_live(stack)
    if wanted.restore != jobs.RESET:
        jobs.want(stack, restore=found.state if is_elsewhere else "latest")
