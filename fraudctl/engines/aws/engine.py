"""The AWS engine: a stack of CloudFormation's templates in `deploy/aws`, looked after by AWS' services."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fraudctl.aws import application, deployment, inside, second
from fraudctl.aws import logs as cloudwatch
from fraudctl.aws import programs as services
from fraudctl.aws.account import Account
from fraudctl.console.progress import Progress, progress
from fraudctl.console.streams import say
from fraudctl.engines import nearby
from fraudctl.engines.aws import checks, kept, programs, replay, start
from fraudctl.engines.aws.live import Application
from fraudctl.engines.contract import Check, Condition, Ended, Line, ProgramState, ServerHealth, Wish
from fraudctl.engines.following import followed
from fraudctl.engines.waiting import Wait
from fraudctl.errors import Failed
from fraudctl.home import folder as homes
from fraudctl.home.folder import Removed
from fraudctl.home.stack import Stack, read
from fraudctl.jobs.live_answers import Past

DOWN_S, PURGE_S, STOP_S = 600.0, 1_800.0, 180.0
DAY_MS = 86_400_000
"""how far back the last lines of a log are looked for"""


class Engine:
    """A stack in an account of AWS. What is asked of a home is asked of AWS each time."""

    @property
    def has_processes(self) -> bool:
        return False

    @property
    def is_elsewhere(self) -> bool:
        return True

    def live_job(self, stack: Stack) -> Application:
        return Application(kept.account(stack.home))

    def up(self, wish: Wish) -> Stack:
        return start.up(wish)

    def down(self, home: Path) -> bool:
        """Neither job nor program runs; brokers, stores and network stay, and cost what they cost."""
        if not self.is_running(home):
            return False
        account = kept.account(home)
        with progress("stopping the job with a snapshot"):
            deployment.down(account, _stack(home).profile, DOWN_S)
        for line in second.warnings(account):
            say(line)
        for name in sorted(set(replay.dead(home)).difference(second.there(account))):
            say(f"{name} did not come to its end; {nearby.CLEAN}")
        return True

    def purge(self, home: Path) -> Removed:
        """Job, programs, roles, alarms and replays are deleted; what holds data, and its network, stays."""
        if not home.exists():
            return Removed(home)
        homes.refuse_unremovable(home)
        if (found := kept.values(home)) is not None:
            for name in second.there(found.account):
                second.drop(found.account, name, PURGE_S)
            with progress(f"deleting the pipeline of {found.name}") as shown:
                deployment.delete(found.account, PURGE_S, shown)
        return homes.remove(home)

    def is_running(self, home: Path) -> bool:
        """Whether the job or a program is wanted."""
        if kept.values(home) is None or not _is_deployed(account := kept.account(home)):
            return False
        is_stopped = application.state(account).status in ("READY", "STOPPING", "DELETING")
        return not is_stopped or any(one.is_wanted for one in self._states(home).values())

    def health(self, stack: Stack) -> list[ServerHealth]:
        """The stacks of CloudFormation, Flink, the alarms, every program, and replays that are under way."""
        account = kept.account(stack.home)
        found = deployment.overview(account, stack.profile)
        is_stopped = found.job is not None and found.job.status == "READY"
        runs = found.job is not None and (found.job.runs or is_stopped)
        said = found.job.status.lower() if found.job else "not there"
        return [
            *(_of_layer(layer, state) for layer, state in found.stacks.items()),
            ServerHealth("flink", "Flink", "", runs, "" if runs else f"the application is {said}", ()),
            ServerHealth("alarms", "Alarms", "", not found.alarms, ", ".join(found.alarms), ()),
            *(_of_program(one) for one in self.programs(stack).values()),
            *_of_replays(second.there(account), replay.dead(stack.home)),
        ]

    def programs(self, stack: Stack) -> Mapping[str, ProgramState]:
        return self.seen_in(stack.home)

    def seen_in(self, home: Path) -> Mapping[str, ProgramState]:
        """Nothing where the whole stack is down."""
        return self._states(home) if self.is_running(home) else {}

    def start(self, stack: Stack, program: str) -> None:
        account = kept.account(stack.home)
        if not programs.check(account, self._names(stack.home), program).is_wanted:
            programs.scale(account, program, 1)

    def stop(self, stack: Stack, program: str) -> None:
        account = kept.account(stack.home)
        programs.check(account, self._names(stack.home), program)
        programs.stop(account, program, STOP_S)

    def kill(self, stack: Stack, program: str) -> None:
        """One task, which has what time ECS gives it; AWS takes nothing harder."""
        account = kept.account(stack.home)
        programs.check(account, self._names(stack.home), program)
        programs.end_one(account, program)

    def restart(self, stack: Stack, name: str, wait_s: float) -> list[str]:
        account, deadline = kept.account(stack.home), time.monotonic() + wait_s
        if name == "flink":
            with progress("restarting the job by way of a snapshot") as shown:
                self.live_job(stack).stop(wait_s, shown)
                self.live_job(stack).start(max(10.0, deadline - time.monotonic()), shown)
            return [cloudwatch.JOB]
        programs.check(account, self._names(stack.home), name)
        programs.renew(account, name)
        self._waiting(stack.home, deadline).for_programs([name])
        return [name]

    def log_names(self, home: Path) -> list[str]:
        if kept.values(home) is None:
            return []
        return sorted([cloudwatch.JOB, cloudwatch.NOTIFY, inside.SETUP, *self._names(home)])

    def logs(self, home: Path, programs: Sequence[str], lines: int, follow: bool) -> Iterator[Line]:
        account, now_ms = kept.account(home), int(time.time() * 1_000)
        for program in programs:
            for text in cloudwatch.tail(account, program, now_ms - DAY_MS, lines):
                yield Line(program, text)
        if follow:
            yield from followed(programs, lambda name: cloudwatch.follow(account, name, now_ms))

    def run(self, stack: Stack, program: str, argv: Sequence[str], wait_s: float) -> Ended:
        raise Failed(
            f"no command can be run in a task of {program}",
            hint="run it on a machine in the network of the stack: see docs/aws.md",
            code="no_commands",
        )

    def examine(self, home: Path, environ: Mapping[str, str]) -> list[Check]:
        return checks.examine(home)

    def keep_rule_sets(self, stack: Stack) -> None:
        replay.keep_rule_sets(stack)

    def cluster_of(self, stack: Stack, parallelism: int) -> str:
        return replay.words(kept.account(stack.home), parallelism)

    def run_bounded(
        self, stack: Stack, topic: str, name: str, wait_s: float, progress: Progress, **changes: Any
    ) -> Past:
        """See `fraudctl.engines.own_cluster`: in a second application."""
        return replay.run(stack, topic, name, wait_s, progress, **changes)

    def drop_cluster(self, stack: Stack, name: str) -> bool:
        return replay.drop(stack, name)

    def next_run(self, stack: Stack) -> int:
        return deployment.next_run(kept.account(stack.home))

    def _names(self, home: Path) -> list[str]:
        return services.names(_stack(home).profile)

    def _states(self, home: Path) -> dict[str, ProgramState]:
        return programs.states(kept.account(home), self._names(home))

    def _waiting(self, home: Path, deadline: float) -> Wait:
        def last_lines(name: str) -> list[str]:
            return cloudwatch.tail(kept.account(home), name, int(time.time() * 1_000) - DAY_MS, 15)

        return Wait(
            lambda: self._states(home), last_lines, lambda server: (server.name,), deadline, programs.LOOK_S
        )


def _stack(home: Path) -> Stack:
    found = read(home)
    assert found is not None
    return found


def _is_deployed(account: Account) -> bool:
    return deployment.layers(account)[deployment.PIPELINE] is not None


def _of_layer(layer: str, state: str | None) -> ServerHealth:
    is_well = deployment.is_whole(state)
    return ServerHealth(layer, layer, "", is_well, "" if is_well else (state or "it is not there"), ())


def _of_replays(there: Sequence[str], dead: Sequence[str]) -> list[ServerHealth]:
    """Those that are there, and those of this home of which something may be left; neither is a trouble."""
    told = dict.fromkeys(there, nearby.UNDER_WAY)
    told |= dict.fromkeys(dead, f"it did not come to its end; {nearby.CLEAN}")
    return [ServerHealth(name, "Replay", "", True, said, ()) for name, said in sorted(told.items())]


def _of_program(state: ProgramState) -> ServerHealth:
    wants_nothing = state.condition in (Condition.STOPPED, Condition.STOPPING)
    said = state.reason or ("it is stopped" if wants_nothing else f"it is {state.condition}")
    return ServerHealth(state.name, state.name, "", state.runs, "" if state.runs else said, (state,))
