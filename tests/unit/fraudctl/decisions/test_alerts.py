"""What counts as an alert in the log, and how it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from fraudctl.decisions.alerts import read, wanted
from fraudctl.errors import UsageError
from fraudctl.kafka.tail import Record
from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import Transaction
from pipeline.records.flagged import Flagged
from pipeline.records.masking import NONE, Masks

BURST = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")
DENIED = Hit("denied", 40, "ada is on a deny list")


def record(decision: str, *hits: Hit, **fields: Any) -> Record:
    transaction = Transaction("e1", "ada", 1_764_000_000_123, 125_000, fields)
    whole = Decision(
        transaction,
        sum(h.points for h in hits),
        decision,
        Source("risk.transactions", 2, 7),
        hits,
        {},
        "v1",
        "abc",
        late=False,
        saturated=False,
    )
    value = encode_decision(whole)
    return Record("risk.decisions", 2, 9, 1_764_000_001_000, b"ada", value, {"run": b"1"})


def test_a_flagged_decision_in_the_log_is_an_alert_with_everything_an_analyst_needs() -> None:
    alert = read(record("block", BURST, DENIED, ip="203.0.113.9", currency="EUR"))
    assert alert == Flagged(
        decided_at="2025-11-24T16:00:01.000Z",
        event_time="2025-11-24T16:00:00.123Z",
        user_id="ada",
        event_id="e1",
        amount="12.5",
        currency="EUR",
        ip="203.0.113.9",
        score=100,
        decision="block",
        reasons=(
            {"rule": "ip_burst", "points": 60, "text": BURST.text},
            {"rule": "denied", "points": 40, "text": DENIED.text},
        ),
    )
    assert alert is not None
    assert alert.money == "12.5 EUR"
    assert alert.why == "5 users from 203.0.113.9 in 2 minutes; ada is on a deny list"
    assert alert.document()["reasons"] == [dict(reason) for reason in alert.reasons]


@pytest.mark.parametrize("value", [None, b"", b"not a decision"])
def test_what_is_approved_or_no_decision_is_no_alert(value: bytes | None) -> None:
    approved = record("approve")
    assert read(approved) is None
    assert read(Record("t", 0, 0, 0, None, value, {})) is None


def test_an_alert_without_currency_shows_the_bare_amount() -> None:
    alert = read(record("review", BURST))
    assert alert is not None
    assert alert.money == "12.5"


def test_only_review_and_block_can_be_asked_for() -> None:
    assert wanted(None) == ("review", "block")
    assert wanted("block") == ("block",)
    with pytest.raises(UsageError, match="no alert is a 'approve'"):
        wanted("approve")


def test_an_alert_is_shown_masked_and_its_reasons_do_not_tell() -> None:
    alert = read(record("block", BURST, DENIED, ip="203.0.113.9", currency="EUR"))
    assert alert is not None
    shown = alert.masked(Masks(frozenset({"ip"})))
    assert (shown.ip, shown.why) == ("***.9", "5 users from ***.9 in 2 minutes; ada is on a deny list")
    assert "203.0.113.9" not in str(shown.document())
    assert alert.masked(NONE) == alert
