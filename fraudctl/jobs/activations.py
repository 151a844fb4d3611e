"""The rules topic from the outside: what is in force, and how something else comes into force.

Anything that changes the live rules goes through `activate`: it reads the topic to its end, lets the caller
say what follows, appends that, signed, and reads again whether it counts; of two who do so at the same time
one is told that the other was quicker. Nothing here touches the job, which follows the topic by itself.

A home signs with its key from the first record on. Where there are records before it has one, of a version
without signatures or of another home, it vouches for them once, all together (`signed_for`).
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.errors import Failed, UsageError
from fraudctl.home import audit, rulesets, signing
from fraudctl.home.jobs import wanted_live
from fraudctl.home.private_files import make_folder, open_private
from fraudctl.home.signing import Signing
from fraudctl.jobs import askers, steps
from fraudctl.jobs.askers import Asker
from fraudctl.jobs.rules_log import Carried, OnBroker, RulesLog
from fraudctl.kafka import forgotten
from pipeline.connections.kafka.description import Kafka
from pipeline.records.clock import now_ms
from pipeline.rules.feature import in_order
from pipeline.rules.plan import TooManyConditions
from pipeline.rules.ruleset import RuleSet, recorded
from pipeline.scoring import activation, keys
from pipeline.scoring.account import MAX_REASON, Backing
from pipeline.scoring.activation import Activation, Reading, Record
from pipeline.scoring.job_config import JobConfig
from pipeline.scoring.signature import Trust

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

log = logging.getLogger(__name__)

FIRST_KEY = "the first key of this home"
_PROPOSE = "a person proposes it: fraudctl rules apply | pause | rollback; others: fraudctl rules approve"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to follow: the action's name, the live rule set, its shadow, and from when (epoch ms)."""

    action: str
    live: RuleSet
    shadow: RuleSet | None = None
    effective_from_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Because:
    """Why something changes. `author` is a program that acts by itself, None for the user of this process."""

    reason: str | None = None
    author: str | None = None


UNSAID = Because()


@dataclass(frozen=True, slots=True)
class Signature:
    """What a person gives for a change: why, and the key to sign with, None for the stack's."""

    reason: str | None = None
    key_file: Path | None = None

    def because(self) -> Because:
        """UsageError where the reason is too long to be kept."""
        if self.reason is not None and len(self.reason) > MAX_REASON:
            raise UsageError(
                f"--reason has {len(self.reason)} characters", hint=f"at most {MAX_REASON} are kept"
            )
        return Because(self.reason)


NOTHING_GIVEN = Signature()


