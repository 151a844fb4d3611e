"""Changes of the rules that wait for others: proposing one, who approved, putting it into force.

What counts is said by `pipeline.scoring.approval`; here is what a person does about it. The last approval
that is needed brings the change into force: whoever gives it writes the activation as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fraudctl.errors import UsageError
from fraudctl.home import rulesets
from fraudctl.jobs.activations import Because, Change, RulesTopic
from pipeline.rules.ruleset import recorded
from pipeline.scoring import account, approval, keys
from pipeline.scoring.account import Account
from pipeline.scoring.activation import Activation, Reading
from pipeline.scoring.approval import Proposed


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal that is not in force; `wanted` is how many must approve, `is_stale` that something else came
    into force since, so that it never will.
    """

    proposed: Proposed
    approved: Sequence[Account]
    wanted: int
    is_stale: bool = False

    @property
    def offset(self) -> int:
        return self.proposed.offset

    @property
    def name(self) -> str:
        """What is proposed."""
        return f"{self.proposed.record['version']} ({str(self.proposed.record['hash'])[:12]})"

    @property
    def by(self) -> Account:
        found = account.of(self.proposed.record)
        assert found is not None  # every proposal has one
        return found

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        record = self.proposed.record
        return {
            "proposal": self.offset,
            **{name: record[name] for name in ("action", "version", "hash")},
            "by": self.by.as_document(),
            "approved_by": [one.as_document() for one in self.approved],
            "approvals_wanted": self.wanted,
            "stale": self.is_stale,
        }


def are_wanted(topic: RulesTopic, chain: Sequence[Activation]) -> bool:
    """Whether a change on this topic has to be approved; the first is not."""
    return bool(chain) and topic.signer.trust.approvals > 0


def propose(topic: RulesTopic, decide: Callable[[list[Activation]], Change], because: Because) -> Waiting:
    """Put to the others what `decide` makes of the activations that count."""
    chain = topic.read()
    change = decide(chain)
    topic.check(change)
    for ruleset in filter(None, (change.live, change.shadow)):
        rulesets.store(topic.home, ruleset.content)
    previous, backing = chain[-1].offset if chain else None, topic.backing(because)
    effective, live = change.effective_from_ms, change.live
    offset = topic.append(approval.proposal(previous, change.action, live, change.shadow, effective, backing))
    return _at(topic.sorted_out(), topic, offset)


def waiting(topic: RulesTopic) -> list[Waiting]:
    """What was proposed and is not in force, the oldest first."""
    reading = topic.sorted_out()
    done = {one.record.get("proposal") for one in reading.chain}
    return [_waiting(reading, topic, one) for one in reading.ballot.proposals if one.offset not in done]


def approve(topic: RulesTopic, offset: int, because: Because) -> Activation | Waiting:
    """Approve of the proposal there: what is in force by that, or what it still waits for. UsageError."""
    found = _at(topic.sorted_out(), topic, offset)
    _refuse(topic, found)
    topic.append(approval.approval(found.proposed, topic.backing(because)))
    reading = topic.sorted_out()
    found = _at(reading, topic, offset)
    if len(found.approved) < found.wanted:
        return found
    record = found.proposed.record
    shadow = recorded(record["shadow"]) if record["shadow"] else None
    change = Change(record["action"], recorded(record["ruleset"]), shadow, record["effective_from_ms"])
    backing = replace(
        topic.backing(because), account=found.by, approvals=list(found.approved), proposal=offset
    )
    return topic.follow(reading.chain, change, backing)


def _refuse(topic: RulesTopic, found: Waiting) -> None:
    if found.proposed.key == keys.public(topic.signer.key):
        hint = "another of those whom the profile trusts approves: fraudctl rules approve … --key FILE"
        raise UsageError(f"proposal {found.offset} is your own", hint=hint, code="own_proposal")
    if found.is_stale:
        hint = "have it proposed again: fraudctl rules apply …"
        raise UsageError(
            f"other rules came into force since proposal {found.offset}", hint=hint, code="stale"
        )


def _at(reading: Reading, topic: RulesTopic, offset: int) -> Waiting:
    for one in reading.ballot.proposals:
        if one.offset == offset:
            return _waiting(reading, topic, one)
    raise UsageError(f"there is no proposal {offset}", hint="see: fraudctl rules approve", code="no_proposal")


def _waiting(reading: Reading, topic: RulesTopic, one: Proposed) -> Waiting:
    newest = reading.chain[-1].offset if reading.chain else None
    approved = [consent.account for consent in reading.ballot.consents(one)]
    return Waiting(one, approved, topic.signer.trust.approvals, one.record["previous"] != newest)
