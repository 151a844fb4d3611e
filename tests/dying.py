"""Something that dies at its n-th step: where it is cut off is not left to a clock.

A step is a call out of Python that changes files, other processes or servers. The process ends by SIGKILL
right before it: nothing of Python's own is tidied up, written out or said.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

CALLS: Final = frozenset(
    {
        *("open", "write", "flush", "close", "__exit__", "pwrite", "fsync", "truncate", "ftruncate", "utime"),
        *("rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "rmdir"),
        *("chmod", "chown", "fchmod", "fchown", "flock"),
        *("fork_exec", "kill", "connect", "send", "sendall", "produce"),
    }
)


ON_DISK: Final = frozenset({"fsync", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "pwrite"})
"""Steps after each of which a folder looks otherwise; at `fsync` a file holds what was written by then."""

AT_SERVERS: Final = frozenset({"sendall", "produce", "execute", "executemany", "copy", "commit"})
"""Steps that ask something of a server: by HTTP or as Redis is asked, of Kafka, and of PostgreSQL, whose
client is told apart by its functions in Python."""

_ACTING: Final = frozenset({"posix", "fcntl", "_posixsubprocess", "_io", "_socket", "socket", "cimpl"})


def deaths(act: Callable[[], object], calls: frozenset[str] = CALLS) -> Iterator[int]:
    """Does it again and again in a process of its own, which dies before its first step, then before its
    second, and so on until it comes to its end. Given after each death, with the number of the step.
    """
    for number in count(1):
        if not dies_at(number, act, calls):
            assert number > 1, "nothing of it is a step"
            return
        yield number


def dies_at(number: int, act: Callable[[], object], calls: frozenset[str] = CALLS) -> bool:
    """Whether it came to that step, and so died; what it raises is raised here as AssertionError."""
    child = os.fork()
    if child == 0:
        _end(number, act, calls)
    _, how = os.waitpid(child, 0)
    if os.WIFSIGNALED(how):
        assert os.WTERMSIG(how) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(how) == 0, "it failed by itself, see what it wrote"
    return False


def _end(number: int, act: Callable[[], object], calls: frozenset[str]) -> None:
    code = 1
    try:
        arm(number, calls)
        act()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def arm(number: int, calls: frozenset[str] = CALLS) -> None:
    """This process dies before its step of that number from now on."""
    left = number

    def look(frame: Any, event: str, called: Any) -> None:
        nonlocal left
        is_step = (event == "c_call" and called.__name__ in calls and _acts(called)) or (
            event == "call" and frame.f_code.co_name in calls and _is_of_psycopg(frame)
        )
        if is_step:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(look)
    sys.setprofile(look)


def _is_of_psycopg(frame: Any) -> bool:
    return str(frame.f_globals.get("__name__")).startswith("psycopg.")


def _acts(called: Any) -> bool:
    """Whether it is a call of the system or a method of an open file, and not `str.replace`, say."""
    of = getattr(called, "__self__", None)
    return {getattr(called, "__module__", None), type(of).__module__} & _ACTING != set()


def main() -> None:
    """`python -m tests.dying NUMBER CALL,… ARGUMENT …`: that command of `fraudctl`, dying at that step."""
    from fraudctl import cli

    number, calls, *arguments = sys.argv[1:]
    arm(int(number), frozenset(calls.split(",")))
    cli.main(arguments)


if __name__ == "__main__":
    main()