@dataclass(frozen=True, slots=True)
class RulesTopic:
    """Where a job's activations stand, and the home that keeps the content of every rule set.

    `hops` are the keys that the job has steps by; None where no job runs, or nobody knows. `signing` is None
    while the home has no key: then nothing can be written, and no record is asked for a signature.
    """

    kafka: Kafka
    topic: str
    home: Path
    hops: Sequence[str] | None = None
    signing: Signing | None = None
    mend: str = steps.RESTART
    """how the job gets a step that it lacks"""
    asker: Asker | None = None
    """who asks, where that is not the user of this process"""
    log: RulesLog | None = None
    """its records, where they are not read and written on the broker from here"""

    def read(self) -> list[Activation]:
        """Every activation that counts."""
        return self.sorted_out().chain

    def sorted_out(self) -> Reading:
        """Every activation that counts, and every record that is put aside."""
        return activation.sorted_out(self._records(), self.signing.trust if self.signing else None)

    def trust(self) -> Trust:
        """Whom a job trusts that follows the topic from now on."""
        return activation.adopting(self._records(), self.signer.trust)

    def adopt(self, because: Because) -> int:
        """Vouch for every record that lies there now, whoever wrote it; how many they are."""
        records = self._records()
        self.append(activation.adoption(records, self.backing(because)))
        return len(records)

    def backing(self, because: Because) -> Backing:
        """What a record of ours says of itself."""
        account = self.signer.account(because.reason, because.author)
        if self.asker is not None:
            account = self.asker.in_place_of(account, self.signer)
        newest = audit.head(self.home)
        pin = None if newest is None else (newest.line, newest.hash)
        return Backing(self.signer.destination, account, audit=pin)

    def pins(self) -> list[tuple[int, str, str]]:
        """The lines of this home's audit log that records of its key vouch for: number, hash, and where."""
        if self.signing is None:
            return []
        own, reading = keys.public(self.signing.key), self.sorted_out()
        return [
            (one.record["audit"]["line"], one.record["audit"]["hash"], f"offset {one.offset} of {self.topic}")
            for one in reading.signed
            if one.key == own and one.record.get("audit")
        ]

    def activate(self, decide: Callable[[list[Activation]], Change], because: Because = UNSAID) -> Activation:
        """Append what `decide` makes of those that count; Failed when another one was quicker.

        Also where others must approve of it first (`fraudctl.jobs.approvals`).
        """
        chain = self.read()
        change = decide(chain)
        if chain and self.signer.trust.approvals:
            raise Failed("what changes these rules wants approval", hint=_PROPOSE, code="wants_approval")
        return self.follow(chain, change, self.backing(because))

    def follow(self, chain: list[Activation], change: Change, backing: Backing) -> Activation:
        """Append this change after those that count, with what it says of itself; as `activate`."""
        self.check(change)
        for ruleset in (change.live, change.shadow):
            if ruleset is not None:
                rulesets.store(self.home, ruleset.content)
        try:
            value = activation.following(
                chain, change.action, change.live, change.shadow, change.effective_from_ms, backing
            )
        except TooManyConditions as error:
            raise UsageError(
                f"the rule set cannot follow the one in force: {error}",
                hint="use fewer different conditions, or stop the shadow first",
                code="too_many_conditions",
            ) from error
        offset = self.append(value)
        for one in self.read():
            if one.offset == offset:
                return one
        raise Failed(
            "another activation was quicker, so this one does not count",
            hint="look at: fraudctl rules history, then try again",
            code="overtaken",
        )

    def begin(self, content: Mapping[str, object]) -> list[Activation]:
        """Activate this content as the first when there is none yet; every activation that counts.

        Failed where there are activations, and this stack trusts none of them.
        """
        chain = self.read()
        if not chain:
            self._refuse_strangers()
            try:
                self.activate(
                    lambda known: Change("first", recorded(known[-1].content if known else content))
                )
            except Failed as failure:
                if failure.code != "overtaken":
                    raise
            chain = self.read()
        return chain

    def check(self, change: Change) -> None:
        missing = [] if self.hops is None else [key for key in needed(change) if key not in self.hops]
        if missing:
            raise UsageError(
                f"the running job has no step by {', '.join(missing)}, which the rule set needs",
                hint=self.mend,
                code="no_hop",
            )

    @property
    def signer(self) -> Signing:
        """By whom is signed. Failed while the home has no key."""
        if self.signing is None:
            raise Failed("this home has no key yet", hint="start the job: fraudctl up", code="no_key")
        return self.signing

    def _records(self) -> list[Record]:
        return self._log.records()

    def _refuse_strangers(self) -> None:
        strangers = activation.read(self._records())
        if strangers:
            raise Failed(
                f"{self.topic} has {len(strangers)} activation(s), signed by nobody whom this stack trusts",
                hint="name the key and the trusted in the profile (signing), or vouch for all that is there: "
                "fraudctl rules adopt --reason …",
                code="untrusted",
            )

    def append(self, payload: bytes) -> int:
        """Sign and write; the offset. Failed where the broker does not take it."""
        return self._log.append(keys.sign(payload, self.signer.key))

    @property
    def _log(self) -> RulesLog:
        return self.log or OnBroker(self.kafka, self.topic)


def of(stack: Stack, key_file: Path | None = None, log: Carried | None = None) -> RulesTopic:
    """That of the stack's live job. One that is stopped gets the steps that are needed when it starts.

    Records are signed with the key of that file, else with the stack's, and carried by `log`, if given.
    """
    signer = signing.of(stack, key_file)
    rules = stack.profile.topics.rules
    asker, mend = askers.of(stack), steps.mend(stack)
    topic = RulesTopic(stack.kafka, rules, stack.home, signing=signer, mend=mend, asker=asker)
    if log is not None:
        return replace(topic, log=log, hops=log.hops)
    return replace(topic, hops=steps.known(stack, lambda: activation.hop_keys(topic.read())))


def signed_for(stack: Stack, key_file: Path | None = None) -> RulesTopic:
    """The same, to be written to: a home without a key gets one, which vouches for all that is there.

    The key is kept last, so that whoever is interrupted begins again.
    """
    make_folder(stack.paths.jobs)
    with open_private(stack.paths.jobs / "signing.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        topic = of(stack, key_file)
        if topic.signing is None:
            key = signing.new_key()
            first = replace(topic, signing=signing.with_key(stack.profile, key))
            if first._records() and (many := first.adopt(Because(FIRST_KEY))):
                log.warning("%s: %s record(s) of before this home had a key count", topic.topic, many)
            signing.keep(stack, key)
            topic = first
    return topic


def needed(change: Change) -> list[str]:
    """The keys by which the change has features."""
    sets = [one for one in (change.live, change.shadow) if one is not None]
    return list(in_order(feature.by for one in sets for feature in one.features.values()))


def live_config(stack: Stack, config: JobConfig) -> JobConfig:
    """The configuration of the live job: it follows the topic, on which there is a first activation by then.

    It has a step by every key that any activation ever needed, since a new run computes them all again.
    """
    topic = signed_for(stack)
    chain = topic.begin(config.ruleset)
    asked = wanted_live(stack).hops
    names = stack.profile.topics
    return replace(
        config,
        topics=replace(config.topics, rules=names.rules, shadow=names.shadow),
        ruleset=chain[-1].content,
        hops=in_order((*activation.hop_keys(chain), *asked)),
        trust=topic.trust(),
        forgotten=forgotten.of(stack).as_document(names.transactions),
    )


def now(chain: Sequence[Activation]) -> Activation | None:
    """The one in force at this moment."""
    return activation.in_force(chain, now_ms()) if chain else None
