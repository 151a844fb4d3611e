from __future__ import annotations

from fraudctl.traffic.generator import Part
from fraudctl.traffic.scorecard import Scoreboard


def board_of(events: int, frauds: dict[int, Part] | None = None) -> Scoreboard:
    """Events every 10 ms from 1000 on, all delivered to partition 0 at the offset of their number."""
    board = Scoreboard()
    for number in range(events):
        board.send(number, 1_000 + 10 * number, (frauds or {}).get(number))
        board.deliver(number, 0, number)
    return board


def part(number: int, flagged_from: int = 2, instance: str = "run/a-1") -> Part:
    return Part("a", instance, number, flagged_from)


def test_the_whole_scorecard_of_a_small_run() -> None:
    frauds = {1: part(1), 2: part(2), 4: part(3), 5: part(1, 1, "run/a-2")}
    board = board_of(8, frauds)
    for number, flagged in enumerate([False, False, True, True, False, False, False]):
        currency = ("EUR", "EUR", "JPY", None)[number % 4]
        board.decide(number, flagged, 1_000 + 10 * number + 5 + number, 0, number, currency, late=number < 2)
    board.decide(0, False, 2_000, 0, 0)
    assert board.scorecard().as_document() == {
        "sent": 8,
        "accepted": 8,
        "not_accepted": 0,
        "decided": 7,
        "lost": 0,
        "waiting": 1,
        "duplicates": 1,
        "late": 1,
        "alerts": 2,
        "precision": 0.5,
        "recall": 0.333333,
        "recall_by_instance": 0.5,
        "alert_rate_normal": 0.333333,
        "latency_ms": {"p50": 8, "p90": 11, "p99": 11, "max": 11},
        "currencies": {"EUR": 4, "JPY": 2},
        "instances": [
            {
                "instance": "run/a-1",
                "attack": "a",
                "events": 3,
                "expected": 2,
                "flagged": 1,
                "events_to_detect": 2,
                "time_to_detect_ms": 17,
            },
            {
                "instance": "run/a-2",
                "attack": "a",
                "events": 1,
                "expected": 1,
                "flagged": 0,
                "events_to_detect": None,
                "time_to_detect_ms": None,
            },
        ],
    }


def test_nothing_to_divide_by_is_none_and_not_zero() -> None:
    card = Scoreboard().scorecard()
    assert (card.precision, card.recall, card.recall_by_instance, card.alert_rate_normal) == (None,) * 4
    assert card.latency_ms == {"p50": None, "p90": None, "p99": None, "max": None}


def test_what_the_broker_did_not_take_is_not_lost() -> None:
    board = Scoreboard()
    board.send(0, 1_000, part(1, 1))
    board.refuse(0)
    card = board.scorecard()
    assert (card.sent, card.not_accepted, card.lost, card.instances) == (1, 1, 0, ())
    assert board.is_complete


def test_an_event_waits_until_a_later_one_of_its_partition_is_decided_and_is_lost_then() -> None:
    board = board_of(4)
    board.decide(0, False, 1_100, 0, 0)
    assert (board.scorecard().lost, board.scorecard().waiting) == (0, 3)
    board.decide(2, False, 1_100, 0, 2)
    assert (board.scorecard().lost, board.scorecard().waiting) == (1, 1)


def test_a_later_decision_about_an_event_replaces_the_first() -> None:
    board = board_of(1)
    board.decide(0, True, 1_100, 0, 0)
    board.decide(0, False, 1_200, 0, 0)
    card = board.scorecard()
    assert (card.decided, card.duplicates, card.alerts) == (1, 1, 0)


def test_a_decision_about_an_event_that_was_never_sent_is_passed_over() -> None:
    board = board_of(1)
    board.decide(7, True, 1_100, 0, 7)
    assert (board.decided, board.alerts) == (0, 0)


def test_a_run_is_complete_once_every_delivery_is_known_and_every_accepted_event_decided() -> None:
    board = Scoreboard()
    board.send(0, 1_000, None)
    assert not board.is_complete
    board.deliver(0, 0, 0)
    assert not board.is_complete
    board.decide(0, False, 1_001, 0, 0)
    assert board.is_complete


def test_an_event_without_a_report_is_not_accepted_unless_it_was_decided() -> None:
    board = board_of(1)
    for number in (1, 2):
        board.send(number, 1_000, None)
    board.decide(0, False, 1_005, 0, 0)
    board.decide(2, True, 1_005, 0, 9)
    assert not board.is_complete
    board.settle()
    board.settle()
    card = board.scorecard()
    assert (card.sent, card.accepted, card.not_accepted, card.decided, card.lost) == (3, 2, 1, 2, 0)
    assert board.is_complete
