"""What is told of a stack whose Kafka is known not to answer: nobody waits for it again and again."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from pathlib import Path

from fraudctl.engines.contract import ServerHealth
from fraudctl.home.stack import Stack
from fraudctl.observe import overview, status
from fraudctl.settings import reading

AWAY = "Kafka: no connection"


def test_a_broker_that_hangs_is_asked_by_its_health_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        address = f"127.0.0.1:{hangs.getsockname()[1]}"
        stores = {"postgres": "127.0.0.1:1", "redis": "127.0.0.1:1"}
        stack = Stack(tmp_path, reading.load("default", {}, {}), {"kafka": address, **stores})
        began_s = time.monotonic()
        sinks, rates = status.sinks(stack, AWAY), status.rates(stack, AWAY)
    assert time.monotonic() - began_s < 5
    assert {(one["lag"], one["healthy"], one.get("last_error")) for one in sinks} == {(None, False, AWAY)}
    assert (rates["decisions"], set(rates["per_second"].values())) == (None, {None})


def test_only_a_kafka_that_is_ill_is_away() -> None:
    ill = ServerHealth("kafka", "Kafka", "127.0.0.1:1", False, "no connection", ())
    well, other = replace(ill, healthy=True), replace(ill, name="redis")
    assert [overview.kafka_away([other, one]) for one in (ill, well)] == [AWAY, ""]
