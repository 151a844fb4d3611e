"""What a command is in the middle of that must not be left half done.

`jobs/undertaking.json` is written before the first step and goes with the last one, and the command holds a
lock meanwhile. Who finds the file without the lock knows that the command was cut off, and by which it is
brought to its end: it may be given again after every step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from fraudctl.errors import Failed
from fraudctl.home import forgetting, typed_files
from fraudctl.home.jobs import write_json
from fraudctl.home.locks import locked
from fraudctl.home.paths import Paths
from fraudctl.home.private_files import make_folder, open_private
from fraudctl.home.typed_files import Damaged, Newer


@dataclass(frozen=True, slots=True)
class Undertaking:
    """`command` is what to give again. `servers` are those whose secrets change, and which are started again
    for that. `restarts_job` is whether the live job was stopped for it; `before` how many partitions topics
    had that grow.
    """

    command: str
    servers: tuple[str, ...] = ()
    restarts_job: bool = False
    before: Mapping[str, int] = field(default_factory=dict)

    def finishes(self, other: Undertaking) -> bool:
        """Whether nothing of the other is left when this one is done."""
        return self.command == other.command or (not other.before and set(other.servers) <= set(self.servers))


_KIND: Final = TypeAdapter(Undertaking)


@contextmanager
def begun(home: Path, undertaking: Undertaking) -> Iterator[None]:
    """For as long as it is at work. What it was in the middle of stays, where it is not brought to its end.

    Failed while another command is in the middle of something, or where one was cut off that this does not
    finish.
    """
    make_folder(_lock(home).parent)
    with open_private(_lock(home), "a") as guard:
        is_alone, other = locked(guard), _read(home)
        if not is_alone:
            said = other.command if other else "it has just begun"
            raise Failed(f"another command is at work: {said}", hint="wait for it to end", code="busy")
        if other is not None and not undertaking.finishes(other):
            hint = f"give it again first: {other.command}"
            raise Failed(f"{other.command} was cut off", hint=hint, code="cut_off")
        _keep(home, undertaking)
        yield
        drop(home)


def finished(home: Path, servers: Iterable[str] = (), job: bool = False) -> None:
    """What was cut off is done in another way: these servers were started again, or the live job."""
    found = cut_off(home)
    if found is None:
        return
    left = replace(
        found,
        servers=tuple(one for one in found.servers if one not in set(servers)),
        restarts_job=found.restarts_job and not job,
    )
    if left.before or left.servers or left.restarts_job:
        _keep(home, left)
    else:
        drop(home)


def drop(home: Path) -> None:
    """Nothing is left of it."""
    _file(home).unlink(missing_ok=True)


def cut_off(home: Path) -> Undertaking | None:
    """What a command was in the middle of when it was killed; None where there is nothing. Damaged, Newer."""
    found = _read(home)
    return None if found is None or is_at_work(home) else found


def is_at_work(home: Path) -> bool:
    """Whether a command is in the middle of something."""
    try:
        with _lock(home).open("rb") as guard:
            return not locked(guard)
    except OSError:
        return False


def told(home: Path) -> tuple[str, str] | None:
    """That something was cut off, and the mend, in words; None where nothing was."""
    try:
        found = cut_off(home)
    except (Damaged, Newer) as error:
        return error.message, error.hint
    commands = [found.command] if found else forgetting.cut_off(home)
    return (f"{commands[0]} was cut off", f"give it again: {commands[0]}") if commands else None


def _read(home: Path) -> Undertaking | None:
    mend = "remove it; then: fraudctl up, and what was asked for again"
    return typed_files.read(_file(home), _KIND, mend)


def _keep(home: Path, undertaking: Undertaking) -> None:
    write_json(_file(home), {"format": typed_files.FORMAT, **asdict(undertaking)})


def _file(home: Path) -> Path:
    return Paths(home).jobs / "undertaking.json"


def _lock(home: Path) -> Path:
    return Paths(home).jobs / "undertaking.lock"
