"""Keeps the live job as it is wanted: the only process that submits it.

Run by the engine as `python -m fraudctl.keeper --home HOME`. It compares `jobs/live.json` with
Flink's list of jobs. Wanted but not there (first start, a JobManager that was killed and forgot it, a job
that failed for good): it submits from the newest complete checkpoint or savepoint of the run in force. Two of
them: the younger is cancelled. What it does stands in `jobs/keeper.json`, which it alone writes.

Beside that it watches the plug-ins of the jobs' rules (`fraudctl.jobs.plugin_watcher`) and says which records
of the rules topic are put aside (`fraudctl.jobs.put_aside`), each in a thread of its own.

A run is one history of the job. Starting without any state takes a new run number; every restart from a
checkpoint or savepoint keeps it, unless the topics have grown since (`fraudctl.jobs.new_runs`). A restart
never goes back behind the point its run was started from.

A file of the home that is damaged, or of a newer version, changes nothing: the keeper says so in its log and
in `last_error`, and goes on with what the file said before.
"""

from __future__ import annotations

import argparse
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from fraudctl.console import options
from fraudctl.errors import Failed, FraudctlError
from fraudctl.flink.answers import Job
from fraudctl.flink.rest import Flink
from fraudctl.home import audit
from fraudctl.home import jobs as jobfiles
from fraudctl.home.jobs import KeeperState as State
from fraudctl.home.jobs import WantedLive
from fraudctl.home.stack import Paths, Stack, home_dir, read
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.jobs import activations, plugin_watcher, pruning, put_aside, reasons, states
from fraudctl.jobs.activations import Because
from fraudctl.jobs.beats import LOOK_EVERY_S, STEADY_MS, beats
from fraudctl.jobs.keeper_memory import LastGood, known_state, once_readable, put
from fraudctl.jobs.new_runs import numbered
from fraudctl.jobs.resubmission import Absence, left_over, pause_ms, reason_of_failure, submit_live, younger
from fraudctl.jobs.start_points import Start, choose
from fraudctl.jobs.submission import LIVE, job_config
from fraudctl.rules import changes
from pipeline.metrics import KeeperFigures, exposition
from pipeline.process import logs
from pipeline.records.clock import now_ms
from pipeline.rules.plugins.watch import Running
from pipeline.scoring.activation import Activation
from pipeline.scoring.job_config import JobConfig

log = logging.getLogger("keeper")
LOCK_WAIT_S = 60.0
PRUNE_EVERY_MS = 600_000
"""How often old checkpoints and savepoints are looked for, while the job runs steadily."""

Submit = Callable[[Stack, JobConfig, int], str]


