"""A fault in a stack elsewhere: the engine strikes while a command sends there, another one compares."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from fraudctl.chaos import elsewhere
from fraudctl.chaos.fault import Fault
from fraudctl.engines.contract import Condition, Ended, ProgramState
from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from fraudctl.settings import reading

KILL = Fault("kill-ticker", "", "kill", {"target": "ticker"})
STOP = Fault("stop-ticker", "", "stop", {"target": "ticker", "lasts": 1})
SENDING = ["simulate", "--json"]


class There:
    """An engine of one program, as far as a fault asks it; its program is back at the second look."""

    def __init__(self, lost: int = 0, verified: int = 0) -> None:
        self.did: list[str] = []
        self.lost, self.verified, self.away, self.struck = lost, verified, 0, Event()

    def programs(self, _: Stack) -> dict[str, ProgramState]:
        condition = Condition.STARTING if self.away else Condition.RUNNING
        self.away = max(0, self.away - 1)
        return {"ticker": ProgramState("ticker", condition)}

    def kill(self, _: Stack, program: str) -> None:
        self._do(f"kill {program}")

    def stop(self, _: Stack, program: str) -> None:
        self._do(f"stop {program}")

    def start(self, _: Stack, program: str) -> None:
        self._do(f"start {program}")

    def near(
        self,
        _: Stack,
        arguments: Sequence[str],
        wait_s: float,
        begun: Event | None = None,
        unwanted: Event | None = None,
    ) -> Ended:
        self.did.append(arguments[0])
        if arguments[0] == "verify":
            return self._ended(self.verified, {"sinks": {}})
        assert begun is not None
        begun.set()
        assert self.struck.wait(30)
        return self._ended(0, {"accepted": 7, "decided": 7 - self.lost, "lost": 0, "waiting": self.lost})

    def _do(self, what: str) -> None:
        self.did.append(what)
        self.away = 2
        self.struck.set()

    def _ended(self, code: int, data: dict[str, Any]) -> Ended:
        return Ended(code, json.dumps({"data": data, "summary": "as it is", "error": None}))


def run(there: There, fault: Fault) -> elsewhere.Borne:
    stack = Stack(Path("/nonexistent"), reading.load("default"), {})
    return elsewhere.run(cast(elsewhere.Striking, there), stack, fault, SENDING, 0.0, look_s=0.0)


def test_a_program_is_killed_while_events_are_sent_and_the_stores_are_compared_after() -> None:
    there = There()
    found = run(there, KILL)
    assert there.did == ["simulate", "kill ticker", "verify"]
    assert [(one.holds, one.detail) for one in found.checks] == [(True, "7 of 7"), (True, "as it is")]


def test_what_was_stopped_is_started_again() -> None:
    there = There()
    run(there, STOP)
    assert there.did == ["simulate", "stop ticker", "start ticker", "verify"]


@pytest.mark.parametrize(("lost", "verified", "holds"), [(1, 0, [False, True]), (0, 5, [True, False])])
def test_what_was_lost_or_differs_does_not_hold(lost: int, verified: int, holds: list[bool]) -> None:
    assert [one.holds for one in run(There(lost, verified), KILL).checks] == holds


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("pause-kafka", "", "pause", {"target": "kafka"}), "none can be struck so"),
        (Fault("kill-kafka", "", "kill", {"target": "kafka"}), "this stack has no kafka"),
    ],
)
def test_what_cannot_be_struck_there_is_refused_before_anything_is_sent(fault: Fault, said: str) -> None:
    there = There()
    with pytest.raises(UsageError, match=said):
        run(there, fault)
    assert there.did == []


def test_traffic_is_ended_where_what_was_struck_cannot_be_struck() -> None:
    class Refusing(There):
        def kill(self, _: Stack, program: str) -> None:
            raise Failed("pods may not be deleted")

        def near(
            self,
            _: Stack,
            arguments: Sequence[str],
            wait_s: float,
            begun: Event | None = None,
            unwanted: Event | None = None,
        ) -> Ended:
            assert begun is not None
            assert unwanted is not None
            begun.set()
            assert unwanted.wait(30)
            self.did.append("given up")
            raise Failed("the command was given up")

    there = Refusing()
    with pytest.raises(Failed, match="may not be deleted"):
        run(there, KILL)
    assert there.did == ["given up"]


def test_traffic_that_cannot_be_sent_is_the_error() -> None:
    class Silent(There):
        def near(self, *_: Any, **__: Any) -> Ended:
            raise Failed("the pod of the command cannot start: ErrImagePull")

    with pytest.raises(Failed, match="ErrImagePull"):
        run(Silent(), KILL)
