"""Faults as data, events out of their order, who fell behind, and what is on disk while a fault is on."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fraudctl.chaos import fault, ledger, means, watch
from fraudctl.chaos.fault import FaultError
from fraudctl.chaos.judgement import LogFindings, judge_log
from fraudctl.chaos.means._relay import Relay
from fraudctl.chaos.watch import Trail
from fraudctl.errors import UsageError
from fraudctl.kafka.tail import Record
from fraudctl.settings.shipped import data_dir
from fraudctl.traffic.generator import Planned, Run, stream
from fraudctl.traffic.scenario import find as scenario_of
from fraudctl.traffic.simulate import Sending

GOOD = {"description": "It is down", "means": "stop", "target": "redis", "lasts": "30s"}


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"means": "burn"}, ["means: there is no 'burn' (known: " + ", ".join(means.names()) + ")"]),
        ({"lasts": None}, ["lasts: 'None' is not a duration such as 500ms, 30s, 5m, 24h or 30d"]),
        ({"lasts": "0s"}, ["lasts: must be above 0"]),
        ({"share": 2}, ["share: unknown to stop (it takes: target, lasts)"]),
        ({"description": ""}, ["description: must be a text"]),
        ({"last": "30s"}, ["last: unknown; did you mean lasts"]),
        ({"means": 3, "description": [1]}, ["description: must be a text", "means: must be a text"]),
        ({"means": "n" * 900}, [f"means: there is no {'n' * 60!r}… (known: {', '.join(means.names())})"]),
        ({"target": 3, "lasts": "x"}, [
            "lasts: 'x' is not a duration such as 500ms, 30s, 5m, 24h or 30d",
            "target: must be a text",
        ]),
    ],
)  # fmt: skip
def test_every_problem_of_a_fault_is_named(changes: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(FaultError) as raised:
        fault.parse("mine", GOOD | changes)
    assert list(raised.value.problems) == problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("means: kill\nmeans: stop\n", "line 2: means appears twice"),
        ("means: &a kill\ntarget: *a\n", "line 1: anchors and aliases are not allowed"),
        ("lasts: " + "[" * 5_000, "line 1: nested deeper than 10"),
        ("- 1\n", "file: must be a mapping"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused_with_the_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(FaultError) as raised:
        fault.load(file)
    assert raised.value.problems == (problem,)


def test_no_message_is_long_however_long_what_is_wrong_is(tmp_path: Path) -> None:
    file, digits = tmp_path / "mine.yaml", "9" * 5_000
    many = "".join(f"n{number}{'n' * 200}: {digits}\n" for number in range(100))
    file.write_text(
        f"description: x\nmeans: fill\ntarget: {digits}\nlasts: {digits}\nlimit_kb: {digits}\n{many}"
    )
    with pytest.raises(FaultError) as raised:
        fault.load(file)
    assert (len(raised.value.problems), len(raised.value.message) < 10_000) == (103, True)


@pytest.mark.parametrize("name", ["x" * 5_000, "x" * 5_000 + ".yaml", "x\0y.yaml"])
def test_a_name_no_file_can_have_names_no_fault(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as raised:
        fault.find(name, tmp_path)
    assert (raised.value.code, len(raised.value.message) < 200) == ("no_fault", True)


def test_a_target_that_the_means_cannot_strike_is_refused() -> None:
    with pytest.raises(FaultError) as raised:
        fault.parse("mine", GOOD | {"means": "refuse", "target": "kafka"})
    assert raised.value.problems == (
        "target: refuse cannot strike 'kafka' (but: elasticsearch, postgres, redis)",
    )


def test_a_fault_lasts_as_long_as_is_asked_unless_it_is_over_at_once() -> None:
    assert fault.parse("mine", GOOD).lasting(5_000).lasts_ms == 5_000
    once = fault.parse("mine", {"description": "Gone", "means": "kill", "target": "redis"})
    with pytest.raises(UsageError):
        once.lasting(5_000)


def planned() -> list[Planned]:
    run = Run(scenario_of("ip-burst", data_dir("scenarios")), 7, 1_795_000_000_000, 100.0, 20_000)
    return list(stream(run))


def disturbed(name: str) -> list[Sending]:
    one = fault.find(name, data_dir("faults"))
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


def test_a_trail_says_how_far_behind_at_worst_and_since_when_no_more() -> None:
    samples = [(0.0, 0.1), (1.0, 5.0), (2.0, 3.0), (3.0, 2.5), (4.0, 1.0), (5.0, 0.0)]
    assert watch.trail(samples, 2.0, 2.5) == Trail(5.0, 3.0, 1.5)
    assert watch.trail(samples, 3.5, 4.5) == Trail(5.0, 1.0, 0.0)
    assert watch.trail(samples[:3], 0.5, 2.5) == Trail(5.0, 5.0, None)
    assert watch.trail(samples, None, None) == Trail(5.0, 0.0, 0.0)
    assert watch.trail([], None, None) == Trail(0.0, 0.0, 0.0)


def test_what_a_living_command_keeps_up_stays_and_what_a_dead_one_left_is_undone(tmp_path: Path) -> None:
    class Home:
        home = tmp_path

    stack: Any = Home()
    undone: list[str] = []
    ledger.note(tmp_path, "mine", "stop", {"program": "redis"}, 5)
    code = (
        "import sys; from pathlib import Path; from fraudctl.chaos import ledger;"
        "ledger.note(Path(sys.argv[1]), 'theirs', 'pause', {'pid': 1}, 3)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    found = [(one.fault, one.means, one.is_kept_up) for one in ledger.entries(tmp_path)]
    assert found == [("theirs", "pause", False), ("mine", "stop", True)]

    def undo(_: Any, entry: ledger.Entry) -> None:
        undone.append(entry.fault)

    assert ledger.undo_all(stack, undo) == ["theirs"]
    assert [one.pid for one in ledger.entries(tmp_path)] == [os.getpid()]
    assert ledger.undo_all(stack, undo, also_kept_up=True) == ["mine"]
    assert (undone, ledger.entries(tmp_path)) == (["theirs", "mine"], [])


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


def decision(number: int, run: int, text: str = "approve") -> Record:
    value = f'{{"event_id":"burst-1-{number:07d}","decision":"{text}"}}'.encode()
    return Record("risk.decisions", 0, 0, 0, None, value, {"run": str(run).encode()})


def test_repeats_contradict_each_other_within_one_run_of_the_job_and_a_later_run_replaces() -> None:
    other = Record("risk.decisions", 0, 0, 0, None, b'{"event_id":"x"}', {"run": b"1"})
    repeated = [decision(0, 1), other, decision(0, 1), decision(1, 1)]
    assert judge_log(repeated, "burst-1", 3) == LogFindings(decided=2, repeats=1, contradictions=0)
    assert judge_log([*repeated, decision(0, 1, "block")], "burst-1", 3) == LogFindings(2, 2, 1)

    replaced = [*repeated, decision(0, 2, "block"), decision(0, 1), decision(0, 2, "block")]
    assert judge_log(replaced, "burst-1", 3) == LogFindings(2, 4, 0)
    assert judge_log([*replaced, decision(0, 2)], "burst-1", 3) == LogFindings(2, 5, 1)
