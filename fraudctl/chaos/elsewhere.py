"""A fault in a stack whose Kafka is not reached from here: traffic and comparison run near the data.

What strikes is the engine, from here. A program of several instances loses one of them.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.judgement import Check
from fraudctl.console import interrupt
from fraudctl.console.streams import say
from fraudctl.engines.contract import Ended, Engine
from fraudctl.engines.nearby import Near
from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from fraudctl.waiting import until

MEANS: Final = ("kill", "stop")
"""what an engine can do to a program that is no process of this machine"""
BACK_S: Final = 300.0
MOST_S: Final = 3_600.0
LOOK_S: Final = 1.0


class Striking(Near, Engine, Protocol):
    """An engine that runs commands near the data."""


@dataclass(frozen=True, slots=True)
class Borne:
    """What came of it: the answers of the two commands, how long the program was away, what must hold."""

    traffic: Mapping[str, Any]
    verified: Mapping[str, Any]
    outage_s: float
    checks: tuple[Check, ...]


def run(
    engine: Striking, stack: Stack, fault: Fault, sending: list[str], after_s: float, look_s: float = LOOK_S
) -> Borne:
    """Strike while `fraudctl SENDING` runs there, then compare every store with the log.

    Raises UsageError where the fault is of another kind, or the stack has no such program; Failed where a
    command did not answer. What was stopped is started again and the traffic is ended, whatever happens.
    """
    _refuse(engine, stack, fault)
    traffic = _Traffic(engine, stack, sending)
    with interrupt.by_any_end():
        traffic.start()
        try:
            traffic.await_begun()
            time.sleep(after_s)
            outage_s = _strike(engine, stack, fault, look_s)
            told = traffic.answer()
        finally:
            traffic.end()
    verified = engine.near(stack, ["verify", "sinks", "--json"], MOST_S)
    return Borne(told, _data(verified), outage_s, _checks(told, verified))


def _refuse(engine: Engine, stack: Stack, fault: Fault) -> None:
    if fault.means not in MEANS:
        said = f"{fault.name}: where programs are no processes of this machine none can be struck so"
        raise UsageError(said, hint=f"take one of the means {' and '.join(MEANS)}: fraudctl chaos list")
    state = engine.programs(stack).get(fault.target)
    if state is None:
        there = ", ".join(engine.programs(stack))
        raise UsageError(f"this stack has no {fault.target}", hint=f"there are: {there}", code="no_target")
    if not state.runs:
        raise Failed(f"{fault.target} is {state.condition}", hint="see: fraudctl status")


def _strike(engine: Engine, stack: Stack, fault: Fault, look_s: float) -> float:
    """Seconds until the program ran again, at least as long as the fault lasts."""
    began = time.monotonic()
    say(f"now: {fault.means} {fault.target}")
    if fault.means == "kill":
        engine.kill(stack, fault.target)
    else:
        try:
            engine.stop(stack, fault.target)
            time.sleep(fault.lasts_ms / 1_000)
        finally:
            engine.start(stack, fault.target)
    hint = "see: fraudctl status"
    until(
        lambda: engine.programs(stack)[fault.target].runs,
        BACK_S,
        lambda: Failed(f"{fault.target} is not back", hint=hint),
        look_s,
    )
    return round(time.monotonic() - began, 1)


class _Traffic(threading.Thread):
    """The command that sends, in a thread of its own."""

    def __init__(self, engine: Near, stack: Stack, sending: list[str]) -> None:
        super().__init__(name="traffic", daemon=True)
        self._engine, self._stack, self._sending = engine, stack, sending
        self._begun, self._unwanted = threading.Event(), threading.Event()
        self._answer: Ended | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._answer = self._engine.near(self._stack, self._sending, MOST_S, self._begun, self._unwanted)
        except Exception as error:
            self._error = error
        finally:
            self._begun.set()

    def await_begun(self) -> None:
        """Until it runs, or cannot."""
        self._begun.wait(MOST_S)
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """Returns when nothing of the command is left, also where it had not ended."""
        self._unwanted.set()
        self.join()

    def answer(self) -> Mapping[str, Any]:
        """What it told in the end. Raises what it raised."""
        self.join()
        if self._error is not None:
            raise self._error
        assert self._answer is not None
        return _data(self._answer)


def _data(ended: Ended) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = json.loads(ended.output)
    except ValueError:
        raise Failed(
            f"the command there gave no answer: {ended.output.strip()[-500:]}",
            hint="see how the stack is: fraudctl status",
        ) from None
    if told.get("error"):
        raise Failed(told["error"]["message"], hint=told["error"]["hint"])
    data: Mapping[str, Any] = told["data"]
    return data


def _checks(traffic: Mapping[str, Any], verified: Ended) -> tuple[Check, ...]:
    sent, decided, missing = traffic["accepted"], traffic["decided"], traffic["lost"] + traffic["waiting"]
    summary = str(json.loads(verified.output)["summary"])
    return (
        Check("every accepted event has a decision", missing == 0, f"{decided} of {sent}"),
        Check("every store holds what the log holds", verified.exit_code == 0, summary),
    )
