"""What every sink must do, against its real server. The parameters are the folders of `pipeline/sinks`.

A sink called NAME needs a fixture `NAME_server` in conftest.py; nothing else has to be written for it.
"""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import sinks
from pipeline.records.clock import DAY_MS, now_ms
from pipeline.records.decision_bytes import glance, take_apart
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Hit
from pipeline.records.ids import LONGEST_ID_BYTES
from pipeline.records.quantities import MAX_TIME_MS, Number
from pipeline.settings.reading import names as names_of
from pipeline.sinks import Outcome, Sink, Unavailable
from pipeline.sinks.ageing import Dropped, ages
from tests.contract.deliveries import IP_BURST, VELOCITY, delivery, expected, new_event
from tests.decisions import decided


@pytest.fixture(params=sinks.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(name: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{name}_server")


@pytest.fixture
def sink(name: str, server: Any) -> Iterator[Sink]:
    sink = sinks.connect(name, server.address, None, {})
    yield sink
    sink.close()


def test_the_file_opens_with_two_sentences_where_it_writes_and_what_a_repeat_does(name: str) -> None:
    first = (import_module(f"pipeline.sinks.{name}").__doc__ or "").split("\n\n")[0]
    sentences = [sentence for sentence in first.replace("\n", " ").split(". ") if sentence.strip()]
    assert len(sentences) == 2
    assert sentences[0].startswith("Writes ")
    assert "repeat" in sentences[1]


def test_a_decision_is_held_once_written(sink: Sink) -> None:
    one = delivery(new_event(), IP_BURST, VELOCITY, ip="203.0.113.9")
    assert sink.write([one]) == Outcome(written=1)
    assert sink.held("ada", json.loads(one.value)["event_id"]) == expected(sink, one)


def test_a_repeat_changes_nothing(sink: Sink) -> None:
    event_id = new_event()
    one = delivery(event_id, IP_BURST)
    sink.write([one])
    before = sink.held("ada", event_id)
    assert sink.write([one]) == Outcome(superseded=1)
    assert sink.held("ada", event_id) == before == expected(sink, one)


def test_the_same_event_id_of_two_users_is_two_events(sink: Sink) -> None:
    event_id = new_event()
    ada, bob = delivery(event_id, IP_BURST), delivery(event_id, VELOCITY, IP_BURST, user_id="bob", offset=1)
    sink.write([ada, bob])
    assert sink.held("ada", event_id) == expected(sink, ada)
    assert sink.held("bob", event_id) == expected(sink, bob)


def test_an_event_that_uses_an_id_again_is_held_beside_the_first_and_told_apart(sink: Sink) -> None:
    event_id = new_event()
    first = delivery(event_id, IP_BURST)
    again = [
        delivery(event_id, VELOCITY, IP_BURST, offset=n, units=n, content_hash=f"{n:016x}") for n in (1, 2)
    ]
    assert sink.write([first, *again]) == Outcome(written=3)
    assert sink.write([first, *again]) == Outcome(superseded=3)
    stored = [event_id, *(f"{event_id}#reused-{n:016x}" for n in (1, 2))]
    assert [sink.held("ada", one) for one in stored] == [expected(sink, one) for one in (first, *again)]
    identities = [("ada", one) for one in stored]
    assert sinks.reads_back(sink)
    wanted = dict(
        zip(identities, (sink.expected(one, take_apart(one.value)) for one in (first, *again)), strict=True)
    )
    assert [entry and entry.identity for entry in wanted.values()] == identities
    for found in (sink.look_up(identities).values(), sink.entries()):
        held = {entry.identity: entry[:4] for entry in found if entry.identity in wanted}
        assert held == {identity: entry and entry[:4] for identity, entry in wanted.items()}


def test_a_user_is_erased_with_all_that_is_held_of_him_and_nobody_else_is(sink: Sink) -> None:
    """Ids that are patterns, or that begin alike, are other people's."""
    assert sinks.reads_back(sink)
    who, others = f"u*[{new_event()}]", [f"u*[{new_event()}]", "ux"]
    own = [
        delivery(new_event(), IP_BURST, user_id=who, offset=0, ip="203.0.113.9"),
        delivery(new_event(), user_id=who, offset=1),
        delivery(new_event(), IP_BURST, user_id=who, offset=2),
        delivery("again", IP_BURST, user_id=who, offset=3, units=5, content_hash="00000000000000ff"),
    ]
    withdrawn = delivery(json.loads(own[2].value)["event_id"], user_id=who, offset=4)
    kept = [
        delivery(new_event(), IP_BURST, user_id=one, offset=n, ip="203.0.113.9")
        for n, one in enumerate([*others, f"{who}x"])
    ]
    sink.write([*own, *kept])
    sink.write([withdrawn])
    events = {glance(one.value).identity for one in own}
    held = {glance(one.value).identity for one in own if one is not own[2] and expected(sink, one)}
    found = set(sink.of_user(who))
    assert held <= found <= events
    assert (sink.erase(who), sink.erase(who)) == (len(found), 0)
    assert list(sink.of_user(who)) == []
    assert [sink.held(*one) for one in sorted(events)] == [None] * len(events)
    for one in kept:
        assert sink.held(*glance(one.value).identity) == expected(sink, one)


def test_an_erased_user_who_pays_again_is_held_again(sink: Sink) -> None:
    assert sinks.reads_back(sink)
    who = f"back-{new_event()}"
    old, new = (delivery(f"{who}-{n}", IP_BURST, user_id=who, offset=n) for n in (0, 1))
    sink.write([old])
    assert sink.erase(who) == 1
    sink.write([new])
    assert set(sink.of_user(who)) == {(who, f"{who}-1")}
    assert sink.held(who, f"{who}-1") == expected(sink, new)


def test_hits_are_replaced_as_a_set(sink: Sink) -> None:
    event_id = new_event()
    sink.write([delivery(event_id, IP_BURST, VELOCITY)])
    newer = delivery(event_id, Hit("deny_list", 100, "denied"), offset=1)
    sink.write([newer])
    assert sink.held("ada", event_id) == expected(sink, newer)


def test_a_newer_decision_that_is_not_flagged_takes_the_flag_away_for_good(sink: Sink) -> None:
    event_id = new_event()
    flagged, cleared = delivery(event_id, IP_BURST), delivery(event_id, offset=1)
    sink.write([flagged])
    sink.write([cleared])
    sink.write([flagged])
    assert sink.held("ada", event_id) == expected(sink, cleared)


def test_within_one_batch_the_greatest_position_wins(sink: Sink) -> None:
    event_id = new_event()
    published = delivery(event_id, IP_BURST, offset=1, run=2)
    batch = [delivery(event_id, VELOCITY), published, delivery(event_id, offset=2)]
    assert sink.write(batch) == Outcome(written=1, superseded=2)
    assert sink.held("ada", event_id) == expected(sink, published)


def test_a_restarted_older_run_does_not_beat_a_published_one_that_cleared(sink: Sink) -> None:
    event_id = new_event()
    published = delivery(event_id, offset=7, run=2)
    sink.write([published])
    sink.write([delivery(event_id, IP_BURST, offset=8, run=1)])
    assert sink.held("ada", event_id) == expected(sink, published)


def test_what_is_no_decision_is_refused_with_a_reason_and_the_rest_is_written(sink: Sink) -> None:
    good, later = delivery(new_event(), IP_BURST), delivery(new_event(), IP_BURST, offset=4)
    whole = delivery(new_event(), IP_BURST).value
    values = [b"", b"\xff", b"[]", b'{"event_id":"x"}', whole[:-20], whole.replace(b'"ada"', b'"\\ud800"')]
    bad = [Delivery(value, 0, 1, 1, now_ms()) for value in values]
    outcome = sink.write([good, *bad, later])
    assert (outcome.written, outcome.superseded) == (2, 0)
    assert [refused.delivery for refused in outcome.refused] == bad
    assert all(refused.reason for refused in outcome.refused)
    for one in (good, later):
        assert sink.held("ada", json.loads(one.value)["event_id"]) == expected(sink, one)


def test_strange_but_lawful_text_is_kept_as_it_is(sink: Sink) -> None:
    event_id = new_event('\t"\\N:\\.\n\r\u2028 ключ 😀 {} ')
    one = delivery(event_id, VELOCITY, IP_BURST, user_id="7:ä:\\", ip="a\tb\\c\nd", note="\\N")
    assert sink.write([one]) == Outcome(written=1)
    assert sink.held("7:ä:\\", event_id) == expected(sink, one)


def largest(event_id: str) -> Delivery:
    """A decision with the longest ids that a profile can allow, texts that fill an event, and the greatest
    numbers; what could be compressed is not, as far as a text can be at random."""
    draw = random.Random(event_id)

    def text(size: int) -> str:
        return (
            "".join(draw.choices("abcdefghijklmnopqrstuvwxyzÄß𝄞", k=size))
            .encode()[:size]
            .decode(errors="ignore")
        )

    ids = {name: text(LONGEST_ID_BYTES) for name in ("device_id", "card_id", "merchant_id", "session_id")}
    texts = {name: text(9_000) for name in ("ip", "country", "channel", "currency", "note", "memo")}
    hits = [Hit(f"rule_{n}_{'x' * 50}", 2, text(1_200)) for n in range(60)]
    return decided(
        f"{event_id}-{text(LONGEST_ID_BYTES)}".encode()[:LONGEST_ID_BYTES].decode(errors="ignore"),
        *hits,
        user_id=text(LONGEST_ID_BYTES),
        content_hash="f" * 16,
        units=-(10**18 - 1),
        partition=255,
        offset=2**40 - 2,
        run=2**22,
        time_ms=MAX_TIME_MS - 1,
        **ids,
        **texts,
        lat=Number("1e308"),
        lon=Number("-4.9406564584124654e-324"),
        features={f"feature_{n}": text(60_000) for n in range(8)},
        **{f"field_{n}": text(20) for n in range(100)},
    )


def test_the_largest_of_everything_that_is_accepted_is_held_by_every_store(sink: Sink) -> None:
    one = largest(new_event())
    identity = take_apart(one.value).identity
    assert sink.write([one]) == Outcome(written=1)
    assert sink.held(*identity) == expected(sink, one)
    held = sink.look_up([identity])[identity]
    assert held.fields == sink.expected(one, take_apart(one.value)).fields


def test_a_dead_store_is_not_now_and_the_batch_goes_in_once_it_is_back(sink: Sink, server: Any) -> None:
    first, second = delivery(new_event(), IP_BURST), delivery(new_event(), IP_BURST, offset=1)
    sink.write([first])
    server.stop(signal.SIGKILL)
    try:
        with pytest.raises(Unavailable):
            sink.write([second])
        with pytest.raises(Unavailable):
            sink.write([second])
    finally:
        server.start()
    assert sink.write([first, second]) == Outcome(written=1, superseded=1)
    for one in (first, second):
        assert sink.held("ada", json.loads(one.value)["event_id"]) == expected(sink, one)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]]]:
    """A log of (event, run, flag) in offset order, and the stretches in which it is delivered.

    Each stretch starts at or before the end of what was delivered, as after a crash or a rewind.
    """
    step = st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(0, 2))
    log = draw(st.lists(step, min_size=1, max_size=12))
    stretches, done = [], 0
    while done < len(log):
        start = draw(st.integers(0, done))
        end = draw(st.integers(done + 1, len(log)))
        stretches.append((start, end))
        done = end
    return log, stretches


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_however_the_log_is_repeated_the_greatest_position_is_held(sink: Sink, history: Any) -> None:
    steps, stretches = history
    prefix = new_event("h")
    hits = ((), (IP_BURST,), (VELOCITY, IP_BURST))
    log = [
        delivery(f"{prefix}-{event}", *hits[flag], offset=offset, run=run, ip=f"ip-{prefix}-{flag}")
        for offset, (event, run, flag) in enumerate(steps)
    ]
    for start, end in stretches:
        outcome = sink.write(log[start:end])
        assert outcome.refused == []
        assert outcome.written + outcome.superseded == end - start
    for event in {event for event, _, _ in steps}:
        own = [one for one, step in zip(log, steps, strict=True) if step[0] == event]
        newest = max(own, key=lambda one: one.position)
        assert sink.held("ada", f"{prefix}-{event}") == expected(sink, newest)


