"""One fault while events flow: said first, done, undone whatever happens, and judged when all is quiet."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from fraudctl.chaos import guardian, judgement, ledger, means
from fraudctl.chaos.fault import Fault
from fraudctl.chaos.judgement import Check, LogFindings
from fraudctl.chaos.watch import Trail, Watch, await_quiet
from fraudctl.console import interrupt
from fraudctl.console.progress import progress
from fraudctl.console.streams import say
from fraudctl.engines import writers
from fraudctl.errors import Failed
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.traffic.feeder import Conduct
from fraudctl.traffic.generator import Run
from fraudctl.traffic.scorecard import Scorecard
from fraudctl.traffic.simulate import simulate
from fraudctl.verify import Report
from pipeline.records import clock


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: the fault, the traffic around it, when it strikes, how long to wait for quiet."""

    fault: Fault
    run: Run
    workers: int = 1
    after_ms: int = 5_000
    patience_s: float = 120.0

    def plan(self) -> list[str]:
        """What will be done, a sentence each."""
        run, way = self.run, means.find(self.fault.means)
        seconds = run.duration_ms / 1000
        traffic = f"send {run.scenario.name} at {run.rate:g} events/s for {seconds:g} s"
        when = f"{self.after_ms / 1000:g} s later " if means.breaking(self.fault.means) else "meanwhile "
        quiet = f"wait for quiet (at most {self.patience_s:g} s), then compare every store with the log"
        return [traffic, when + way.words(self.fault), quiet]


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it. `outage_s` is how long the fault was on; None where it disturbed the traffic."""

    order: Order
    card: Scorecard
    outage_s: float | None
    trails: Mapping[str, Trail]
    log: LogFindings
    report: Report
    told: Mapping[str, object] | None
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


def run(stack: Stack, order: Order) -> Findings:
    """Raises KeyboardInterrupt, with everything undone, when it was interrupted or told to end."""
    for name in ledger.undo_all(stack, guardian.undo):
        say(f"undone, left behind by an earlier command: {name}")
    _refuse_unfit(stack)
    starts = admin.end_offsets(stack.kafka, stack.profile.topics.decisions)
    conduct = _conduct(order)
    watch = Watch(stack, conduct.board, order.run.rate)
    with interrupt.by_any_end(), guardian.watching(stack), _Strike.on(stack, order, conduct.stop) as strike:
        watch.start()
        outcome = simulate(stack, order.run, order.workers, _patience_s(order), conduct)
        strike.await_end()
        with progress("waiting for quiet") as bar:
            left = await_quiet(stack, order.patience_s, lambda records: bar.update(records, "records behind"))
        watch.end()
    if outcome.interrupted:
        say("interrupted: the fault is undone, nothing was judged")
        raise KeyboardInterrupt
    log = judgement.read_log(stack, starts, order.run.name, outcome.scorecard.sent)
    with progress("verifying", 1.0) as bar:
        report = judgement.verify(stack, bar)
    told = judgement.settle_notifications(stack)
    checks = judgement.checks(outcome.scorecard, log, left, report, told)
    trails = watch.trails(strike.began, strike.ended)
    return Findings(order, outcome.scorecard, strike.outage_s, trails, log, report, told, tuple(checks))


def _conduct(order: Order) -> Conduct:
    if means.breaking(order.fault.means):
        return Conduct()
    return Conduct(shape=means.shape_of(order.fault, order.run.seed))


def _patience_s(order: Order) -> float:
    """A pipeline that stands still for as long as the fault lasts has not failed yet."""
    return order.patience_s + order.fault.lasts_ms / 1000


def _refuse_unfit(stack: Stack) -> None:
    """A stack that is not well before says nothing about the fault."""
    others = [entry.fault for entry in ledger.entries(stack.home)]
    if others:
        raise Failed(f"another command keeps up: {', '.join(others)}", hint="see: fraudctl chaos list")
    ill = [f"{one.name} is {one.state}" for one in writers.status(stack) if one.state != "running"]
    if ill:
        raise Failed(f"not well before the fault: {', '.join(ill)}", hint="see: fraudctl sinks status")


class _Strike(threading.Thread):
    """Strikes after a while, holds, and undoes; what it does is in the ledger before it is done."""

    def __init__(self, stack: Stack, order: Order, stop: threading.Event) -> None:
        super().__init__(name="strike", daemon=True)
        self._stack, self._order, self._stop_early = stack, order, stop
        self._way = means.breaking(order.fault.means)
        self._memo: dict[str, object] = {}
        self._undone = threading.Lock()
        self._is_on = False
        self.began: float | None = None
        self.ended: float | None = None
        self.error: Exception | None = None

    @classmethod
    @contextmanager
    def on(cls, stack: Stack, order: Order, stop: threading.Event) -> Iterator[_Strike]:
        """Runs beside the block; undone when the block is left, in whatever way."""
        strike = cls(stack, order, stop)
        try:
            strike._prepare()
            strike.start()
            yield strike
        finally:
            stop.set()
            strike._undo()

    @property
    def outage_s(self) -> float | None:
        if self.began is None or self.ended is None:
            return None
        return round(self.ended - self.began, 1)

    def run(self) -> None:
        """Nothing where the fault disturbs the traffic."""
        if self._way is None or self._stop_early.wait(self._order.after_ms / 1000):
            return
        fault = self._order.fault
        try:
            say(f"now: {self._way.words(fault)}")
            self.began = time.monotonic()
            self._way.strike(self._stack, self._memo)
            self._stop_early.wait(fault.lasts_ms / 1000)
            self._undo()
            say(f"over after {self.outage_s:g} s: {fault.name}")
        except Exception as error:
            self.error = error

    def await_end(self) -> None:
        """Until the fault is over; what went wrong with it is raised here."""
        self.join()
        if self.error is not None:
            raise self.error

    def _prepare(self) -> None:
        if self._way is None:
            return
        fault = self._order.fault
        self._memo = self._way.plan(self._stack, fault)
        ledger.note(self._stack.home, fault.name, fault.means, self._memo, clock.now_ms())
        self._is_on = True
        prepare = getattr(self._way, "prepare", None)
        if prepare is not None:
            prepare(self._stack, self._memo)

    def _undo(self) -> None:
        with self._undone:
            if self._is_on and self._way is not None:
                self._way.lift(self._stack, self._memo)
                ledger.clear(self._stack.home, self._order.fault.name)
                self._is_on, self.ended = False, time.monotonic()
