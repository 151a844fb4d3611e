"""Changing the live rules: apply, pause, roll back; and seeing that the change is in force.

What is written stands in `fraudctl.jobs.activations`; here is what a person wants with it, and how to wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

from fraudctl.console.progress import Progress
from fraudctl.errors import NotRunning, UsageError
from fraudctl.flink.rest import Flink
from fraudctl.home import undertakings
from fraudctl.home.undertakings import Undertaking
from fraudctl.jobs import activations, approvals, live
from fraudctl.jobs.activations import NOTHING_GIVEN, Because, Change, RulesTopic, Signature
from fraudctl.jobs.approvals import Waiting
from fraudctl.jobs.submission import LIVE
from fraudctl.kafka.tail import Tail
from fraudctl.rules.described import described
from pipeline.records.clock import now_ms
from pipeline.records.decision_bytes import Undecodable, glance
from pipeline.records.quantities import format_time
from pipeline.rules.plugins import watch
from pipeline.rules.ruleset import MAX_VERSION_LENGTH, RuleSet, recorded
from pipeline.scoring import activation
from pipeline.scoring.activation import Activation

if TYPE_CHECKING:
    from pathlib import Path

    from fraudctl.home.stack import Stack
    from fraudctl.jobs.rules_log import Carried

PAUSED: Final = "+paused."
FIRST_DECISION_S: Final = 2.0
"""How long to look for the first decision under a rule set that is in force."""

Decide = Callable[[list[Activation]], Change]
Act = Callable[[RulesTopic], Activation | Waiting]


class Decided(TypedDict):
    """A decision and where it lies."""

    partition: int
    offset: int
    user_id: str
    event_id: str
    decided_at: str


@dataclass(frozen=True, slots=True)
class Changed:
    """An activation that counts, the one before it, and the first decision under it that was seen, if any.

    `job_runs` says whether there is a job that could have made one; None where nobody has looked.
    """

    made: Activation
    before: Activation | None
    is_in_force: bool
    first: Decided | None
    seconds: float
    job_runs: bool | None

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return {
            **described(self.made),
            "before": described(self.before) if self.before else None,
            "in_force": self.is_in_force,
            "first_decision": self.first,
            "seconds": round(self.seconds, 3),
        }


def apply(ruleset: RuleSet, effective_from_ms: int | None = None, action: str = "apply") -> Decide:
    """This rule set instead of the newest; a shadow goes on beside it, unless it is the same."""

    def decide(chain: list[Activation]) -> Change:
        if chain and chain[-1].hash == ruleset.hash:
            raise UsageError(
                f"{ruleset.version} ({ruleset.hash[:12]}) is the newest rule set already",
                hint="see: fraudctl rules history",
                code="already",
            )
        shadow = _shadow(chain)
        keeps = shadow is not None and shadow.hash != ruleset.hash
        return Change(action, ruleset, shadow if keeps else None, effective_from_ms)

    return decide


def pause(rule: str) -> Decide:
    """The newest rule set without that rule; its version says so."""

    def decide(chain: list[Activation]) -> Change:
        content = dict(_newest(chain).content)
        rules = dict(content["rules"])
        if rule not in rules:
            if rule in str(content["version"]).partition(PAUSED)[2].split("."):
                raise UsageError(
                    f"{rule} is paused already", hint="back with: fraudctl rules rollback", code="already"
                )
            raise UsageError(
                f"{content['version']} has no rule {rule!r}", hint=f"it has: {', '.join(sorted(rules))}"
            )
        if len(rules) == 1:
            raise UsageError(
                f"{rule} is the only rule of {content['version']}",
                hint="go back to the rule set before: fraudctl rules rollback",
            )
        del rules[rule]
        changed = content | {"rules": rules, "version": _paused(str(content["version"]), rule)}
        return Change("pause", recorded(changed), _shadow(chain))

    return decide


def rollback(chain: list[Activation]) -> Change:
    """The rule set that was live before the newest; once more goes one further back."""
    former = activation.before(chain)
    if former is None:
        raise UsageError(
            "there is no rule set to go back to", hint="see: fraudctl rules history", code="no_former"
        )
    return Change("rollback", recorded(former.content), _shadow(chain))


def refuse_stopped(plugins: Path, ruleset: RuleSet) -> None:
    """UsageError when the rule set asks a plug-in that was stopped in this home, or is refused by now: it
    would not be called.

    `plugins` is the folder of the notes.
    """
    stopped = watch.stopped(plugins)
    found = [f"rules.{rule}.plugin: {why}" for rule, why in ruleset.refused.items()]
    found += [
        f"rules.{rule.name}.plugin: {rule.plugin.place} {stopped[rule.plugin.key]['reason']}"
        for rule in ruleset.rules
        if rule.plugin is not None and rule.plugin.key in stopped
    ]
    if found:
        raise UsageError(
            f"{ruleset.version} asks what is not called any more:\n  " + "\n  ".join(found),
            hint="mend the plug-in: an edited file is another one and is called again",
            code="stopped_plugin",
        )


def pause_rule(topic: RulesTopic, rule: str, because: Because) -> Activation:
    """Pause a rule and return at once: for a process that watches over the rules.

    It is in force a second later, without anything being restarted. UsageError when the newest rule set has
    no such rule (any more), or no other.
    """
    return topic.activate(pause(rule), because)


def change(
    stack: Stack,
    decide: Decide,
    wait_s: float,
    progress: Progress,
    by: Signature = NOTHING_GIVEN,
    log: Carried | None = None,
) -> Changed | Waiting:
    """Activate what `decide` says and wait until it is in force, at most `wait_s`.

    Where others must approve it is proposed to them. With a `log` the topic is not reached from here.
    """

    def act(topic: RulesTopic) -> Activation | Waiting:
        if approvals.are_wanted(topic, topic.read()):
            return approvals.propose(topic, decide, by.because())
        return topic.activate(decide, by.because())

    return _done(stack, act, wait_s, progress, by, log)


def approve(
    stack: Stack, proposal: int, wait_s: float, progress: Progress, by: Signature, log: Carried | None = None
) -> Changed | Waiting:
    """Approve of the proposal at that offset; where it comes into force by that, wait for it as `change`."""

    def act(topic: RulesTopic) -> Activation | Waiting:
        return approvals.approve(topic, proposal, by.because())

    return _done(stack, act, wait_s, progress, by, log)


def _done(
    stack: Stack, act: Act, wait_s: float, progress: Progress, by: Signature, log: Carried | None
) -> Changed | Waiting:
    if log is None:
        return _followed(stack, act, wait_s, progress, by)
    return _carried(activations.of(stack, by.key_file, log), act, wait_s)


def _carried(topic: RulesTopic, act: Act, wait_s: float) -> Changed | Waiting:
    """By way of another machine: nobody looks for decisions from here."""
    began, chain = time.monotonic(), topic.read()
    made = act(topic)
    if isinstance(made, Waiting):
        return made
    before = next((one for one in reversed(chain) if one.offset < made.offset), None)
    left_s = (made.from_ms - now_ms()) / 1000
    if left_s <= wait_s:
        time.sleep(max(0.0, left_s))
    return Changed(made, before, left_s <= wait_s, None, time.monotonic() - began, None)


def _followed(stack: Stack, act: Act, wait_s: float, progress: Progress, by: Signature) -> Changed | Waiting:
    began = time.monotonic()
    with Tail(stack.kafka, stack.profile.topics.decisions) as tail:
        topic = activations.signed_for(stack, by.key_file)
        chain = topic.read()
        made = act(topic)
        if isinstance(made, Waiting):
            return made
        progress.update(0, f"in force from {format_time(made.from_ms)}")
        before = next((one for one in reversed(chain) if one.offset < made.offset), None)
        if made.from_ms - now_ms() > wait_s * 1000:
            return Changed(made, before, False, None, time.monotonic() - began, _runs(stack))
        time.sleep(max(0.0, (made.from_ms - now_ms()) / 1000))
        runs = _runs(stack)
        first = _first(tail, made) if runs else None
    return Changed(made, before, True, first, time.monotonic() - began, runs)


def restart_with(
    stack: Stack, ruleset: RuleSet, wait_s: float, progress: Progress, command: str = "fraudctl rules apply"
) -> bool:
    """Restart the job with the steps that the rule set needs and the job lacks; False when it lacks none.

    `command` is what to give again where it is cut off while the job stands still. UsageError where it is not
    our keeper that starts the job.
    """
    topic = activations.of(stack)
    change = Change("apply", ruleset)
    keys, cut = activations.needed(change), undertakings.cut_off(stack.home)
    was_stopped = cut is not None and cut.restarts_job
    if not was_stopped and (topic.hops is None or set(keys) <= set(topic.hops)):
        return False
    if not stack.is_kept:
        topic.check(change)
    with live.restarting(stack, Undertaking(command, restarts_job=True)):
        live.stop(stack, wait_s, progress)
        live.start(stack, wait_s, progress, hops=keys)
    return True


def _newest(chain: Sequence[Activation]) -> Activation:
    if not chain:
        raise NotRunning("no rule set has been activated yet", hint="start the job: fraudctl up")
    return chain[-1]


def _shadow(chain: Sequence[Activation]) -> RuleSet | None:
    content = chain[-1].shadow if chain else None
    return recorded(content) if content else None


def _paused(version: str, rule: str) -> str:
    longer = f"{version}.{rule}" if PAUSED in version else f"{version}{PAUSED}{rule}"
    if len(longer) <= MAX_VERSION_LENGTH:
        return longer
    return f"{version.partition(PAUSED)[0][: MAX_VERSION_LENGTH - 20]}{PAUSED}several"


def _runs(stack: Stack) -> bool:
    return stack.runs_jobs and bool(Flink(stack.flink).live(LIVE))


def _first(tail: Tail, made: Activation) -> Decided | None:
    """The first decision under the activation that arrives soon; None when there is no traffic."""
    mark = b'"ruleset_hash":"' + made.hash.encode() + b'"}'
    deadline = time.monotonic() + FIRST_DECISION_S
    while time.monotonic() < deadline:
        for record in tail.read(0.05):
            if record.append_ms < made.from_ms or not (record.value or b"").endswith(mark):
                continue
            try:
                user, event = glance(record.value or b"").identity
            except Undecodable:
                continue
            return {
                "partition": record.partition,
                "offset": record.offset,
                "user_id": user,
                "event_id": event,
                "decided_at": format_time(record.append_ms),
            }
    return None
