"""Becomes the user of a home and runs a program as that user, by root: `python -I -S become.py WHAT PROGRAM`.

That user reaches neither `/root` nor what lies below it, and there Python, the packages, the cache and the
home often are. So the program gets a view of the file system of its own (a mount namespace): over each folder
that is closed to the user lies an empty one, in which only what a stack needs is to be seen, for reading
alone but for the home. In that view the user has an account, which PostgreSQL and Java ask for. Nothing is
changed for anybody else, and no program gets back the rights of root (`no_new_privs`).

Knows the standard library alone. It ends with REFUSED and one line that says why where it cannot be done.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

REFUSED: Final = 77
_NEW_VIEW: Final = 0x00020000
_READ_ONLY, _REMOUNT, _BIND, _ALL_BELOW, _FROM_OUTSIDE = 1, 32, 4096, 16384, 1 << 19
_KEPT_FLAGS: Final = 2 | 4 | 8  # nosuid, nodev, noexec: the same bits in statvfs and mount
_NO_NEW_PRIVILEGES: Final = 38
_ACCOUNTS: Final = "/etc/passwd"

_libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    """The user cannot do without root's rights; the text says what is in the way."""


@dataclass(frozen=True)
class Wanted:
    """The user's number, and absolute paths: what it is to see, must read, and writes to beside the home."""

    user: int
    home: str
    seen: Sequence[str] = ()
    read: Sequence[str] = ()
    written: Sequence[str] = ()


@dataclass
class _Cover:
    """A folder that is closed to the user, and what is to be seen in it: targets and what lies there."""

    folder: str
    targets: dict[str, str] = field(default_factory=dict)


def main(arguments: Sequence[str]) -> None:
    """The first argument is a `Wanted` in JSON, the others are a program; without one it is only tried."""
    wanted = Wanted(**json.loads(arguments[0]))
    try:
        _change_view(wanted)
        _become(wanted.user)
        _check(wanted, is_real=bool(arguments[1:]))
    except Refused as refused:
        sys.stdout.write(f"{refused}\n")
        raise SystemExit(REFUSED) from None
    if arguments[1:]:
        os.execv(arguments[1], list(arguments[1:]))


def _change_view(wanted: Wanted) -> None:
    covers = _covers(wanted)
    try:
        _checked(_libc.unshare(_NEW_VIEW))
        _mount(None, "/", _ALL_BELOW | _FROM_OUTSIDE)
    except OSError as error:
        if covers:
            closed = ", ".join(cover.folder for cover in covers)
            raise Refused(f"{closed}: closed to others, and a view of its own: {error.strerror}") from None
        return
    before = os.umask(0o022)
    # Soon nothing of it can be named any more.
    opened = {place: _opened(place) for cover in covers for place in cover.targets.values()}
    for cover in covers:
        _lay(cover, opened, [wanted.home, *wanted.written])
    _add_account(wanted)
    os.umask(before)


def _covers(wanted: Wanted) -> list[_Cover]:
    """One for each closed folder."""
    covers: dict[str, _Cover] = {}
    places = [*wanted.seen, *wanted.written, *(_around(one) for one in wanted.read), wanted.home]
    for place in sorted({*places, *map(os.path.realpath, places)}, key=lambda one: one.count("/")):
        closed = _closed_above(place)
        if closed is None or not Path(place).exists():
            continue
        cover = covers.setdefault(os.path.realpath(closed), _Cover(os.path.realpath(closed)))
        target = str(Path(cover.folder, os.path.relpath(place, closed)))
        if place == wanted.home or not _is_below(target, cover.targets):
            cover.targets[target] = place
    return [cover for cover in covers.values() if cover.targets]


def _around(file: str) -> str:
    """The folder of a file, so that another in its place is seen; the file alone where that one is closed."""
    folder = str(Path(file).parent)
    return folder if folder != _closed_above(file) else file


def _closed_above(place: str) -> str | None:
    """The topmost folder on the way to a place that others cannot go through."""
    for folder in reversed(Path(place).parents):
        with suppress(OSError):
            if not folder.stat().st_mode & stat.S_IXOTH:
                return str(folder)
    return None


def _is_below(place: str, others: Iterable[str]) -> bool:
    return any(Path(place).is_relative_to(other) for other in others)


def _opened(place: str) -> int:
    return os.open(place, os.O_PATH | os.O_CLOEXEC)


def _lay(cover: _Cover, opened: Mapping[str, int], written: Sequence[str]) -> None:
    _mount("none", cover.folder, 0, "tmpfs", "mode=711,size=1m")
    changed = {os.path.realpath(one) for one in written} | set(written)
    for target, place in cover.targets.items():
        source = f"/proc/self/fd/{opened[place]}"
        _make(Path(target), is_folder=Path(source).is_dir())
        _mount(source, target, _BIND | _ALL_BELOW)
        if target not in changed:
            _close(target)


def _make(target: Path, is_folder: bool) -> None:
    (target if is_folder else target.parent).mkdir(parents=True, exist_ok=True)
    if not is_folder:
        target.touch()


def _add_account(wanted: Wanted) -> None:
    """In this view alone; root's file, since whoever could write it would choose root's password."""
    known = Path(_ACCOUNTS)
    if not known.exists():
        return
    home = wanted.home if ":" not in wanted.home and "\n" not in wanted.home else "/"
    number, name = tempfile.mkstemp()
    with os.fdopen(number, "wb") as out:
        line = f"fraudctl-{wanted.user}:x:{wanted.user}:{wanted.user}:fraudctl:{home}:/bin/false\n"
        out.write(os.fsencode(line) + known.read_bytes())
        os.fchmod(number, 0o644)
    _mount(name, _ACCOUNTS, _BIND)
    _close(_ACCOUNTS)
    Path(name).unlink()


def _close(target: str) -> None:
    """For reading alone, with what else held for it."""
    kept = os.statvfs(target).f_flag & _KEPT_FLAGS
    _mount(None, target, _REMOUNT | _BIND | _READ_ONLY | kept)


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _checked(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def _check(wanted: Wanted, is_real: bool) -> None:
    """The home is the user's only when a program is really run."""
    for place, rights, word in _rights(wanted):
        if place == wanted.home and not is_real:
            continue
        if not os.access(place, rights):
            raise Refused(f"user {wanted.user} cannot {word} {place}")


def _rights(wanted: Wanted) -> Iterator[tuple[str, int, str]]:
    for place in (*wanted.seen, *wanted.read):
        yield place, os.R_OK | (os.X_OK if Path(place).is_dir() else 0), "read"
    for place in (wanted.home, *wanted.written):
        yield place, os.W_OK | os.X_OK, "write to"


def _mount(source: str | None, target: str, flags: int, kind: str | None = None, told: str = "") -> None:
    given = [None if one is None else os.fsencode(one) for one in (source, target, kind)]
    _checked(_libc.mount(given[0], given[1], given[2], ctypes.c_ulong(flags), told.encode()))


def _checked(answer: int) -> None:
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(sys.argv[1:])
