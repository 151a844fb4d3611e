"""What one person can put into force where others must approve: nothing, whatever he writes and signs."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring import activation, approval, keys
from pipeline.scoring.account import Account, Backing
from pipeline.scoring.activation import Record
from pipeline.scoring.approval import Proposed
from pipeline.scoring.signature import Trust
from tests.examples import examples
from tests.kernel_process import KernelProcess
from tests.unit.pipeline.scoring.activation_cases import FIRST, SECOND
from tests.unit.pipeline.scoring.signing_key import ALICE, HERE, OURS, THEIRS, TRUST, signed_after

BOB = Account("bob", "desk-2", "2026-01-02T00:00:00.000Z", "looks right")
CAROL_KEY = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
STRANGER_KEY = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
ONE = replace(TRUST, keys=tuple(map(keys.public, (OURS, THEIRS, CAROL_KEY))), approvals=1)
SETTINGS = asdict(PlanSettings())
OTHER = parse(SECOND | {"version": "other"})


class Topic:
    """A topic with one activation that counts; each record is a second after the one before."""

    def __init__(self, trust: Trust = ONE) -> None:
        self.trust = trust
        self.records: list[Record] = [(0, 1_000, signed_after([]))]

    def put(self, value: bytes) -> int:
        offset = len(self.records)
        self.records.append((offset, 1_000 * (offset + 1), value))
        return offset

    def proposes(self, ruleset: RuleSet, key: Ed25519PrivateKey = OURS) -> Proposed:
        value = approval.proposal(0, "apply", ruleset, None, None, Backing(HERE, ALICE))
        offset = self.put(keys.sign(value, key))
        return Proposed(offset, json.loads(value), keys.public(key), self._digest(offset))

    def approves(self, of: Proposed, key: Ed25519PrivateKey = THEIRS) -> int:
        return self.put(keys.sign(approval.approval(of, Backing(HERE, BOB)), key))

    def activates(
        self, ruleset: RuleSet, of: int | None, key: Ed25519PrivateKey = OURS, **changes: Any
    ) -> int:
        chain = activation.read(self.records, self.trust)
        backing = Backing(HERE, ALICE, (BOB,), of)
        record = json.loads(activation.following(chain, "apply", ruleset, None, None, backing)) | changes
        return self.put(keys.sign(json.dumps(record).encode(), key))

    def _digest(self, offset: int) -> str:
        ballot = activation.sorted_out(self.records, ONE).ballot
        return next((one.digest for one in ballot.proposals if one.offset == offset), "0" * 64)

    def said(self, kernel: KernelProcess) -> list[dict[str, Any]]:
        """What counts and what is put aside; every reader says the same."""
        reading = activation.sorted_out(self.records, self.trust)
        said: list[dict[str, Any]] = [{"offset": one.offset, "from_ms": one.from_ms} for one in reading.chain]
        said += [{"offset": one.offset, "aside": one.reason} for one in reading.aside]
        said.sort(key=lambda one: int(one["offset"]))
        assert kernel.read_rules(self.records, SETTINGS, self.trust.as_document()) == said
        return said[1:]


def test_what_another_has_approved_of_is_in_force_and_says_by_whom(kernel: KernelProcess) -> None:
    topic = Topic()
    proposed = topic.proposes(parse(SECOND))
    topic.approves(proposed)
    at = topic.activates(parse(SECOND), proposed.offset, THEIRS)
    assert topic.said(kernel) == [{"offset": at, "from_ms": 1_000 * (at + 2)}]
    newest = activation.read(topic.records, ONE)[-1]
    assert (newest.account, newest.approvals) == (ALICE, (BOB,))


def alone(topic: Topic) -> None:
    topic.activates(parse(SECOND), None)


def of_no_proposal(topic: Topic) -> None:
    topic.activates(parse(SECOND), 0)


def unapproved(topic: Topic) -> None:
    topic.activates(parse(SECOND), topic.proposes(parse(SECOND)).offset)


def approved_by_himself(topic: Topic) -> None:
    proposed = topic.proposes(parse(SECOND))
    topic.approves(proposed, OURS)
    topic.activates(parse(SECOND), proposed.offset)


def approved_by_a_stranger(topic: Topic) -> None:
    proposed = topic.proposes(parse(SECOND))
    topic.approves(proposed, STRANGER_KEY)
    topic.activates(parse(SECOND), proposed.offset)


def approved_afterwards(topic: Topic) -> None:
    proposed = topic.proposes(parse(SECOND))
    topic.activates(parse(SECOND), proposed.offset)
    topic.approves(proposed)


def other_rules(topic: Topic) -> None:
    proposed = topic.proposes(parse(SECOND))
    topic.approves(proposed)
    topic.activates(OTHER, proposed.offset)


def in_the_name_of_another(topic: Topic) -> None:
    proposed = topic.proposes(parse(SECOND))
    topic.approves(proposed)
    topic.activates(parse(SECOND), proposed.offset, author="the head of risk")


def from_another_time_on(topic: Topic) -> None:
    proposed = topic.proposes(parse(SECOND))
    topic.approves(proposed)
    topic.activates(parse(SECOND), proposed.offset, effective_from_ms=99_000)


def with_consent_to_something_else(topic: Topic) -> None:
    """An approval is of what was proposed at that place when it was given, not of what lies there later."""
    harmless = topic.proposes(OTHER)
    bad = topic.proposes(parse(SECOND))
    topic.put(keys.sign(approval.approval(replace(harmless, offset=bad.offset), Backing(HERE, BOB)), THEIRS))
    topic.activates(parse(SECOND), bad.offset)


LACKING = "it wants 1 approval(s) of others than its author and has 0"
DIFFERS = "it is not what was proposed at offset 1"
NOBODY = "it wants approval, and nobody proposed it"


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (alone, NOBODY),
        (of_no_proposal, NOBODY),
        (unapproved, LACKING),
        (approved_by_himself, LACKING),
        (approved_by_a_stranger, LACKING),
        (approved_afterwards, LACKING),
        (other_rules, DIFFERS),
        (in_the_name_of_another, DIFFERS),
        (from_another_time_on, DIFFERS),
        (with_consent_to_something_else, LACKING),
    ],
)
def test_what_lacks_the_approval_of_others_is_put_aside(
    kernel: KernelProcess, attack: Any, reason: str
) -> None:
    topic = Topic()
    attack(topic)
    said = topic.said(kernel)
    assert [one for one in said if "from_ms" in one] == []
    assert reason in [one["aside"] for one in said]


def test_two_approvals_are_those_of_two_people(kernel: KernelProcess) -> None:
    topic = Topic(replace(ONE, approvals=2))
    proposed = topic.proposes(parse(SECOND))
    for key in (THEIRS, THEIRS, OURS):
        topic.approves(proposed, key)
    early = topic.activates(parse(SECOND), proposed.offset)
    topic.approves(proposed, CAROL_KEY)
    at = topic.activates(parse(SECOND), proposed.offset)
    assert topic.said(kernel) == [
        {"offset": early, "aside": "it wants 2 approval(s) of others than its author and has 1"},
        {"offset": at, "from_ms": 1_000 * (at + 2)},
    ]


def test_where_no_approval_is_wanted_proposals_change_nothing(kernel: KernelProcess) -> None:
    topic = Topic(replace(ONE, approvals=0))
    topic.proposes(OTHER)
    at = topic.activates(parse(FIRST | {"version": "c"}), None)
    assert topic.said(kernel) == [{"offset": at, "from_ms": 1_000 * (at + 2)}]


@settings(max_examples=examples(60), derandomize=True)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(("propose", "approve", "activate")),
            st.integers(0, 6),
            st.sampled_from((OURS, THEIRS, CAROL_KEY, STRANGER_KEY)),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_people_write_all_readers_say_the_same(kernel: KernelProcess, steps: list[Any]) -> None:
    topic = Topic()
    known: list[Proposed] = []
    for act, place, key, is_other in steps:
        ruleset = OTHER if is_other else parse(SECOND)
        if act == "propose":
            known.append(topic.proposes(ruleset, key))
        elif act == "approve" and known:
            topic.approves(known[place % len(known)], key)
        elif act == "activate":
            topic.activates(ruleset, known[place % len(known)].offset if known else place, key)
    for one in topic.said(kernel):
        assert "aside" in one or known
