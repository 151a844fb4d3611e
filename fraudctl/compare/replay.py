"""The same job over the log again, with another rule set, beside the live one, and what would have changed.

A replay is a bounded job over the live topic from offsets of its own, with its own consumer group, writing
to topics of its own, which are dropped at the end unless they are asked for. It begins early enough for the
windows to be warm at `--from`; those early decisions are not compared. Its clock is the append times in the
log, so it computes what the live job computes.

What is read and compared is planned first (`replay_plan`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from fraudctl.compare import diff as decision_diff
from fraudctl.compare import prints
from fraudctl.compare.diff import Diff
from fraudctl.compare.prints import Record
from fraudctl.compare.replay_plan import Plan, is_logged, run_number_of
from fraudctl.compare.replay_topics import job_name, own_topics
from fraudctl.console.progress import Progress
from fraudctl.engines import own_cluster
from fraudctl.errors import Failed
from fraudctl.home import rulesets
from fraudctl.jobs.live_answers import Past
from fraudctl.kafka import admin, forgotten
from fraudctl.kafka.sender import Sender
from pipeline.records.decision_record import run_of
from pipeline.scoring.job_config import JobTopics

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from pipeline.rules.ruleset import RuleSet


@dataclass(slots=True)
class Replay:
    """What a replay found. `topic` is where its decisions are kept, None when they were dropped."""

    plan: Plan
    job: Past
    decisions: Mapping[str, int]
    topic: str | None = None
    base: str | None = None
    diff: Diff | None = None
    published: Mapping[str, int] | None = None

    @property
    def decided(self) -> int:
        """Decisions in the range, approving or not."""
        return sum(self.decisions.values())

    def as_document(self) -> dict[str, object]:
        """The result in JSON; the diff's keys (compared, changed, …) stand at the top."""
        document = {
            "plan": self.plan.as_document(),
            "job": dict(self.job),
            "decided": self.decided,
            "decisions": dict(self.decisions),
            "topic": self.topic,
            "base": self.base,
            "published": None if self.published is None else dict(self.published),
        }
        return document | (self.diff.as_document() if self.diff else {})


def run(
    stack: Stack,
    made: Plan,
    base: str | None,
    keep: bool,
    wait_s: float,
    progress: Progress,
    publish: bool = False,
) -> Replay:
    """Run the plan, then the diff if `base` is given: `live`, `run:N`, or the name of a rule set.

    With `publish` the decisions of the range become those that stand, once the diff is made.
    """
    other = None if is_logged(base) else rulesets.find(str(base), stack.home)[0]
    with own_topics(stack, made.ruleset.hash, keep) as own:
        job = _job(stack, made, made.ruleset, own, wait_s, progress)
        found = Replay(made, job, {}, own["decisions"] if keep else None, base)
        if base is None:
            decided = _records(stack, own["decisions"], "earliest", None, progress)
            found.decisions = prints.count(decided, made.transactions, made.includes)
        elif other is None:
            live = stack.profile.topics.decisions
            _compare(stack, found, live, run_number_of(base), own, progress)
        else:
            with own_topics(stack, other.hash, False) as second:
                _job(stack, made, other, second, wait_s, progress)
                _compare(stack, found, second["decisions"], None, own, progress)
        if publish:
            found.published = _publish(stack, made, own["decisions"], progress)
    return found


def _publish(stack: Stack, made: Plan, topic: str, progress: Progress) -> dict[str, int]:
    """Copy the range's decisions to the live decisions under a run of their own; run and count.

    Every store follows by its ordinary way: of two decisions on one event the greater run wins. Interrupted
    half way, what is copied stands; a second publication has a greater run again and completes it.
    """
    number, sent, place = own_cluster.next_run(stack), 0, prints.Place(made.transactions)
    sender = Sender(stack.kafka, linger_ms=5)
    headers = {"run": str(number).encode()}
    for record in forgotten.records(stack, topic):
        found = place.of(record.value or b"")
        if found is not None and made.includes(*found):
            target = stack.profile.topics.decisions
            sender.send(target, record.as_it_lies, record.key, headers, partition=record.partition)
            sent += 1
        if sent % 20_000 == 0:
            progress.update(sent, f"{sent} decisions published")
    if sender.flush() or sender.failed:
        raise Failed("not every decision was published", hint="publish again", code="not_accepted")
    return {"run": number, "decisions": sent}


def _job(
    stack: Stack, made: Plan, ruleset: RuleSet, own: Mapping[str, str], wait_s: float, progress: Progress
) -> Past:
    progress.update(0, f"job with {ruleset.version}")
    return own_cluster.run(
        stack,
        made.transactions,
        job_name(own["decisions"]),
        wait_s,
        progress,
        time="append",
        parallelism=made.parallelism,
        start={str(partition): one.start for partition, one in made.ranges.items()},
        emit_from={str(partition): one.first for partition, one in made.ranges.items()},
        ruleset=ruleset.content,
        topics=JobTopics(made.transactions, **own),
    )


def _compare(
    stack: Stack,
    found: Replay,
    base_topic: str,
    run_number: int | None,
    own: Mapping[str, str],
    progress: Progress,
) -> None:
    """Read the replay's decisions and the base's; counts and diff."""
    made, began = found.plan, time.perf_counter()
    start = _base_start(stack, base_topic, made)

    @cache
    def find(wanted: str) -> RuleSet | None:
        return made.ruleset if wanted == made.ruleset.hash else rulesets.by_hash(stack.home, wanted)

    def before() -> Iterable[Record]:
        return _records(stack, base_topic, start, run_number, progress)

    def after() -> Iterable[Record]:
        return _records(stack, own["decisions"], "earliest", None, progress)

    side = prints.fingerprints(after(), made.transactions, made.includes)
    found.decisions = side.decisions
    found.diff = decision_diff.diff(before, after, made.transactions, made.includes, find, made.ruleset, side)
    found.diff.seconds, found.diff.masks = time.perf_counter() - began, stack.profile.masks


def _base_start(stack: Stack, topic: str, made: Plan) -> Mapping[int, int] | str:
    """A decision is appended after its transaction, so earlier decisions are none of ours."""
    if made.from_ms is None or topic != stack.profile.topics.decisions:
        return "earliest"
    return admin.offsets_at(stack.kafka, topic, made.from_ms)


def _records(
    stack: Stack, topic: str, start: Mapping[int, int] | str, run_number: int | None, progress: Progress
) -> Iterator[Record]:
    for done, record in enumerate(forgotten.records(stack, topic, start)):
        number = run_of(record.headers.items())
        if record.value is not None and run_number in (None, number):
            yield Record(record.value, number)
        if done % 20_000 == 0:
            progress.update(done, f"{done} decisions of {topic} read")
