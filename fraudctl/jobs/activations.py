"""The rules topic from the outside: what is in force, and how something else comes into force.

Anything that changes the live rules goes through `activate`: it reads the topic to its end, lets the caller
say what follows, appends that, and reads again whether it counts; of two who do so at the same time one is
told that the other was quicker. Nothing here touches the job, which follows the topic by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraudctl.errors import Failed, UsageError
from fraudctl.home import rulesets
from fraudctl.home.jobs import submitted_live, wanted_live
from fraudctl.kafka import tail
from fraudctl.kafka.sender import Sender, Sent
from pipeline.connections.kafka.description import Kafka
from pipeline.records.clock import now_ms
from pipeline.rules.feature import in_order
from pipeline.rules.plan import TooManyConditions
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring import activation
from pipeline.scoring.activation import Activation, Reading
from pipeline.scoring.job_config import JobConfig

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

PARTITION = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What is to follow: the action's name, the live rule set, its shadow, and from when (epoch ms)."""

    action: str
    live: RuleSet
    shadow: RuleSet | None = None
    effective_from_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RulesTopic:
    """Where a job's activations stand, and the home that keeps the content of every rule set.

    `hops` are the keys that the job has steps by; None where no job runs.
    """

    kafka: Kafka
    topic: str
    home: Path
    hops: Sequence[str] | None = None

    def read(self) -> list[Activation]:
        """Every activation that counts."""
        return self.sorted_out().chain

    def sorted_out(self) -> Reading:
        """Every activation that counts, and every record that is put aside."""
        records = tail.records(self.kafka, self.topic)
        return activation.sorted_out((record.offset, record.append_ms, record.value) for record in records)

    def activate(self, decide: Callable[[list[Activation]], Change]) -> Activation:
        """Append what `decide` makes of those that count; Failed when another one was quicker."""
        chain = self.read()
        change = decide(chain)
        self._check(change)
        for ruleset in (change.live, change.shadow):
            if ruleset is not None:
                rulesets.store(self.home, ruleset.content)
        try:
            value = activation.following(
                chain, change.action, change.live, change.shadow, change.effective_from_ms
            )
        except TooManyConditions as error:
            raise UsageError(
                f"the rule set cannot follow the one in force: {error}",
                hint="use fewer different conditions, or stop the shadow first",
                code="too_many_conditions",
            ) from error
        offset = self._append(value)
        for one in self.read():
            if one.offset == offset:
                return one
        raise Failed(
            "another activation was quicker, so this one does not count",
            hint="look at: fraudctl rules history, then try again",
            code="overtaken",
        )

    def begin(self, content: Mapping[str, Any]) -> list[Activation]:
        """Activate this content as the first when there is none yet; every activation that counts."""
        chain = self.read()
        if not chain:
            try:
                self.activate(lambda known: Change("first", parse(known[-1].content if known else content)))
            except Failed as failure:
                if failure.code != "overtaken":
                    raise
            chain = self.read()
        return chain

    def _check(self, change: Change) -> None:
        missing = [] if self.hops is None else [key for key in needed(change) if key not in self.hops]
        if missing:
            raise UsageError(
                f"the running job has no step by {', '.join(missing)}, which the rule set needs",
                hint="add --restart: the job stops with a savepoint and goes on with the step",
                code="no_hop",
            )

    def _append(self, value: bytes) -> int:
        placed: list[Sent] = []
        sender = Sender(self.kafka, placed.append)
        sender.send(self.topic, value, partition=PARTITION)
        if sender.flush() or sender.failed or not placed:
            raise Failed(
                f"the broker did not take the activation: {placed[0].error if placed else 'no answer'}",
                hint="look at: fraudctl logs kafka",
                code="not_accepted",
            )
        return placed[0].offset


def of(stack: Stack) -> RulesTopic:
    """That of the stack's live job. One that is stopped gets the steps that are needed when it starts."""
    submitted = submitted_live(stack) if wanted_live(stack).wanted == "running" else None
    hops = None if submitted is None else submitted.hops
    return RulesTopic(stack.kafka, stack.profile.topics.rules, stack.home, hops)


def needed(change: Change) -> list[str]:
    """The keys by which the change has features."""
    sets = [one for one in (change.live, change.shadow) if one is not None]
    return list(in_order(feature.by for one in sets for feature in one.features.values()))


def live_config(stack: Stack, config: JobConfig) -> JobConfig:
    """The configuration of the live job: it follows the topic, on which there is a first activation by then.

    It has a step by every key that any activation ever needed, since a new run computes them all again.
    """
    chain = of(stack).begin(config.ruleset)
    asked = wanted_live(stack).hops
    names = stack.profile.topics
    return replace(
        config,
        topics=replace(config.topics, rules=names.rules, shadow=names.shadow),
        ruleset=chain[-1].content,
        hops=in_order((*activation.keys(chain), *asked)),
    )


def now(chain: Sequence[Activation]) -> Activation | None:
    """The one in force at this moment."""
    return activation.in_force(chain, now_ms()) if chain else None
