from __future__ import annotations

from pipeline.records.decision_bytes import Glance, glance
from pipeline.records.decision_record import Delivery
from pipeline.sinks import Outcome, Refused
from pipeline.sinks.folding import fold
from tests.unit.pipeline.records.test_decision_bytes import decision


def record(event_id: str, offset: int, run: int = 1) -> Delivery:
    return Delivery(decision(event_id), 0, offset, run, 1_000)


def look(delivery: Delivery) -> Glance:
    return glance(delivery.value)


def test_of_each_event_the_greatest_position_stays_and_the_others_are_counted() -> None:
    batch = [record("a", 5, run=2), record("b", 6), record("a", 7), record("b", 8), record("b", 8)]
    newest, others = fold(batch, look)
    assert newest == [(batch[0], look(batch[0])), (batch[3], look(batch[3]))]
    assert others == Outcome(superseded=3)


def test_what_is_no_decision_is_refused_and_stands_in_nobodys_way() -> None:
    batch = [Delivery(b"{", 0, 9, 1, 1_000), record("a", 5)]
    newest, others = fold(batch, look)
    assert [delivery for delivery, _ in newest] == [batch[1]]
    assert others == Outcome(refused=[Refused(batch[0], "undecodable: does not begin with event_id")])