class Keeper:
    """One look at a time (`look`), so that a test can drive it; the process only repeats it."""

    def __init__(self, stack: Callable[[], Stack], submit_job: Submit) -> None:
        self._stack = LastGood(stack)
        self._wanted = LastGood(lambda: jobfiles.wanted_live(self._stack()))
        self._submit = submit_job
        self._pruned_ms = 0
        self._unwritten = 0
        self._absence = Absence()
        self._complained: str | None = None
        self._given: int | None = None
        """the generation in which the job was there since this process began"""
        self._figures = KeeperFigures()
        self.state = known_state(self._stack())
        self._tell(self._stack(), self.state)

    def figures(self) -> KeeperFigures:
        """What is known of the job, and what was counted, for who watches."""
        stopped = len(plugin_watcher.stopped(self._stack().paths.plugins))
        is_running = self.state.state == "running"
        return replace(self._figures, running=is_running, run=self.state.run, stopped_plugins=stopped)

    def look(self) -> None:
        """Compares what is wanted with what is there and mends one difference.

        Never raises FraudctlError, nor OSError: on a full disk nothing is submitted, and all else goes on.
        """
        stack = self._stack()
        try:
            wanted = self._wanted()
            if wanted.generation != self.state.generation and self.state.failures:
                self.state = replace(self.state, failures=0, failed_ms=0)
            jobs = Flink(stack.flink, timeout_s=5.0).live(LIVE)
            self._absence.note(bool(jobs))
            self._mend(stack, wanted, jobs)
        except FraudctlError as failure:
            self._failed(stack, failure)
        except OSError as failure:
            self._failed(stack, Failed(f"{failure.filename or stack.home}: {failure.strerror}"))

    def _mend(self, stack: Stack, wanted: WantedLive, jobs: Sequence[Job]) -> None:
        if wanted.wanted != "running":
            stopped = replace(self.state, state="stopped", has_run=False, job_id=None)
            self._keep(stack, replace(stopped, generation=wanted.generation))
        elif jobs:
            self._watch(stack, wanted, jobs)
        elif reason := self._reason_of_end(stack):
            raise Failed(reason)
        elif left := left_over(stack, self._absence):
            self._keep(stack, replace(self.state, state="waiting", last_error=left))
        elif now_ms() >= self.state.failed_ms + pause_ms(self.state.failures):
            self._start(stack)

    def _reason_of_end(self, stack: Stack) -> str | None:
        """Why the job we last saw failed; None when it did not, or when Flink no longer knows it."""
        gone, self.state = self.state.job_id, replace(self.state, job_id=None)
        return None if gone is None else reason_of_failure(Flink(stack.flink), stack.kafka, gone)

    def _watch(self, stack: Stack, wanted: WantedLive, jobs: Sequence[Job]) -> None:
        flink, self._given = Flink(stack.flink), wanted.generation
        for job in younger(jobs):
            log.warning("two live jobs: cancelling the younger, %s", job.job_id)
            flink.cancel(job.job_id)
        # The list said so already. Asked of one job, Flink gathers all its metrics for the answer.
        runs = jobs[0].running
        is_steady = runs and now_ms() - self.state.submitted_ms > STEADY_MS
        calm = replace(self.state, failures=0, failed_ms=0, last_error=None) if is_steady else self.state
        shown = "running" if runs else self._on_its_way()
        if not runs and (why := reasons.why_restarting(flink, stack.kafka, jobs[0].job_id)):
            calm = replace(calm, last_error=why)
            if why != self.state.last_error:
                log.warning("%s", why)
        seen = replace(calm, state=shown, has_run=calm.has_run or runs)
        self._keep(stack, replace(seen, generation=wanted.generation, job_id=jobs[0].job_id))
        if is_steady and now_ms() >= self._pruned_ms + PRUNE_EVERY_MS:
            self._prune(stack, flink)

    def _on_its_way(self) -> str:
        """The word for a job not all of whose tasks run."""
        return "restarting" if self.state.has_run or self.state.failures else "starting"

    def _prune(self, stack: Stack, flink: Flink) -> None:
        """Deletes the state that no restart can need; once more at the next look where Flink was at it."""
        self._pruned_ms = now_ms() if pruning.prune(stack, flink, self.state) else 0

    def _start(self, stack: Stack) -> None:
        with jobfiles.submission_lock(stack, LOCK_WAIT_S) as lock:
            wanted = self._wanted()
            flink = Flink(stack.flink)
            if wanted.wanted != "running" or flink.live(LIVE):
                return
            start = self._settle(stack, wanted)
            config = job_config(
                stack,
                start.run or 0,
                parallelism=wanted.parallelism or stack.profile.pipeline.parallelism,
                restore=start.restore,
                **asdict(jobfiles.beginning(stack, start.run)),
            )
            log.info("submitting run %s from %s", start.run, start.restore or "the log alone")
            job_id = self._submit(stack, config, lock)
            self._count_submission()
            self._keep(stack, replace(self.state, state=self._on_its_way(), job_id=job_id))
            log.info("submitted %s", job_id)
            for job in younger(flink.live(LIVE)):
                flink.cancel(job.job_id)

    def _count_submission(self) -> None:
        """A first one, and one that a command asked for, is no restart."""
        self._figures.submissions += 1
        self._figures.resubmissions += self._given == self.state.generation
        self._given = self.state.generation

    def _settle(self, stack: Stack, wanted: WantedLive) -> Start:
        """Decides from what to start and puts it on disk before anything is submitted."""
        is_new = wanted.generation != self.state.generation
        asked = wanted.restore if is_new else "latest"
        start = choose(states.restore_points(stack), self.state, asked, partial(states.flaw, stack))
        for damaged in start.passed_over:
            log.error("passing over %s", damaged)
        had, start = start.run, numbered(stack, start, wanted.reset)
        state = replace(
            self.state,
            state="submitting",
            has_run=self.state.has_run and not is_new,
            generation=wanted.generation,
            run=start.run,
            restored_from=start.restore,
            passed_over=start.passed_over,
            submitted_ms=now_ms(),
        )
        if asked != "latest" or start.restore is None or start.run != had:
            state = replace(state, base=start.restore, base_ms=now_ms())
        jobfiles.keep_state(stack, state)
        self.state, self._unwritten = state, 0
        return start

    def _failed(self, stack: Stack, failure: FraudctlError) -> None:
        if failure.code == "flink_unreachable":
            self._keep(stack, replace(self.state, state="unreachable", last_error=failure.message))
            return
        if failure.message != self.state.last_error:
            log.warning("%s", failure.message)
        waiting = replace(self.state, state="waiting", last_error=failure.message)
        if not isinstance(failure, Damaged | Newer):
            waiting = replace(waiting, failures=self.state.failures + 1, failed_ms=now_ms())
            self._figures.failures += 1
        self._keep(stack, waiting)

    def _keep(self, stack: Stack, state: State) -> None:
        """Take the state on, and put it on disk where that does not say it yet, or no longer."""
        complaint = self._stack.complaint or self._wanted.complaint
        if complaint:
            state = replace(state, last_error=complaint)
        elif self._complained and state.last_error == self._complained:
            state = replace(state, last_error=None)
        self._complained = complaint
        self._tell(stack, state)
        self.state = state

    def _tell(self, stack: Stack, state: State) -> None:
        """Puts the state on disk; where that fails it is said once, and tried again at every look."""
        try:
            put(stack, state)
            self._unwritten = 0
        except OSError as failure:
            if not self._unwritten:
                log.warning("keeper.json cannot be written: %s; the job is kept all the same", failure)
            self._unwritten += 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="fraudctl.keeper", description="Keep the live job as it is wanted.")
    parser.add_argument("--home", type=Path, required=True)
    options.change(home=parser.parse_args().home)
    logs.begin()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # or each question to Flink is a line
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    plugin_watcher.watch(Paths(home_dir()).plugins, _pause)
    log.info("keeping the live job of %s", options.current().home)
    keeper = once_readable(lambda: Keeper(_stack_of_home, submit_live), LOOK_EVERY_S)
    aside, stack = put_aside.watch(_stack_of_home), _stack_of_home()
    exposition.serve(
        stack.metrics_port("keeper"),
        lambda: (replace(keeper.figures(), rules_put_aside=aside.count),),
        host=stack.metrics_host,
    )
    for _ in beats(lambda: (keeper.state, jobfiles.wanted_live(stack))):
        keeper.look()