AGEING = [name for name in sinks.names() if "retention" in names_of(sinks.settings_type(name))]
LONG_AGO_MS = 1_004_572_800_000
"""2001-11-01, so that nothing of another test is as old."""


@pytest.mark.parametrize("name", AGEING)
def test_what_is_older_than_the_retention_goes_at_the_moment_that_is_expected_and_nothing_else(
    name: str, server: Any
) -> None:
    sink = sinks.connect(name, server.address, None, {"retention": "30d"})
    old, younger = new_event("old"), new_event("younger")
    batch = [
        delivery(old, IP_BURST, VELOCITY, time_ms=LONG_AGO_MS - 1, offset=0),
        delivery(younger, IP_BURST, time_ms=LONG_AGO_MS, offset=1),
    ]
    assert sinks.reads_back(sink)
    assert ages(sink)
    sink.write(batch)
    wanted = [sink.expected(one, take_apart(one.value)) for one in batch]
    over_ms = [one.expires_ms for one in wanted if one is not None and one.expires_ms is not None]
    assert over_ms[0] >= LONG_AGO_MS - 1 + 30 * DAY_MS
    assert over_ms[1] >= over_ms[0]

    assert sink.expire(over_ms[0] - 1) == Dropped()
    assert [sink.held("ada", one) for one in (old, younger)] == [expected(sink, one) for one in batch]
    assert sink.expire(over_ms[0]) == Dropped(1)
    assert sink.held("ada", old) is None
    assert ("ada", old) not in set(sink.of_user("ada")), "hits go with their score"
    assert sink.held("ada", younger) == expected(sink, batch[1])

    assert sink.write(batch[:1]) == Outcome(written=1), "whoever reads the log again is not refused"
    assert sink.expire(over_ms[1]) == Dropped(2)
    assert [sink.held("ada", one) for one in (old, younger)] == [None, None]
    sink.close()


@pytest.mark.parametrize("name", AGEING)
def test_without_a_retention_everything_is_kept(name: str, sink: Sink) -> None:
    old = delivery(new_event(), IP_BURST, time_ms=LONG_AGO_MS)
    sink.write([old])
    assert sinks.reads_back(sink)
    assert ages(sink)
    wanted = sink.expected(old, take_apart(old.value))
    assert wanted is not None
    assert wanted.expires_ms is None
    assert sink.expire(2 * now_ms()) == Dropped()
    assert sink.held(*wanted.identity) == expected(sink, old)
