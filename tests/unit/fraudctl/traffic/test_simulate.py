"""What a run says of events that Kafka did not confirm; whole runs are in tests/stack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fraudctl.home.stack import Stack
from fraudctl.settings import shipped
from fraudctl.traffic import scenario
from fraudctl.traffic.generator import Run
from fraudctl.traffic.simulate import simulate
from pipeline.connections.kafka import librdkafka
from tests.mock_kafka import MockKafka
from tests.unit.fraudctl.kafka.producer_double import SilentBroker


def test_events_that_kafka_says_nothing_of_are_not_accepted(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(librdkafka, "Producer", SilentBroker(takes=1))
    run = Run(scenario.find("normal", shipped.data_dir("scenarios")), 7, 0, 500.0, 200)
    with MockKafka("risk.decisions") as kafka:
        stack = make_stack(kafka=kafka.address)
        outcome = simulate(stack, run, patience_s=0.3)
    card = outcome.scorecard
    assert card.sent > 1
    assert (card.accepted, card.not_accepted) == (1, card.sent - 1)
    assert outcome.exit_code == 1
