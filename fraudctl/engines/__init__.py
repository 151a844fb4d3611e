"""Where a stack runs: one folder an engine, and what they share."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from fraudctl.errors import Failed, FraudctlError, NotRunning, UsageError
from fraudctl.home import stack as stacks
from fraudctl.settings import shipped

if TYPE_CHECKING:
    from fraudctl.engines.contract import Engine
    from fraudctl.home.stack import Stack

FIRST = "local"
"""the engine of a home where nothing has been started yet"""


def names() -> tuple[str, ...]:
    """The engines there are: the folders here."""
    return shipped.engine_names()


def find(name: str) -> Engine:
    """The engine of that name. Raises UsageError when there is none."""
    if name not in names():
        raise UsageError(f"there is no engine {name!r}", hint=f"there are: {', '.join(names())}")
    return cast("Engine", import_module(f"{__name__}.{name}.engine").Engine())


def of(stack: Stack) -> Engine:
    """The engine that a stack runs on."""
    return find(stack.engine)


def of_home(home: Path) -> Engine:
    """The engine of the stack that was last started in a home; the local one where there never was one.

    Where the file that tells is damaged or gone it is the engine that has something running there.
    """
    if (stack := _known(home)) is not None:
        return of(stack)
    found = (engine for engine in map(find, names() if home.exists() else ()) if engine.is_running(home))
    return next(found, None) or find(FIRST)


def _known(home: Path) -> Stack | None:
    """The stack of a home, None where there is none or the file that tells is damaged."""
    try:
        return stacks.read(home)
    except FraudctlError:
        return None


def for_up(home: Path, asked: str | None) -> Engine:
    """The engine that `up` is to use. Raises Failed where a stack of another is in that home.

    Also of one that is stopped: marks of the job and of the stores would be taken for those of another log.
    """
    before = of_home(home)
    if asked is None:
        return before
    wanted = find(asked)
    if type(wanted) is type(before):
        return wanted
    if before.is_running(home):
        raise Failed(
            f"a stack of another engine runs in {home}", hint="run: fraudctl down", code="other_settings"
        )
    if (stack := _known(home)) is not None:
        raise Failed(
            f"the stack in {home} is of the engine {stack.engine}, which has its log and its stores",
            hint=f"go on with it: fraudctl up --engine {stack.engine}; or take another home: --home DIR; "
            "or delete it: fraudctl purge",
            code="other_settings",
        )
    return wanted


def names_elsewhere(home: Path, asked: str | None) -> bool:
    """Whether `up` is about an engine whose stacks run in a cluster."""
    return (of_home(home) if asked is None else find(asked)).is_elsewhere


def current(home: Path | None = None) -> Stack:
    """The running stack of a home; NotRunning if there is none."""
    where = stacks.home_dir(home)
    stack = stacks.read(where)
    if stack is None:
        raise NotRunning(f"no stack has been started in {where}")
    if not of(stack).is_running(where):
        raise NotRunning(f"the stack in {where} is stopped")
    return stack


def running(home: Path | None = None) -> Stack | None:
    """The running stack of a home, None if there is none."""
    try:
        return current(home)
    except NotRunning:
        return None
