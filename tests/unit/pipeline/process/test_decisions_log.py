"""A writer's side of the log, against a broker that speaks Kafka's protocol."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.connections.kafka import librdkafka
from pipeline.process import dead_letters, decisions_log
from pipeline.process.dead_letters import DeadLetters, NotAcknowledged
from pipeline.process.decisions_log import DecisionsLog, Membership
from pipeline.records.decision_record import Delivery
from tests import kafka_clients
from tests.mock_kafka import MockKafka
from tests.waiting import await_that


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a broker that is gone does so for half a second at most."""
    monkeypatch.setattr(librdkafka, "RETIRING_S", 0.2)
    monkeypatch.setattr(decisions_log, "_COMMIT_S", 0.5)


@pytest.fixture
def log(kafka: MockKafka) -> Iterator[DecisionsLog]:
    kafka.append("decisions", *[b"one"] * 10)
    found = DecisionsLog(Membership(kafka.kafka, "g", "decisions", "dead"))
    yield found
    found.close()


def read(log: DecisionsLog, count: int) -> None:
    got = 0

    def all_read() -> bool:
        nonlocal got
        got += len(log.read(count - got, 0.1))
        return got == count

    await_that(all_read, f"{count} read", longest_pause_s=0)


def test_the_lag_is_known_before_anything_is_read_and_while_the_partitions_are_paused(
    kafka: MockKafka, log: DecisionsLog
) -> None:
    assert log.lag() is None
    log.pause()
    await_that(lambda: log.idle(0.05) or log.lag() == 10, "a lag of 10", longest_pause_s=0)
    log.resume()
    read(log, 10)
    assert log.lag() == 10
    log.commit({0: 10})
    assert log.lag() == 0
    log.pause()
    kafka.append("decisions", *[b"more"] * 5, partition=0)
    kafka.append("decisions", *[b"more"] * 3, partition=3)
    await_that(lambda: log.idle(0.05) or log.lag() == 8, "a lag of 8", longest_pause_s=0)
    log.resume()
    assert log.lag() == 8


def test_what_comes_while_nothing_is_to_be_read_is_read_later(kafka: MockKafka, log: DecisionsLog) -> None:
    """Fetched before the pause took hold: it is put back, in its place."""
    idled = 0

    def has_idled() -> bool:
        nonlocal idled
        log.idle(0.05)
        idled += log.lag() == 10
        return idled > 20

    await_that(has_idled, "twenty looks while the records are there", longest_pause_s=0)
    offsets: list[int] = []

    def all_read() -> bool:
        offsets.extend(one.offset for one in log.read(10, 0.1))
        return len(offsets) >= 10

    await_that(all_read, "all of them", longest_pause_s=0)
    assert offsets == list(range(10))


