"""Every way a command can fail, and the exit code that says so.

    FraudctlError          exit 1   something went wrong; `code` names it for machines
    ├── UsageError         exit 2   the command line or a file given on it is wrong
    │   └── FileProblems   exit 2   a file given has problems, all of them listed by path
    │       └── ProfileError
    ├── Failed             exit 1   the command could not do its work
    ├── Unhealthy          exit 3   a server or the job is not well
    │   └── NotReady       exit 3   a server does not answer yet
    ├── NotRunning         exit 4   there is no stack to talk to
    └── Difference         exit 5   a check found what should be equal to differ

A message says what happened, the hint what to do about it. Only `fraudctl.cli` turns an error into
output and an exit code.
"""

from __future__ import annotations

from collections.abc import Iterable

_LISTED = 50
_LONGEST = 1_000


class FraudctlError(Exception):
    """An expected failure. `code` is stable and lower case; `hint` may be empty."""

    exit_code = 1
    code = "failed"

    def __init__(
        self, message: str, hint: str = "", code: str | None = None, exit_code: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code
        if exit_code is not None:
            self.exit_code = exit_code


class Failed(FraudctlError):
    """The command could not do its work."""


class UsageError(FraudctlError):
    """The command line, or a file named on it, is wrong."""

    exit_code = 2
    code = "usage"


class FileProblems(UsageError):
    """A file of some kind has problems; `problems` holds every one as `path: what`.

    The message shows the first of them, and no more of each than a few lines.
    """

    advice = ""

    def __init__(self, source: str, problems: Iterable[object]) -> None:
        self.problems = tuple(str(problem) for problem in problems)
        listed = [_cut(problem) for problem in self.problems[:_LISTED]]
        if (more := len(self.problems) - _LISTED) > 0:
            listed.append(f"and {more} more")
        lines = "".join(f"\n  {problem}" for problem in listed)
        many = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__(f"{self.code} {_cut(source)} has {many}:{lines}", hint=self.advice)


class ProfileError(FileProblems):
    """A profile, or what changes it on the command line or in the environment, has problems."""

    code = "profile"
    advice = "see every setting and where it comes from with: fraudctl profile show"


class Unhealthy(FraudctlError):
    """A server or the job is not well."""

    exit_code = 3
    code = "unhealthy"


class NotReady(Unhealthy):
    """A server does not answer its probe yet; the message is the reason."""

    code = "not_ready"


class NotRunning(FraudctlError):
    """There is no running stack in this home."""

    exit_code = 4
    code = "not_running"

    def __init__(self, message: str, hint: str = "start one with: fraudctl up") -> None:
        super().__init__(message, hint)


class Difference(FraudctlError):
    """A check found a difference."""

    exit_code = 5
    code = "difference"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