def _pause(call: Running) -> None:
    """Takes a rule whose plug-in was stopped out of the live rule set, if it is of that one."""
    try:
        topic = activations.signed_for(_stack_of_home())
        chain = topic.read()
        if chain and chain[-1].hash == call.hash and _asks(chain[-1], call):
            _write_down(topic.home, {"command": "rules pause", "arguments": {"rule": call.rule}})
            made = changes.pause_rule(topic, call.rule, Because(f"{call.place} did not return", "keeper"))
            log.warning("paused rule %s: %s is in force in a second", call.rule, made.version)
    except FraudctlError as failure:
        log.error("rule %s cannot be paused: %s", call.rule, failure.message)


def _asks(live: Activation, call: Running) -> bool:
    """Whether the rule asks a plug-in: no other can have held the worker, whatever is on the desk."""
    rule = live.content.get("rules", {}).get(call.rule)
    return isinstance(rule, dict) and rule.get("plugin") == call.place


def _write_down(home: Path, entry: Mapping[str, object]) -> None:
    """What the keeper changes by itself is on the audit log too; a full disk keeps it from nothing."""
    try:
        audit.write(home, entry, "keeper")
    except OSError as failure:
        log.warning("the audit log cannot be written: %s", failure)


def _leave(*_: object) -> None:
    """Ends at once, a submission under way included: its child goes first, then the lock is free."""
    raise SystemExit(0)


def _stack_of_home() -> Stack:
    stack = read(home_dir())
    if stack is None:
        raise SystemExit(f"no stack has been started in {home_dir()}")
    return stack.seen_inside


if __name__ == "__main__":
    main()
