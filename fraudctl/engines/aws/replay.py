"""A replay on AWS: a bounded job as a second application beside the live one.

The service runs one job in each application, and says of an application that it is RUNNING until somebody
stops it; so the job says itself, in its topic, that all is there (`fraudctl.jobs.end_marks`).
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fraudctl.aws import application, second
from fraudctl.aws.account import Account
from fraudctl.console import interrupt
from fraudctl.console.progress import Progress
from fraudctl.engines.aws import kept
from fraudctl.errors import Failed
from fraudctl.home import replay_marks, rulesets
from fraudctl.jobs import activations, bounded
from fraudctl.jobs.end_marks import EndMarks
from fraudctl.jobs.live_answers import Past
from fraudctl.kafka import admin
from fraudctl.waiting import until
from pipeline.scoring.job_config import JobConfig

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

LOOK_S: Final = 2.0
DROP_S: Final = 300.0
_LOGS: Final = "see: fraudctl logs job"
_STOPPED: Final = ("READY", "STOPPING", "FORCE_STOPPING", "DELETING")


def keep_rule_sets(stack: Stack) -> None:
    """Every one that counts on the topic of rules, in the home. Raises what readers of it raise."""
    for one in activations.of(stack).read():
        rulesets.store(stack.home, one.content)


def words(account: Account, subtasks: int) -> str:
    """What is made for a replay."""
    return (
        f"an application of Managed Flink beside {account.name}, paid for as {second.kpus(subtasks)} KPUs "
        "until the job has ended, then deleted"
    )


def run(stack: Stack, topic: str, name: str, wait_s: float, shown: Progress, **changes: Any) -> Past:
    """See `fraudctl.engines.own_cluster`. Failed where the application stops before all is decided."""
    account, began = kept.account(stack.home), time.monotonic()
    asked: dict[str, Any] = {**bounded.over(stack, topic, name), **changes}
    subtasks = asked.pop("parallelism", None) or second.parallelism(account)
    decisions = asked["topics"].decisions
    own = {"hops": None, "trust": None, "hot_keys": 0}
    asked |= own | {"end_marks": admin.partitions_of(stack.kafka, decisions)}

    def changed(live: JobConfig) -> JobConfig:
        return replace(live, **asked)

    with interrupt.by_any_end():
        try:
            shown.update(0, f"making the application {second.of(account, name).name}")
            its = second.make(account, name, subtasks, changed)
            application.start(its, application.NONE, wait_s)
            _await_end(its, EndMarks(stack.kafka, decisions), wait_s, shown)
        finally:
            shown.update(0, "deleting the application")
            second.drop(account, name, DROP_S)
    return {"job_id": its.name, "run": 0, "seconds": round(time.monotonic() - began, 3)}


def drop(stack: Stack, name: str) -> bool:
    """Delete the application of that job, and its package; False where there is none."""
    return second.drop(kept.account(stack.home), name, DROP_S)


def dead(home: Path) -> list[str]:
    """The jobs of replays of this home whose command is gone."""
    return [f"{second.REPLAY}{name}" for name in replay_marks.dead(home)]


def _await_end(its: Account, marks: EndMarks, wait_s: float, shown: Progress) -> None:
    def ended() -> bool:
        # Asked in this order: what stops after it was asked has left its marks by then, or never will.
        status = application.status(its)
        if marks.are_there():
            return True
        if status in _STOPPED:
            raise Failed(
                f"the application {its.name} is {status}, and its job has not decided all", hint=_LOGS
            )
        shown.update(marks.records, f"{its.name} is {status.lower()}, {marks.records} decisions")
        return False

    until(ended, wait_s, lambda: _late(its, wait_s), LOOK_S)


def _late(its: Account, wait_s: float) -> Failed:
    return Failed(
        f"the job of {its.name} did not end within {wait_s:.0f} s", hint=_LOGS, code="job_not_ended"
    )
