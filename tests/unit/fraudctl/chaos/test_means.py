"""What the means do: events out of their order, and a connection that is cut."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from contextlib import suppress

import pytest

from fraudctl.chaos import means
from fraudctl.chaos import reading as faults
from fraudctl.chaos.means._relay import Relay
from fraudctl.settings.shipped import data_dir
from fraudctl.traffic.feeder import Sending
from fraudctl.traffic.generator import Planned, Run, stream
from fraudctl.traffic.scenario import find as scenario_of


def planned() -> list[Planned]:
    run = Run(scenario_of("ip-burst", data_dir("scenarios")), 7, 1_795_000_000_000, 100.0, 20_000)
    return list(stream(run))


def disturbed(name: str) -> list[Sending]:
    one = faults.find(name, data_dir("faults"))
    return list(means.shape_of(one, 7)(iter(planned())))


@pytest.mark.parametrize("name", ["delay-events", "reorder-events", "duplicate-events", "skew-clock"])
def test_disturbed_traffic_sends_every_event_once_as_itself_and_in_the_order_of_sending(name: str) -> None:
    found = disturbed(name)
    itself = [one.planned.number for one in found if not one.is_copy]
    assert sorted(itself) == list(range(len(planned())))
    assert [one.offset_ms for one in found] == sorted(one.offset_ms for one in found)
    assert found == disturbed(name)


def test_copies_are_the_same_bytes_and_delays_are_bounded() -> None:
    by_number = {one.number: one.value for one in planned()}
    copies = [one for one in disturbed("duplicate-events") if one.is_copy]
    assert 300 < len(copies) < 500
    assert all(one.planned.value == by_number[one.planned.number] for one in copies)
    late = [one.offset_ms - one.planned.offset_ms for one in disturbed("delay-events")]
    assert 0 == min(late) < max(late) <= 10_000
    assert 100 < sum(by > 0 for by in late) < 300
    order = [one.planned.number for one in disturbed("reorder-events")]
    assert order != sorted(order)


def test_a_skewed_clock_is_wrong_for_all_events_of_a_user_in_the_same_way() -> None:
    shifts: dict[str, set[int]] = {}
    for one, true in zip(disturbed("skew-clock"), planned(), strict=True):
        mine = one.planned.transaction
        shifts.setdefault(mine.user_id, set()).add(mine.event_time_ms - true.transaction.event_time_ms)
    assert all(len(shift) == 1 for shift in shifts.values())
    counts = Counter(next(iter(shift)) for shift in shifts.values())
    assert set(counts) == {-300_000, 0, 300_000}
    assert counts[0] > len(shifts) * 0.7


def test_a_relay_passes_bytes_on_until_it_is_cut_and_then_takes_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as store:
        relay = Relay("127.0.0.1", store.getsockname()[1])
        writer = socket.create_connection(("127.0.0.1", relay.port))
        there, _ = store.accept()
        sent = random.Random(1).randbytes(300_000)
        threading.Thread(target=writer.sendall, args=(sent,)).start()
        with there, writer:
            came = b""
            while len(came) < len(sent):
                came += there.recv(65_536)
            assert came == sent
            there.sendall(b"taken")
            assert writer.recv(16) == b"taken"
            relay.cut()
            with suppress(ConnectionResetError):
                assert writer.recv(16) == b""
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", relay.port), timeout=2)
