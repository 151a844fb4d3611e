"""What an intruder can write on the rules topic, and that none of it is ever in force."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records.members import Members
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse
from pipeline.scoring import activation, keys
from pipeline.scoring.account import Account, Backing, Destination
from pipeline.scoring.activation import Record
from pipeline.scoring.signature import Trust
from tests.examples import examples
from tests.kernel_process import KernelProcess
from tests.unit.pipeline.scoring.activation_cases import FIRST, SECOND
from tests.unit.pipeline.scoring.signing_key import (
    ALICE,
    HERE,
    OURS,
    THEIRS,
    TRUST,
    object_after,
    signed_after,
)

SETTINGS = asdict(PlanSettings())
THEIR_KEY = keys.public(THEIRS)
SHORT = b'{"kind":"activation","action":"apply","version":"x","hash":"y","ruleset":{},"previous":0}'


def begun() -> list[Record]:
    """A topic with one activation that counts."""
    return [(0, 1_000, signed_after([]))]


def said_of(records: list[Record], trust: Trust = TRUST) -> list[dict[str, Any]]:
    """What counts and what is put aside, in the kernel's form."""
    reading = activation.sorted_out(records, trust)
    said: list[dict[str, Any]] = [{"offset": one.offset, "from_ms": one.from_ms} for one in reading.chain]
    said += [{"offset": one.offset, "aside": one.reason} for one in reading.aside]
    return sorted(said, key=lambda one: int(one["offset"]))


def with_signature_of(payload: bytes, other: bytes) -> bytes:
    return payload + b"\n" + other.rpartition(b"\n")[2]


def elsewhere(stack: str, topic: str) -> bytes:
    """A good record of the same key for another place."""
    backing = Backing(Destination(stack, topic), ALICE)
    return keys.sign(object_after(begun(), backing=backing), OURS)


def changed(value: bytes) -> bytes:
    return value.replace(b'"points": 60', b'"points": 61', 1)


def unsigned_attacks() -> dict[str, tuple[bytes, str]]:
    """Records that an intruder without the key can write, each with what is said of it."""
    good = object_after(begun())
    signed = keys.sign(good, OURS)
    key_line = signed.rpartition(b"\n")[2]
    theirs = keys.sign(good, THEIRS)
    swapped = theirs.replace(THEIR_KEY.encode(), keys.public(OURS).encode())
    not_signed = "it is not signed"
    elsewhere_said = "it is for another stack or topic"
    not_of_it = "its signature is not of its bytes"
    return {
        "the record that once stopped the scoring": (SHORT, not_signed),
        "no signature": (good, not_signed),
        "a signature cut short": (signed[:-1], not_signed),
        "a line more": (signed + b"\n", not_signed),
        "the signature twice": (signed + b"\n" + key_line, not_of_it),
        "signed by another key": (theirs, f"it is signed by the key {THEIR_KEY}, which is not trusted"),
        "signed by another key that says it is ours": (swapped, not_of_it),
        "the signature of another record": (with_signature_of(changed(good), signed), not_of_it),
        "one point more": (changed(signed), not_of_it),
        "a blank more": (with_signature_of(good + b" ", signed), not_of_it),
        "for another stack": (elsewhere("test", "risk.rules"), elsewhere_said),
        "for another topic": (elsewhere("prod", "old.rules"), elsewhere_said),
        "signed without a context": (
            good
            + f'\n{{"key":"{keys.public(OURS)}",'.encode()
            + f'"signature":"{b64encode(OURS.sign(good)).decode()}"}}'.encode(),
            not_of_it,
        ),
        "megabytes": (b'{"kind":"' + b"a" * 4_000_000 + b'"}', not_signed),
        "deep nesting": (b"[" * 200_000, not_signed),
        "deep nesting that somebody signed": (
            keys.sign(b"[" * 200_000, THEIRS),
            f"it is signed by the key {THEIR_KEY}, which is not trusted",
        ),
        "nothing but a signature": (b"\n" + key_line, not_of_it),
        "bytes": (bytes(range(256)), not_signed),
    }


