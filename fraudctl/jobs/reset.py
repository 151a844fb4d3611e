"""Lets the live job begin anew at other offsets: what that would do, and the wish for it.

Offsets of a consumer group mean nothing to a job that restores state. So the next start becomes a new run
without state, which reads from far enough back to warm its windows and writes decisions from the offsets on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.errors import UsageError
from fraudctl.flink.rest import Flink
from fraudctl.home import jobs, rulesets
from fraudctl.jobs import activations, warm_up
from fraudctl.jobs.submission import LIVE
from fraudctl.kafka import admin, places, tail
from pipeline.records import clock
from pipeline.rules.ruleset import recorded

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


@dataclass(frozen=True, slots=True)
class Reset:
    """Per partition of the transactions topic: `start` to read from, `emit_from` to decide from, `end` now.

    `back_ms` is how far back the windows reach, None where the whole log is needed.
    """

    topic: str
    start: Mapping[int, int]
    emit_from: Mapping[int, int]
    end: Mapping[int, int]
    back_ms: int | None
    ruleset_version: str

    @property
    def warm_up(self) -> int:
        """Records that are read for the windows alone."""
        return sum(self.emit_from[p] - self.start[p] for p in self.start)

    @property
    def decides(self) -> int:
        """Records in the log (control records included) that get a decision of the new run."""
        return sum(self.end[p] - self.emit_from[p] for p in self.end)

    def as_document(self) -> dict[str, object]:
        """The reset in JSON."""
        return {
            "topic": self.topic,
            "offsets": {
                str(p): {"read_from": self.start[p], "decide_from": self.emit_from[p], "end": self.end[p]}
                for p in sorted(self.end)
            },
            "warm_up": self.warm_up,
            "decides": self.decides,
            "look_back_ms": self.back_ms,
            "ruleset_version": self.ruleset_version,
        }


def plan(stack: Stack, to: str, now_ms: int | None = None) -> Reset:
    """What a reset to a place in the log would do. UsageError where the place is none."""
    topic = stack.profile.topics.transactions
    wanted, end = places.offsets(stack.kafka, topic, to, now_ms), admin.end_offsets(stack.kafka, topic)
    if missing := sorted(end.keys() - wanted.keys()):
        hint = f"name them all, such as {','.join(f'{p}:{offset}' for p, offset in sorted(end.items()))}"
        raise UsageError(f"no offset is given for partition {missing[0]} of {topic}", hint=hint)
    chain = activations.of(stack).read()
    sets = [recorded(one.content) for one in chain] or [rulesets.read(Path(stack.profile.rules))]
    moment = _append_ms(stack, topic, wanted, end, now_ms or clock.now_ms())
    features = [feature for ruleset in sets for feature in ruleset.features.values()]
    warm = warm_up.before(stack, features, moment)
    start = {p: min(warm.start.get(p, wanted[p]), wanted[p]) for p in end}
    return Reset(topic, start, wanted, end, warm.back_ms, sets[-1].version)


def apply(stack: Stack, reset: Reset) -> None:
    """Make the next start a new run at these offsets. UsageError while the job runs."""
    refuse_running(stack)
    begun = jobs.Beginning(
        {str(p): offset for p, offset in reset.start.items()},
        {str(p): offset for p, offset in reset.emit_from.items()},
    )
    jobs.want(stack, wanted="stopped", reset=begun, restore=jobs.RESET)


def refuse_running(stack: Stack) -> None:
    """UsageError while the live job runs or is wanted."""
    if jobs.wanted_live(stack).wanted == "running" or Flink(stack.flink).live(LIVE):
        raise UsageError(
            "the job is running: it would go on from its state",
            hint="stop it first with: fraudctl job stop",
            code="running",
        )


def _append_ms(
    stack: Stack, topic: str, wanted: Mapping[int, int], end: Mapping[int, int], now_ms: int
) -> int:
    """The earliest append time among the first records that get a decision."""
    open_ = {p: offset for p, offset in wanted.items() if offset < end[p]}
    first = {p: min(offset + 1, end[p]) for p, offset in open_.items()}
    records = tail.records(stack.kafka, topic, open_, ends=first) if open_ else ()
    return min([record.append_ms for record in records], default=now_ms)
