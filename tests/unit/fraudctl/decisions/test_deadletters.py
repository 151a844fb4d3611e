"""What becomes of refused records that are sent once more."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from fraudctl.decisions import deadletters
from fraudctl.decisions.deadletters import DeadLetter, Retry, find, read_all, retry
from fraudctl.home.stack import Stack
from fraudctl.kafka import tail
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Record
from pipeline.connections.kafka import librdkafka
from pipeline.records.masking import NONE, Masks
from tests.mock_kafka import MockKafka
from tests.unit.fraudctl.kafka.producer_double import SilentBroker


def letter(offset: int, length: int = 1, partition: int = 0) -> DeadLetter:
    record = Record("risk.transactions.dlq", 0, offset, 0, b"ada", b"{", {})
    return DeadLetter(record, "risk.transactions", partition, 7, length, "invalid_json")


def test_what_kafka_says_nothing_of_counts_as_not_sent(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(librdkafka, "Producer", SilentBroker(takes=1, refuses=1))
    outcomes = retry(make_stack(kafka="127.0.0.1:1"), [letter(0), letter(1, length=9), letter(2), letter(3)])
    assert [(one.id, one.sent) for one in outcomes] == [
        ("0:0", True),
        ("0:1", False),
        ("0:2", False),
        ("0:3", False),
    ]
    assert outcomes[1].reason == "truncated: 1 of 9 bytes are held"
    assert outcomes[2].reason.startswith("_MSG_TIMED_OUT")
    assert outcomes[3].reason == "Kafka did not say whether it took it; see: fraudctl status"


def test_a_letter_whose_place_is_gone_keeps_no_other_from_being_sent(
    make_stack: Callable[..., Stack],
) -> None:
    with MockKafka() as kafka:
        stack = make_stack(kafka=kafka.address)
        outcomes = retry(stack, [letter(0), letter(1, partition=99), letter(2)])
        sent = [record.value for record in tail.records(kafka.kafka, "risk.transactions")]
    assert [(one.id, one.sent) for one in outcomes] == [("0:0", True), ("0:1", False), ("0:2", True)]
    assert all(one.reason for one in outcomes if not one.sent)
    assert sent == [b"{", b"{"]


def test_an_id_given_twice_is_sent_once(make_stack: Callable[..., Stack]) -> None:
    with MockKafka() as kafka:
        sender = Sender(kafka.kafka)
        headers = {"topic": b"risk.transactions", "partition": b"2", "offset": b"5", "length": b"1"}
        sender.send("risk.transactions.dlq", b"{", b"ada", headers, partition=0)
        assert sender.flush() == 0
        stack = make_stack(kafka=kafka.address)
        letters = find(stack, "risk.transactions.dlq", ["0:0", "0:0"])
        assert letters == list(read_all(stack, "risk.transactions.dlq"))
        assert retry(stack, letters) == [Retry("0:0", True)]


def test_a_letter_is_shown_masked_and_one_that_nobody_understands_is_not_shown() -> None:
    masks = Masks(frozenset({"ip"}))
    whole = b'{"event_id":"e","ip":"203.0.113.9","note":"from 203.0.113.9"}'
    assert deadletters.masked(whole, NONE) == whole
    shown = json.loads(deadletters.masked(whole, masks) or b"")
    assert shown == {"event_id": "e", "ip": "***.9", "note": "from ***.9"}
    for broken in (whole[:-5], b"[1]", b"\xff"):
        assert deadletters.masked(broken, masks) == b"(not shown: it cannot be read, and fields are masked)"
    assert deadletters.masked(None, masks) is None
