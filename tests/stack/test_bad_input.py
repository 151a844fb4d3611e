"""Bad input on the live topic: refused with its reason or accepted by rule, and nobody else notices."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender, Sent
from fraudctl.kafka.tail import Record
from pipeline.records import names, quantities
from pipeline.records.clock import now_ms
from pipeline.records.decisions import Decision, decode_decision
from pipeline.records.wire import MAX_EVENT_BYTES
from tests.stack.flow import await_sinks, await_that, live_job_id
from tests.stack.own_jobs import (
    Setup,
    assert_same,
    by_place,
    by_reference,
    decided,
    finish,
    recorded,
    running,
    write,
)
from tests.streams import Row
from tests.waiting import LONG_S

Place = tuple[int, int]
TOKEN = f"bad-{now_ms()}"
NUMBERS = itertools.count()


def transaction(**changes: Any) -> dict[str, Any]:
    """A good transaction of this moment, changed; `...` leaves a field out."""
    event_id = f"{TOKEN}-{next(NUMBERS):06d}"
    good = {"event_id": event_id, "user_id": TOKEN, "event_time": now_ms(), "amount": 12.5}
    return {name: value for name, value in (good | changes).items() if value is not ...}


def text(**changes: Any) -> bytes:
    return json.dumps(transaction(**changes)).encode()


def member(raw: str) -> bytes:
    """A good transaction with one more member, as written."""
    return text()[:-1] + b"," + raw.encode() + b"}"


def amount(raw: str) -> bytes:
    return text(amount=...)[:-1] + b',"amount":' + raw.encode() + b"}"


def sized(length: int) -> bytes:
    """A good transaction of exactly that many bytes."""
    return text(note="x" * (length - len(text(note=""))))


def table() -> list[tuple[str, bytes | None, str]]:
    """Name, value, and the reason's code, or `accepted` and the amount that was read."""
    raw = text()
    return [
        ("no value", None, "empty_value"),
        ("nothing in it", b"", "invalid_json"),
        ("prose", b"one payment, please", "invalid_json"),
        ("cut off", raw[:-1], "invalid_json"),
        ("trailing garbage", raw + b"}", "invalid_json"),
        ("two in one", raw + raw, "invalid_json"),
        ("byte order mark", b"\xef\xbb\xbf" + raw, "invalid_json"),
        ("single quotes", raw.replace(b'"', b"'"), "invalid_json"),
        ("trailing comma", raw[:-1] + b",}", "invalid_json"),
        ("raw control character", member('"note":"a\nb"'), "invalid_json"),
        ("bad escape", member(r'"note":"\x41"'), "invalid_json"),
        ("NaN", amount("NaN"), "invalid_json"),
        ("infinity", amount("-Infinity"), "invalid_json"),
        ("leading zero", amount("012"), "invalid_json"),
        ("plus sign", amount("+12"), "invalid_json"),
        ("hexadecimal", amount("0x12"), "invalid_json"),
        ("deep nesting", member(f'"note":{"[" * 30_000}{"]" * 30_000}'), "invalid_json"),
        ("invalid UTF-8", member('"note":"?"').replace(b"?", b"\xff"), "invalid_utf8"),
        ("surrogate in UTF-8", member('"note":"?"').replace(b"?", b"\xed\xa0\x80"), "invalid_utf8"),
        ("overlong UTF-8", member('"note":"?"').replace(b"?", b"\xc0\x80"), "invalid_utf8"),
        ("UTF-16", raw.decode().encode("utf-16"), "invalid_utf8"),
        ("array at top", b"[" + raw + b"]", "not_an_object"),
        ("text at top", b'"payment"', "not_an_object"),
        ("null at top", b"null", "not_an_object"),
        ("repeated key", member('"amount":1'), "duplicate_field"),
        ("repeated escaped key", member(r'"\u0061mount":1'), "duplicate_field"),
        ("object in it", member('"note":{"a":1}'), "not_scalar"),
        ("array in it", member('"note":[1]'), "not_scalar"),
        ("no event id", text(event_id=...), "missing_field"),
        ("no user", text(user_id=...), "missing_field"),
        ("no time", text(event_time=...), "missing_field"),
        ("no amount", text(amount=...), "missing_field"),
        ("null id", text(event_id=None), "missing_field"),
        ("event id is a number", text(event_id=7), "wrong_type"),
        ("user is a number", text(user_id=7), "wrong_type"),
        ("amount is a text", text(amount="12.5"), "wrong_type"),
        ("amount is a truth", text(amount=True), "wrong_type"),
        ("address is a number", text(ip=7), "wrong_type"),
        ("latitude is a text", text(lat="48.1"), "wrong_type"),
        ("time is a truth", text(event_time=True), "wrong_type"),
        ("empty event id", text(event_id=""), "empty_id"),
        ("empty user", text(user_id=""), "empty_id"),
        ("too many digits", amount("0.00001"), "bad_amount"),
        ("too large an amount", amount("1e14"), "bad_amount"),
        ("huge exponent", amount("1e999999999"), "bad_amount"),
        ("tiny exponent", amount("1e-999999999"), "bad_amount"),
        ("no double holds it", member('"lat":1e400'), "number_out_of_range"),
        ("year 1", text(event_time="0001-01-01T00:00:00Z"), "event_time_out_of_range"),
        ("year 9999", text(event_time="9999-12-31T23:59:59.999Z"), "event_time_out_of_range"),
        ("year 2100", text(event_time="2100-01-01T00:00:00Z"), "event_time_out_of_range"),
        ("seconds, not milliseconds", text(event_time=now_ms() // 1000), "event_time_out_of_range"),
        ("no zone", text(event_time="2026-03-01T12:00:00"), "bad_event_time"),
        ("30 February", text(event_time="2026-02-30T12:00:00Z"), "bad_event_time"),
        ("half a millisecond", text(event_time=now_ms() + 0.5), "bad_event_time"),
        ("time in words", text(event_time="yesterday"), "bad_event_time"),
        ("NUL in a text", text(note="a\0b"), "bad_string"),
        ("NUL in an id", text(user_id="a\0b"), "bad_string"),
        ("NUL in a name", member(r'"a\u0000":1'), "bad_string"),
        ("lone surrogate", member(r'"note":"\ud83d"'), "bad_string"),
        ("surrogates swapped", member(r'"note":"\ude00\ud83d"'), "bad_string"),
        ("a label", text(label=1), "reserved_field"),
        ("a scenario of null", text(scenario=None), "reserved_field"),
        ("a score of its own", text(score=0), "reserved_field"),
        ("one byte too long", sized(MAX_EVENT_BYTES + 1), "too_large"),
        ("ten megabytes", sized(10_000_000), "too_large"),
        ("ten megabytes of nothing", b"\0" * 10_000_000, "too_large"),
        ("as long as may be", sized(MAX_EVENT_BYTES), "accepted 12.5"),
        ("negative zero", amount("-0.0"), "accepted 0"),
        ("exponent", amount("1.25e1"), "accepted 12.5"),
        ("a hundred zeros", amount("12.5" + "0" * 100), "accepted 12.5"),
        ("refund", amount("-0.0001"), "accepted -0.0001"),
        ("largest amount", amount("99999999999999.9999"), "accepted 99999999999999.9999"),
        ("emoji for an id", text(event_id="\U0001f600\uffff", user_id="\U0001f600"), "accepted 12.5"),
        ("escaped control character", text(note="a\x01\x1f\x7f"), "accepted 12.5"),
        ("line separator", member('"note":"\u2028"'), "accepted 12.5"),
        ("tab in the user", text(user_id="a\tb\\\n"), "bad_id"),
        ("white space around", b" \r\n\t" + raw + b"\n", "accepted 12.5"),
        ("null elsewhere", text(country=None), "accepted 12.5"),
        ("clock far in the future", text(event_time="2099-12-31T23:59:59Z"), "event_time_ahead"),
        ("clock an hour ahead", text(event_time=now_ms() + 3_600_000), "accepted 12.5"),
        ("clock of the year 2000", text(event_time="2000-01-01T00:00:00Z"), "event_time_too_old"),
        ("a year late", text(event_time=now_ms() - 365 * 86_400_000), "accepted 12.5"),
    ]


@dataclass
class Ends:
    """Where the topics of what comes out ended before."""

    decisions: Mapping[int, int]
    refusals: Mapping[int, int]

    @classmethod
    def of(cls, stack: Stack) -> Ends:
        names = stack.profile.topics
        return cls(
            admin.end_offsets(stack.kafka, names.decisions), admin.end_offsets(stack.kafka, names.refusals)
        )


def outcomes(stack: Stack, since: Ends) -> tuple[dict[Place, Decision], dict[Place, Record]]:
    """The decisions and the dead letters since then, by the place of their transaction."""
    names = stack.profile.topics
    made = [
        decode_decision(record.value or b"")
        for record in tail.records(stack.kafka, names.decisions, since.decisions)
    ]
    letters = tail.records(stack.kafka, names.refusals, since.refusals)
    return (
        {(one.source.partition, one.source.offset): one for one in made},
        {(int(one.headers["partition"]), int(one.headers["offset"])): one for one in letters},
    )


def sent_alternately(
    stack: Stack, bad: list[tuple[str, bytes | None, str]]
) -> tuple[dict[str, Place], list[Place]]:
    """Places of the bad by name, and of the good ones sent between them, each taken before the next."""
    delivered: list[Sent] = []
    sender = Sender(stack.kafka, delivered.append)
    for number, (name, value, _) in enumerate(bad):
        for token in (name, None):
            body = value if token else text(user_id=f"good-{number % 20}")
            sender.send(stack.profile.topics.transactions, body, name.encode(), token=token)
            assert (sender.flush(), sender.failed) == (0, 0)
    return (
        {one.token: (one.partition, one.offset) for one in delivered if one.token},
        [(one.partition, one.offset) for one in delivered if one.token is None],
    )


def restarts(stack: Stack, job_id: str) -> float:
    """How often Flink has restarted the job; the JobManager has the figure some seconds after it is asked."""
    flink, found = Flink(stack.flink), dict[str, float]()

    def known() -> bool:
        found.update(flink.metrics(f"/jobs/{job_id}", ["numRestarts"]))
        return bool(found)

    await_that(known, LONG_S, lambda: "Flink does not tell the number of restarts")
    return found["numRestarts"]


def dead_letters(stack: Stack) -> int:
    """How many decisions the stores have refused for good."""
    topics = [names.dead_letters(stack.profile.topics.decisions, sink) for sink in stack.profile.sinks]
    return sum(sum(admin.end_offsets(stack.kafka, name).values()) for name in topics)


def test_every_kind_of_bad_input_ends_where_it_must_and_disturbs_nobody(stack: Stack) -> None:
    job_id, since, bad = live_job_id(stack), Ends.of(stack), table()
    before = (restarts(stack, job_id), dead_letters(stack))
    places, good = sent_alternately(stack, bad)
    made: dict[Place, Decision] = {}
    letters: dict[Place, Record] = {}

    def all_there() -> bool:
        nonlocal made, letters
        made, letters = outcomes(stack, since)
        return {*places.values(), *good} <= made.keys() | letters.keys()

    await_that(all_there, LONG_S, lambda: f"{len(made)} decisions, {len(letters)} refusals")

    def outcome(place: Place) -> str:
        if place in letters:
            assert place not in made
            return letters[place].headers["reason"].decode().split(":")[0]
        return f"accepted {quantities.amount_text(made[place].transaction.amount_units)}"

    assert {name: outcome(places[name]) for name, _, _ in bad} == {name: code for name, _, code in bad}
    assert [outcome(place) for place in good] == ["accepted 12.5"] * len(bad)
    assert [place for place in good if made[place].late] == []
    for name, value, code in bad:
        if not code.startswith("accepted"):
            letter = letters[places[name]]
            assert (int(letter.headers["length"]), letter.value) == kept(value), name
    await_sinks(stack)
    assert live_job_id(stack) == job_id
    assert (restarts(stack, job_id), dead_letters(stack)) == before


def kept(value: bytes | None) -> tuple[int, bytes]:
    """The length of a refused value, and what of it is kept."""
    return len(value or b""), (value or b"")[:65_536]


def test_a_decision_too_large_for_the_topic_is_refused_and_those_below_are_written(stack: Stack) -> None:
    remembered = {
        f"before_{number}": {"by": "user_id", "agg": "previous", "of": "country", "ttl": "30d"}
        for number in range(24)
    }
    often = {"when": "amount > 1000", "points": 60, "reason": "{before_0} {before_1}"}
    content = {
        "version": "large",
        "features": remembered,
        "rules": {"large": often},
        "thresholds": {"review": 50, "block": 80},
    }
    setup = Setup(stack, content, time="event")
    setup.create("transactions", "decisions", "refusals")
    lengths = [60_000 if number % 4 else 65_000 for number in range(40)]
    values = [text(user_id="u", amount=2_000, country="X" * length) for length in lengths]
    rows = [Row(0, number, 0, value) for number, value in enumerate(values)]
    close = Row(0, len(rows), 0, None, headers={"close": str(now_ms()).encode()})
    write(setup, [*rows, close, *(Row(part, 0, 0, None, headers=close.headers) for part in (1, 2, 3))])
    limit = 1_600_000
    with running(setup, setup.config(max_message_bytes=limit)) as job_id:
        finish(setup, job_id)
        assert Flink(stack.flink).exceptions(job_id) == ()
    expected, _ = by_reference(setup, recorded(setup))
    too_large = {place for place, value in expected.items() if len(value) > limit}
    assert (len(expected), len(too_large)) == (40, 10)
    assert min(len(expected[place]) for place in expected.keys() - too_large - {(0, 0)}) > 1_400_000
    written = {place: [value] for place, value in expected.items() if place not in too_large}
    assert_same(by_place(decided(setup)), written)
    letters = {int(one.headers["offset"]): one for one in tail.records(stack.kafka, setup.topic("refusals"))}
    assert {(0, offset) for offset in letters} == too_large
    for offset, letter in letters.items():
        assert letter.headers["reason"].startswith(b"decision_too_large: the decision has 16")
        assert {name: json.loads(letter.value or b"")[name] for name in ("event_id", "country")} == {
            name: json.loads(values[offset])[name] for name in ("event_id", "country")
        }