@pytest.mark.parametrize("attack", unsigned_attacks())
def test_what_is_not_signed_by_a_trusted_key_is_put_aside_and_what_is_in_force_goes_on(
    kernel: KernelProcess, attack: str
) -> None:
    value, reason = unsigned_attacks()[attack]
    records = [*begun(), (1, 2_000, value)]
    records.append((2, 3_000, signed_after(records)))
    said = said_of(records)
    assert said[1:] == [{"offset": 1, "aside": reason}, {"offset": 2, "from_ms": 4_000}]
    assert kernel.read_rules(records, SETTINGS, TRUST.as_document()) == said


def test_an_old_record_that_is_written_once_more_never_counts_again(kernel: KernelProcess) -> None:
    records = begun()
    records.append((1, 2_000, signed_after(records)))
    records.append((2, 3_000, signed_after(records, ruleset=parse(FIRST | {"version": "c"}))))
    replayed = [*records, *((3 + at, 4_000, one[2]) for at, one in enumerate(records))]
    assert [one.offset for one in activation.read(replayed, TRUST)] == [0, 1, 2]
    assert kernel.read_rules(replayed, SETTINGS, TRUST.as_document()) == said_of(replayed)


def test_what_is_signed_and_malformed_is_put_aside_as_well(kernel: KernelProcess) -> None:
    good = json.loads(object_after(begun()))
    bad: list[tuple[dict[str, Any], str]] = [
        ({**good, "format": 1}, "it does not say for whom it is"),
        ({**good, "author": ""}, "its author is not a text of 1 to 200 characters"),
        ({**good, "reason": ["x"]}, "its reason is not a text of at most 1000 characters"),
        ({**good, "approvals": ["bob"]}, "its approvals are not a list of objects"),
        (
            {**good, "approvals": [{"author": "bob"}]},
            "its approval's host is not a text of 1 to 200 characters",
        ),
        ({**good, "proposal": True}, "its proposal is not an offset or null"),
        ({**good, "audit": {"line": -1}}, "its audit is not a line's number and hash"),
        ({**good, "ruleset": {}}, "its ruleset is no rule set: rules: at least one rule is needed"),
        ({**good, "kind": "adoption"}, "it has no before"),
        ({**good, "kind": "approval", "proposal": None}, "its proposal is null, not an offset"),
    ]
    records = begun()
    for number, (record, _) in enumerate(bad, 1):
        records.append((number, 2_000, keys.sign(json.dumps(record).encode(), OURS)))
    said = said_of(records)
    assert [one.get("aside") for one in said[1:]] == [reason for _, reason in bad]
    assert kernel.read_rules(records, SETTINGS, TRUST.as_document()) == said


def test_a_reader_says_who_wrote_what_counts_and_why() -> None:
    bob = Account("bob", "desk-2", "2026-01-02T00:00:00.000Z", "looks right")
    backing = Backing(HERE, ALICE, (bob,), 7, (3, "ab" * 32))
    value = keys.sign(object_after([], backing=backing), OURS)
    (one,) = activation.read([(0, 1_000, value)], TRUST)
    assert (one.account, one.approvals, one.key) == (ALICE, (bob,), keys.public(OURS))
    assert one.record["audit"] == {"line": 3, "hash": "ab" * 32}


def unsigned_history() -> list[Record]:
    """A topic as versions without signatures wrote it, with a malformed record on it."""
    records: list[Record] = [(0, 1_000, activation.following([], "first", parse(FIRST))), (1, 1_500, b"{")]
    following = activation.following(activation.read(records), "apply", parse(SECOND))
    return [*records, (2, 2_000, following)]


def adopted(records: list[Record]) -> list[Record]:
    adoption = activation.adoption(records, Backing(HERE, ALICE))
    return [*records, (records[-1][0] + 1, 3_000, keys.sign(adoption, OURS))]


