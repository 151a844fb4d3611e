"""Who is forgotten, and up to where."""

from __future__ import annotations

import hmac
import json

import pytest

from pipeline.records.decision_record import Delivery
from pipeline.records.forgotten import (
    Forgotten,
    Malformed,
    hash_of,
    salt_record,
    source_of,
    user_of,
    user_record,
)
from tests.decisions import decided

SALT, OTHER = bytes(range(32)), bytes(range(32, 64))
LIVE, DECIDED = "risk.transactions", "risk.decisions"


def known(*erasures: tuple[str, dict[str, dict[int, int]]], salt: bytes = SALT) -> Forgotten:
    found = Forgotten("risk.forgotten")
    found.take(*salt_record(salt))
    for user, until in erasures:
        found.take(*user_record(hash_of(salt, user), until, "2026-11-28T12:00:00.000Z"))
    return found


def test_nothing_on_the_topic_says_who_it_is() -> None:
    key, value = user_record(hash_of(SALT, "ada"), {LIVE: {0: 7}}, "2026-11-28T12:00:00.000Z")
    assert key == b"user:" + hmac.new(SALT, b"ada", "sha256").hexdigest().encode()
    assert json.loads(value) == {"at": "2026-11-28T12:00:00.000Z", "until": {LIVE: {"0": 7}}}


def test_what_was_there_is_covered_and_what_comes_later_is_not() -> None:
    found = known(("ada", {LIVE: {0: 7, 1: 3}}))
    assert [found.covers("ada", LIVE, 0, offset) for offset in (0, 6, 7)] == [True, True, False]
    assert not found.covers("ada", LIVE, 2, 0)
    assert not found.covers("ada", "another", 0, 0)
    assert not found.covers("bob", LIVE, 0, 0)


def test_an_old_payment_that_is_decided_again_is_covered_wherever_the_decision_lies() -> None:
    found = known(("ada", {LIVE: {0: 7}, DECIDED: {0: 5}}))
    old, new = decided("e1", offset=6), decided("e2", offset=7)
    again = old._replace(offset=900, key=b"ada"), new._replace(offset=900, key=b"ada")
    assert [found.covers_decision(one, DECIDED) for one in again] == [True, False]
    assert found.covers_decision(new._replace(offset=4, key=None), DECIDED)
    other = decided("e3", user_id="bob")
    assert found.remembered([*again, other], DECIDED) == [again[1], other]


def test_of_two_erasures_of_a_user_the_later_counts() -> None:
    found = known(("ada", {LIVE: {0: 7}}), ("ada", {LIVE: {0: 9}}))
    assert found.covers("ada", LIVE, 0, 8)


def test_an_erasure_under_each_of_two_keys_counts() -> None:
    """Two commands may make the first key at the same time."""
    found = known(("ada", {LIVE: {0: 7}}))
    found.take(*salt_record(OTHER))
    found.take(*user_record(hash_of(OTHER, "ada"), {LIVE: {0: 2, 1: 4}}, "now"))
    assert found.until("ada") == {LIVE: {0: 7, 1: 4}}


def test_who_asks_again_after_an_erasure_gets_the_new_answer() -> None:
    found = known(("bob", {LIVE: {0: 1}}))
    assert not found.covers("ada", LIVE, 0, 0)
    found.take(*user_record(hash_of(SALT, "ada"), {LIVE: {0: 1}}, "now"))
    assert found.covers("ada", LIVE, 0, 0)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b"{}"),
        (b"ada", b"{}"),
        (b"salt:xyz", b"{}"),
        (b"user:00", b"nonsense"),
        (b"user:00", b'{"until": 3}'),
        (b"user:00", b'{"until": {"t": {"x": 1}}}'),
    ],
)
def test_what_is_no_erasure_is_malformed_and_changes_nothing(key: bytes | None, value: bytes) -> None:
    found = known(("ada", {LIVE: {0: 7}}))
    with pytest.raises(Malformed):
        found.take(key, value)
    assert found.until("ada") == {LIVE: {0: 7}}
    assert len(found.users) == 1


def test_a_job_is_told_of_its_own_topic_alone() -> None:
    found = known(("ada", {LIVE: {0: 7}}), ("bob", {DECIDED: {0: 7}}))
    assert found.as_document(LIVE) == {"salts": [SALT.hex()], "users": {hash_of(SALT, "ada"): {"0": 7}}}
    assert found.as_document("another") == {}


def test_the_user_is_read_from_whatever_a_topic_of_ours_holds() -> None:
    assert user_of(decided("e1", user_id="Zoë").value) == "Zoë"
    assert user_of(b'{"user_id":"ada","event_id":"e"}') == "ada"
    for value in (None, b"", b"[1]", b"no json", b'{"user_id":7}', b'{"event_id":"e"}'):
        assert user_of(value) is None


def test_the_place_of_a_transaction_is_read_from_its_decision() -> None:
    one = decided("e1", offset=6)
    assert source_of(one.value) == ("risk.transactions", 0, 6)
    assert source_of(b"{}") is None
    assert source_of(b'{"x":1,"source":{"topic":"t"}}') is None
    nothing: Delivery = one._replace(value=b"no decision", key=None)
    assert not known(("ada", {DECIDED: {0: 100}})).covers_decision(nothing, DECIDED)
