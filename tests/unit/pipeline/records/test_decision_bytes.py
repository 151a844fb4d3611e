from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.records import decision_bytes, names
from pipeline.records.decision_bytes import glance, take_apart
from pipeline.records.decisions import Decision, Hit, Source, decode_decision, encode_decision
from pipeline.records.events import Transaction


def decision(event_id: str = "run-17", **fields: Any) -> bytes:
    transaction = Transaction(event_id, "ada", 1_764_000_000_000, 125_000, dict(fields))
    source, features = Source("t", 0, 1), {"amount": 3}
    return encode_decision(
        Decision(transaction, 0, "approve", source, (), features, "v", "h", late=False, saturated=False)
    )


def test_a_decision_begins_with_its_event_whatever_that_is_called() -> None:
    for event_id in ("e", 'with "quotes" and \\', "naïve", "\u2028"):
        value = decision(event_id)
        assert value.startswith(decision_bytes.beginning(event_id))
        assert not value.startswith(decision_bytes.beginning(event_id[:-1]))
        assert glance(value).identity == ("ada", event_id)


@pytest.mark.parametrize("content", [None, "0123456789abcdef"])
@pytest.mark.parametrize("score", [0, 100])
def test_every_reader_knows_an_event_whose_id_was_used_again_by_the_same_name(
    content: str | None, score: int
) -> None:
    whole = decode_decision(decision(note=',"late":true,"saturated":true,"reused_id":true'))
    verdict = "block" if score else "approve"
    said = {"content_hash": "fedcba9876543210"}  # of a plug-in that means harm
    value = encode_decision(
        replace(whole, score=score, decision=verdict, content_hash=content, plugin_errors=said)
    )
    name = "run-17" if content is None else "run-17#reused-0123456789abcdef"
    assert glance(value) == (("ada", name), bool(score))
    assert take_apart(value).identity == decode_decision(value).identity == ("ada", name)
    assert decode_decision(value).content_hash == content
    assert value.startswith(decision_bytes.beginning(name))


def test_the_number_of_an_event_is_found_without_parsing_and_only_behind_its_prefix() -> None:
    found = [decision_bytes.number_of(decision(), prefix) for prefix in (b"run-", b"ru", b"other-", b"run-1")]
    assert found == [17, None, None, 7]


def test_the_amount_is_given_as_it_is_written_and_not_that_of_a_feature() -> None:
    assert decision_bytes.amount_of(decision(note=',"amount":9,')) == "12.5"
    with pytest.raises(ValueError, match="not found"):
        decision_bytes.amount_of(b"{}")


def test_the_end_of_a_decision_begins_at_its_features() -> None:
    end = decision_bytes.from_features(decision(note=',"features":{').decode())
    assert end.startswith(',"features":{"amount":3},"late":false,')


def test_topics_for_what_is_refused_are_named_after_what_is_read_and_by_whom() -> None:
    found = names.dead_letters("risk.decisions"), names.dead_letters("risk.decisions", "redis")
    assert found == ("risk.decisions.dlq", "risk.decisions.dlq.redis")


def test_without_the_texts_of_reasons_a_verdict_says_all_the_rest() -> None:
    whole = decode_decision(decision())
    texts = ("6 users", 'says "points":1,"text":"x" and \\', "naïve, 7", "")
    hits = tuple(Hit(f"rule-{number}", number, text) for number, text in enumerate(texts))
    failed = {"a": 'it said "text":"', "text": "a rule of that name"}
    ends = [
        decision_bytes.verdict_bytes(encode_decision(replace(whole, reasons=reasons, plugin_errors=failed)))
        for reasons in (hits, tuple(replace(hit, text=hit.text[::-1]) for hit in hits))
    ]
    bare = [decision_bytes.without_texts(end) for end in ends]
    assert ends[0] != ends[1]
    assert bare[0] == bare[1]
    said = dict(decision_bytes.verdict(ends[0]))
    said["reasons"] = [{"rule": hit.rule, "points": hit.points} for hit in hits]
    assert decision_bytes.verdict(bare[0]) == said