def test_what_was_there_before_signatures_counts_once_somebody_has_vouched_for_it(
    kernel: KernelProcess,
) -> None:
    unsigned = unsigned_history()
    assert activation.read(unsigned, TRUST) == []
    records = adopted(unsigned)
    assert activation.read(records, TRUST) == activation.read(unsigned)
    records.append((4, 4_000, unsigned[2][2]))
    records.append((5, 5_000, signed_after(records, ruleset=parse(FIRST | {"version": "c"}))))
    said = said_of(records)
    assert said[-2:] == [{"offset": 4, "aside": "it is not signed"}, {"offset": 5, "from_ms": 6_000}]
    assert [one["offset"] for one in said] == [0, 1, 2, 4, 5]
    trust = activation.adopting(records, TRUST)
    assert trust == replace(TRUST, adopted=3)
    assert kernel.read_rules(records, SETTINGS, trust.as_document()) == said


def test_an_adoption_of_other_records_than_those_that_are_there_vouches_for_nothing() -> None:
    records = adopted(unsigned_history())
    for forged in (
        [(0, 1_000, unsigned_history()[2][2]), *records[1:]],
        [(0, 1_001, records[0][2]), *records[1:]],
        [*records[:3], (3, 3_000, keys.sign(records[3][2] or b"", THEIRS))],
    ):
        assert activation.read(forged, TRUST) == []


def test_a_new_key_vouches_for_what_the_old_one_signed_and_the_old_one_signs_no_more() -> None:
    records = [*begun()]
    records.append((1, 2_000, signed_after(records)))
    new = Trust("prod", "risk.rules", (THEIR_KEY,))
    assert activation.read(records, new) == []
    adoption = keys.sign(activation.adoption(records, Backing(HERE, ALICE)), THEIRS)
    after = [*records, (2, 3_000, adoption)]
    assert [one.offset for one in activation.read(after, new)] == [0, 1]
    stolen = signed_after(records, OURS, parse(FIRST | {"version": "stolen"}))
    reading = activation.sorted_out([*after, (3, 4_000, stolen)], new)
    assert [one.offset for one in reading.chain] == [0, 1]
    assert [one.offset for one in reading.aside] == [3]


def test_trust_is_read_as_it_was_written() -> None:
    trust = replace(TRUST, adopted=9)
    assert Trust.read(Members(json.loads(json.dumps(trust.as_document())))) == trust


GOOD = signed_after(begun())
many = settings(max_examples=examples(150), derandomize=True)


def damaged() -> st.SearchStrategy[bytes]:
    """A good record with bytes changed, left out, put in or repeated; and anything at all."""
    places = st.integers(0, len(GOOD) - 1)
    replaced = st.builds(lambda at, by: GOOD[:at] + by + GOOD[at + len(by) :], places, st.binary(min_size=1))
    put_in = st.builds(lambda at, by: GOOD[:at] + by + GOOD[at:], places, st.binary(min_size=1))
    cut = st.builds(lambda at, to: GOOD[:at] + GOOD[max(at, to) + 1 :], places, places)
    return st.one_of(replaced, put_in, cut, st.binary()).filter(lambda value: value != GOOD)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@many
@given(value=damaged())
def test_no_damage_to_a_signed_record_lets_it_count(kernel: KernelProcess, value: bytes) -> None:
    records = [*begun(), (1, 2_000, value), (2, 3_000, GOOD)]
    said = said_of(records)
    assert [one["offset"] for one in said if "from_ms" in one] == [0, 2]
    assert kernel.read_rules(records, SETTINGS, TRUST.as_document()) == said


@many
@given(name=st.sampled_from(sorted(json.loads(object_after(begun())))), member=json_like)
def test_whatever_a_member_of_a_signed_record_is_all_readers_say_the_same_and_go_on(
    kernel: KernelProcess, name: str, member: Any
) -> None:
    record = json.loads(object_after(begun())) | {name: member}
    records = [*begun(), (1, 2_000, keys.sign(json.dumps(record).encode(), OURS))]
    records.append((2, 3_000, signed_after(records)))
    said = said_of(records)
    assert (said[0]["offset"], said[-1]["offset"]) == (0, 2)
    assert "from_ms" in said[-1]
    assert kernel.read_rules(records, SETTINGS, TRUST.as_document()) == said