@pytest.fixture
def missed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that has left is waited for by this broker for all of its session but a second."""
    monkeypatch.setitem(decisions_log._READING, "session.timeout.ms", 2_000)
    monkeypatch.setitem(decisions_log._READING, "heartbeat.interval.ms", 500)


@pytest.mark.usefixtures("missed_soon")
def test_what_nobody_committed_is_read_by_the_next_of_the_group(kafka: MockKafka) -> None:
    kafka.append("decisions", *[b"one"] * 10)
    log = DecisionsLog(Membership(kafka.kafka, "g", "decisions", "dead"))
    read(log, 10)
    log.commit({0: 3})
    log.close()
    following = DecisionsLog(Membership(kafka.kafka, "g", "decisions", "dead"))
    try:
        read(following, 7)
        assert following.lag() == 7
    finally:
        following.close()


@pytest.mark.usefixtures("missed_soon")
def test_a_broker_that_fell_silent_holds_nobody_who_ends(kafka: MockKafka, log: DecisionsLog) -> None:
    """The client itself would wait for the answer to its commit without an end, where no signal reaches."""
    read(log, 10)
    kafka.fall_silent()
    log.commit({0: 10})
    closing = threading.Thread(target=log.close, daemon=True)
    closing.start()
    await_that(lambda: not closing.is_alive(), "an end")


@pytest.mark.parametrize("seconds", [0.2, 0.3, 0.5, 0.7])
def test_a_member_ends_that_has_not_heard_what_it_was_assigned(seconds: float) -> None:
    """Heard only by who closes, the client waits for itself in two of three tries, and Python with it.

    Nothing tells from outside when the assignment has come, so it ends at several moments.
    """
    with MockKafka("decisions", "dead") as kafka:
        log = DecisionsLog(Membership(kafka.kafka, "g", "decisions", "dead"))
        time.sleep(seconds)
        kafka.go_down()
        log.close()


@pytest.mark.usefixtures("missed_soon")
@pytest.mark.parametrize("go_away", [MockKafka.go_down, MockKafka.fall_silent])
def test_whose_commit_nobody_answers_ends_while_its_broker_is_still_away(
    kafka: MockKafka, go_away: Callable[[MockKafka], None]
) -> None:
    """To close the client would be to wait for that answer, and to look for the broker without an end."""
    kafka.append("decisions", b"one")
    before = kafka_clients.count()
    log = DecisionsLog(Membership(kafka.kafka, "g", "decisions", "dead"))
    read(log, 1)
    go_away(kafka)
    log.commit({0: 1})
    log.close()
    await_that(lambda: kafka_clients.count() == before, "no client of the log")


@dataclass(frozen=True)
class Refused:
    """What a store would not take."""

    delivery: Delivery
    reason: str = "too large"


def test_a_dead_letter_that_the_broker_has_not_taken_is_none(
    kafka: MockKafka, log: DecisionsLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "_GIVE_UP_S", 1.0)
    impatient = DecisionsLog(Membership(kafka.kafka, "h", "decisions", "dead"))
    refused = [Refused(Delivery(b"one", 0, 4, 1, 5))]
    impatient.dead_letter(refused)
    kafka.go_down()
    with pytest.raises(NotAcknowledged, match="dead-letter topic: "):
        impatient.dead_letter(refused)
    impatient.close()


def test_a_producer_is_made_anew_only_where_the_files_of_the_connection_have_changed(
    kafka: MockKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(librdkafka, "LOOK_EVERY_S", 0.0)
    password = tmp_path / "password"
    password.write_text("first")
    told = replace(kafka.kafka, security="scram", username="u", password_file=password, tls=False)
    letters = DeadLetters(told, "dead", "g", "decisions")
    first = letters._producer
    letters.renew()
    assert letters._producer is first
    password.write_text("second, longer")
    letters.renew()
    assert letters._producer is not first
    letters.close()


@pytest.mark.usefixtures("missed_soon")
def test_what_could_not_be_committed_is_not_counted_and_the_lag_is_unknown_without_a_broker(
    kafka: MockKafka, log: DecisionsLog
) -> None:
    read(log, 10)
    log.commit({0: 4})
    assert log.lag() == 6
    kafka.go_down()
    log.commit({0: 10})
    assert log.lag() == 6
    log.pause()
    await_that(lambda: log.lag() is None, "an unknown lag")


def test_what_came_while_a_commit_was_waited_for_is_one_batch_with_what_follows(
    kafka: MockKafka, log: DecisionsLog
) -> None:
    """Else every other batch of a writer that is busy would be a handful of decisions."""
    kafka.append("decisions", *[b"more"] * 3_000)
    read(log, 1)
    log.commit({0: 1})
    offsets: list[int] = []
    batches = 0

    def all_read() -> bool:
        nonlocal batches
        batch = log.read(5_000, 1.0)
        offsets.extend(one.offset for one in batch)
        batches += bool(batch)
        return len(offsets) >= 3_009

    await_that(all_read, "all of them", longest_pause_s=0)
    assert (offsets, batches) == (list(range(1, 3_010)), 1)


def test_who_reads_at_rest_has_what_comes_as_it_comes(
    kafka: MockKafka, log: DecisionsLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(log, 10)
    monkeypatch.setattr(decisions_log, "_REST_S", 60.0)
    sending = threading.Timer(0.3, kafka.append, ("decisions", b"late"))
    sending.start()
    assert [one.value for one in log.read(10, 0.01)] == [b"late"]
    sending.join()
