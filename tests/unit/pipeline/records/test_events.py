"""What a transaction and a decision look like on the wire, and what is refused."""

import pytest

from pipeline.records.decisions import Decision, Hit, Source, decode_decision, encode_decision
from pipeline.records.events import Transaction, decode, encode
from pipeline.records.quantities import Number, Refusal, amount_text, format_time, parse_amount, parse_time
from pipeline.records.wire import plain
from tests.unit.pipeline.records.event_cases import HEAD, REFUSED


def test_a_transaction_is_read_with_its_fields_in_document_order() -> None:
    value = (
        '{"note":"é\\n","amount":1.50e1,"lat":-0.10,"user_id":"ü","flag":true,"mcc":5411,'
        '"event_time":1772366400123,"ip":"10.0.0.1","country":null,"event_id":"e1"}'
    )
    assert decode(value.encode()) == Transaction(
        event_id="e1",
        user_id="ü",
        event_time_ms=1_772_366_400_123,
        amount_units=150_000,
        fields={"note": "é\n", "lat": Number("-0.10"), "flag": True, "mcc": Number("5411"), "ip": "10.0.0.1"},
    )


def test_the_canonical_form_keeps_order_digits_and_text() -> None:
    tx = decode(f'{{"zeta":1.0e0,{HEAD},"note":"é\\u0001/\\"\\u2028","ok":false}}'.encode())
    assert encode(tx).decode() == f'{{{HEAD},"zeta":1.0e0,"note":"é\\u0001/\\"\u2028","ok":false}}'
    assert decode(encode(tx)) == tx


def test_values_are_asked_for_by_name_as_numbers_or_as_text() -> None:
    tx = decode(f'{{{HEAD},"lat":1.50,"flag":true,"ip":"x"}}'.encode())
    names = ("event_id", "user_id", "amount", "lat", "flag", "ip", "country")
    assert {name: tx.get(name) for name in names} == {
        "event_id": "e1",
        "user_id": "u1",
        "amount": 125_000,
        "lat": 1.5,
        "flag": True,
        "ip": "x",
        "country": None,
    }
    assert {name: tx.text(name) for name in names if name != "amount"} == {
        "event_id": "e1",
        "user_id": "u1",
        "lat": "1.50",
        "flag": "true",
        "ip": "x",
        "country": None,
    }


@pytest.mark.parametrize(("value", "reason"), REFUSED, ids=[reason[:50] for _, reason in REFUSED])
def test_what_is_not_a_transaction_is_refused_with_its_reason(value: bytes | None, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode(value)
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("0", 0),
        ("-0", 0),
        ("-0.0e5", 0),
        ("0e99999999999999999999", 0),
        ("1", 10_000),
        ("-12.5", -125_000),
        ("1e3", 10_000_000),
        ("1.50000", 15_000),
        ("0.0001", 1),
        ("1E-4", 1),
        ("10000e-8", 1),
        ("0.1e1", 10_000),
        ("99999999999999.9999", 10**18 - 1),
        ("0.00000000001e24", 10**17),
    ],
)
def test_an_amount_is_read_exactly(text: str, units: int) -> None:
    assert parse_amount(text) == units


@pytest.mark.parametrize(
    "text",
    [
        "0.00001",
        "1e-5",
        "1.00001",
        "1e14",
        "-1e14",
        "100000000000000",
        "922337203685478",
        "999999999999999",
        "1e99999999999",
        "1e-99999999999",
    ],
)
def test_an_amount_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="bad_amount"):
        parse_amount(text)


def test_an_amount_is_written_as_its_shortest_exact_text() -> None:
    units = (0, 1, -1, 125_000, 30_000, -10_500, 10**18 - 1)
    assert [amount_text(n) for n in units] == [
        "0",
        "0.0001",
        "-0.0001",
        "12.5",
        "3",
        "-1.05",
        "99999999999999.9999",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Number("1772366400123"), "2026-03-01T12:00:00.123Z"),
        (946_684_800_000, "2000-01-01T00:00:00.000Z"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01 12:00z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01t12:00:00.9999999999+01", "2026-03-01T11:00:00.999Z"),
        ("2024-02-29T23:59:59.1-0530", "2024-03-01T05:29:59.100Z"),
        ("2000-01-01T05:30:00+05:30", "2000-01-01T00:00:00.000Z"),
        ("2099-12-31T23:59:59.999Z", "2099-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_read_and_written(value: str | int, text: str) -> None:
    assert format_time(parse_time(value)) == text


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-03-01T12:00:00", "bad_event_time"),
        ("2026-02-29T12:00:00Z", "bad_event_time"),
        ("2026-13-01T12:00:00Z", "bad_event_time"),
        ("2026-03-01T24:00:00Z", "bad_event_time"),
        ("2026-03-01T12:00:60Z", "bad_event_time"),
        ("2026-03-01T12:00:00.Z", "bad_event_time"),
        ("2026-03-01T12:00:00+24:00", "bad_event_time"),
        ("2026-03-01", "bad_event_time"),
        ("٢٠٢٦-03-01T12:00:00Z", "bad_event_time"),
        (Number("1772366400123.0"), "bad_event_time"),
        (Number("1.7e12"), "bad_event_time"),
        (Number("9" * 5000), "event_time_out_of_range"),
        (Number("-1"), "event_time_out_of_range"),
        ("0001-01-01T00:00:00Z", "event_time_out_of_range"),
        ("0000-02-29T00:00:00Z", "event_time_out_of_range"),
        ("9999-12-31T23:59:59Z", "event_time_out_of_range"),
        ("1999-12-31T23:59:59.999Z", "event_time_out_of_range"),
        ("2100-01-01T00:00:00Z", "event_time_out_of_range"),
    ],
)
def test_a_time_that_is_none_or_out_of_range_is_refused(value: str | int, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_time(value)
    assert refused.value.code == code


DECISION_JSON = (
    f'{{{HEAD},"mcc":9,"ip":"10.0.0.1","source":{{"topic":"risk.transactions","partition":2,"offset":7}},'
    '"features":{"n":3,"total":12.5,"mean":1.0E-5,"seen":true,"before":"DÉ"},"late":true,"saturated":false,'
    '"score":60,"decision":"review","reasons":[{"rule":"r1","points":60,"text":"\\"é\\""}],'
    '"ruleset_version":"v1","ruleset_hash":"abc"}'
).encode()


def test_a_decision_is_read_and_written_byte_for_byte() -> None:
    decision = decode_decision(DECISION_JSON)
    assert decision == Decision(
        transaction=Transaction(
            "e1", "u1", 1_772_366_400_000, 125_000, {"mcc": Number("9"), "ip": "10.0.0.1"}
        ),
        score=60,
        decision="review",
        source=Source("risk.transactions", 2, 7),
        reasons=(Hit("r1", 60, '"é"'),),
        features={
            "n": Number("3"),
            "total": Number("12.5"),
            "mean": Number("1.0E-5"),
            "seen": True,
            "before": "DÉ",
        },
        ruleset_version="v1",
        ruleset_hash="abc",
        late=True,
        saturated=False,
    )
    assert encode_decision(decision) == DECISION_JSON
    assert (decision.flagged, decision.identity) == (True, ("u1", "e1"))


def test_what_is_not_a_decision_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="not a decision"):
        decode_decision(f"{{{HEAD}}}".encode())


def test_numbers_as_written_become_plain_ones() -> None:
    assert [plain(value) for value in (Number("-3"), Number("3.0"), Number("1e3"), "x", True)] == [
        -3,
        3.0,
        1000.0,
        "x",
        True,
    ]
