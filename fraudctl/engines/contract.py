"""What an engine does: bring a stack up and down, and run, watch and strike its programs.

An engine is one folder beside this file; the folder's name is its name everywhere, and `stack.json` says
which one a stack is of. Its module `engine` holds one class `Engine` of the shape below. How an engine looks
after its programs, and in which words, is known in its folder alone.

What not every engine can do is told by a property (`has_processes`); who needs it asks before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fraudctl.home.folder import Removed
from fraudctl.home.stack import Stack
from fraudctl.jobs.live_answers import Ended as JobEnded
from fraudctl.jobs.live_answers import LiveStatus
from fraudctl.settings.profile import Profile

if TYPE_CHECKING:
    from fraudctl.console.progress import Progress

WELL, WARNING, BROKEN = "ok", "warning", "broken"


class Condition(StrEnum):
    """How one program is."""

    RUNNING = "running"
    STARTING = "starting"
    FAILING = "failing"
    """it ended soon after its start and will be started again"""
    FAILED = "failed"
    """it is started no more"""
    STOPPING = "stopping"
    STOPPED = "stopped"
    """it was asked to stop, or never to start"""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProgramState:
    """How one program is. `pid` is 0 where it does not run, or not as a process of this machine."""

    name: str
    condition: Condition
    pid: int = 0
    started_s: int = 0
    """when it was last started, in seconds since 1970"""
    reason: str = ""
    """why it could not be started, or does not do its work, where the engine knows"""

    @property
    def runs(self) -> bool:
        return self.condition is Condition.RUNNING

    @property
    def is_wanted(self) -> bool:
        """Whether the engine runs it, or tries to."""
        return self.condition not in (Condition.STOPPED, Condition.STOPPING)


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """How one server or worker is: whether it does its work, and if not why."""

    name: str
    title: str
    address: str
    healthy: bool
    reason: str
    programs: tuple[ProgramState, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of `doctor`. `state` is ok, warning or broken; `mend` is empty when all is well."""

    name: str
    state: str
    finding: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a program's log."""

    program: str
    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command that ran to its end answered."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What `up` is asked for."""

    home: Path
    profile: Profile
    without: tuple[str, ...] = ()
    any_port: bool = False
    wait_s: float = 180.0
    added: tuple[str, ...] = ()
    """servers beyond those of the profile"""
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where a stack is to be, for an engine whose stacks are not on this machine."""

    values: Path | None = None
    """a file that says what no profile does (for Kubernetes the profile too); None: that of the last `up`"""
    namespace: str | None = None
    context: str | None = None
    """which cluster; None: the current one"""
    is_profile_named: bool = False
    """whether the profile or the rule set of the wish was asked for by name"""


class LiveJob(Protocol):
    """The live job, where not our keeper submits it. Each raises Failed when it takes too long."""

    def start(self, wait_s: float, progress: Progress, restore: str = "latest") -> LiveStatus:
        """Wants it running and waits until it does; `restore` is `latest`, `none` or a savepoint's path."""

    def stop(self, wait_s: float, progress: Progress, savepoint: bool = True) -> JobEnded:
        """Stops it and waits until it is; it stays so until it is started."""

    def savepoint(self, wait_s: float, progress: Progress) -> JobEnded:
        """Takes a savepoint while it goes on."""

    def rescale(self, parallelism: int, wait_s: float, progress: Progress) -> LiveStatus:
        """Goes on at another parallelism."""

    def status(self) -> LiveStatus:
        """How it is wanted and how it is."""


class Engine(Protocol):
    """One way to run a stack. Programs are named alike in every engine: servers' own, then the workers'."""

    @property
    def has_processes(self) -> bool:
        """Whether a program is a process of this machine, so that it can be frozen and measured."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether a stack runs where commands may not reach its Kafka and stores."""

    def live_job(self, stack: Stack) -> LiveJob | None:
        """The live job, None where our keeper submits it (`fraudctl.jobs.live`)."""

    def up(self, wish: Wish) -> Stack:
        """Bring the wished stack up and give it; what already runs stays as it is. May be repeated."""

    def down(self, home: Path) -> bool:
        """Stop everything, workers first; whether anything ran. The data stays."""

    def purge(self, home: Path) -> Removed:
        """Stop everything, delete the stack's data by name, and say what is still there."""

    def is_running(self, home: Path) -> bool:
        """Whether this engine looks after the programs of that home now."""

    def health(self, stack: Stack) -> list[ServerHealth]:
        """Every server, external ones too, and every worker, each asked now."""

    def programs(self, stack: Stack) -> Mapping[str, ProgramState]:
        """Every program's state by name; empty when the stack is stopped."""

    def seen_in(self, home: Path) -> Mapping[str, ProgramState]:
        """The same of a home whose `stack.json` cannot be read."""

    def start(self, stack: Stack, program: str) -> None:
        """Ask for a program to run; harmless if it does."""

    def stop(self, stack: Stack, program: str) -> None:
        """Stop a program and return when it has ended; it stays so until it is started."""

    def kill(self, stack: Stack, program: str) -> None:
        """End a program without giving it time for anything; the engine starts it again."""

    def restart(self, stack: Stack, name: str, wait_s: float) -> Sequence[str]:
        """Stop and start a server or a program and wait until it works; the programs restarted.

        Raises UsageError where there is none of that name, Unhealthy when it does not come back.
        """

    def log_names(self, home: Path) -> Sequence[str]:
        """The programs whose logs there are, also of a stopped stack."""

    def logs(self, home: Path, programs: Sequence[str], lines: int, follow: bool) -> Iterator[Line]:
        """The last lines of each program's log, then, if followed, every new one."""

    def run(self, stack: Stack, program: str, argv: Sequence[str], wait_s: float) -> Ended:
        """Run a command where a program runs, with what the program has in its environment.

        Raises Failed when it has not ended after `wait_s`.
        """

    def examine(self, home: Path, environ: Mapping[str, str]) -> Sequence[Check]:
        """What this engine needs of the machine, for `doctor`."""
