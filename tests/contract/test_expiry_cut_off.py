"""What a retention drops, by a writer that is killed before each of its steps: nothing that is young enough
goes, and the next look drops what is left."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import sinks
from pipeline.records.clock import DAY_MS
from pipeline.records.decision_bytes import glance
from pipeline.records.decision_record import Delivery, Identity
from pipeline.settings.reading import names as names_of
from pipeline.sinks.ageing import ages
from tests import dying
from tests.contract.deliveries import IP_BURST, new_event
from tests.decisions import decided

STEPS = dying.ON_DISK | dying.AT_SERVERS
AGES = (1, 40, 80, 120)
"""Days; what is older than 60 goes."""
AT_MS = 1_067_644_800_000
"""2003-11-01: what is young enough stays, and is to be younger than what other tests have dropped."""
AGEING = [name for name in sinks.names() if "retention" in names_of(sinks.settings_type(name))]


def opened(name: str, address: str) -> Any:
    sink = sinks.connect(name, address, None, {"retention": "60d"})
    assert ages(sink)
    return sink


def expire(name: str, address: str) -> None:
    sink = opened(name, address)
    while sink.expire(AT_MS).is_more:
        pass
    sink.close()


def filled(name: str, address: str) -> list[Delivery]:
    """Two decisions of each age, the youngest first."""
    made = [
        decided(new_event(), IP_BURST, offset=number, time_ms=AT_MS - age * DAY_MS)
        for number, age in enumerate(age for age in AGES for _ in range(2))
    ]
    sink = opened(name, address)
    sink.write(made)
    sink.close()
    return made


def held(name: str, address: str, among: list[Delivery]) -> set[Identity]:
    sink = opened(name, address)
    identities = [glance(one.value).identity for one in among]
    found = set(sink.look_up(identities))
    sink.close()
    return found


@pytest.mark.parametrize("name", AGEING)
def test_what_is_young_stays_and_what_is_old_goes_by_the_next_look(
    name: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(f"{name}_server").address
    made = filled(name, address)
    young = {glance(one.value).identity for one in made[:4]}
    for _ in dying.deaths(lambda: expire(name, address), STEPS):
        assert young <= held(name, address, made)
        expire(name, address)
        assert held(name, address, made) == young
        made = made[:4] + filled(name, address)[4:]
