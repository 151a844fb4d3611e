"""Which ports a stack takes."""

from __future__ import annotations

from dataclasses import replace

from fraudctl import servers
from fraudctl.engines import ports
from fraudctl.home.stack import METRICS, Stack
from fraudctl.settings import reading, shipped
from fraudctl.settings.profile import Notify


def test_every_program_that_a_profile_may_need_has_a_port_of_its_own_for_metrics() -> None:
    sinks = {name: {} for name in shipped.sink_names()}
    whole = replace(reading.load("default"), sinks=sinks, notify=Notify({"slack": {}}))
    found = ports.wanted(whole, servers.discover())
    assert found[METRICS].keys() == {
        *("keeper", "ticker", "exporter", "notifier"),
        *(f"sink-{name}" for name in sinks),
    }
    taken = [port for roles in found.values() for port in roles.values()]
    assert len(set(taken)) == len(taken)


def test_a_sink_has_the_same_port_whatever_other_sinks_there_are() -> None:
    few = replace(reading.load("default"), sinks={"redis": {}})
    assert ports.of_programs(few)["sink-redis"] == ports.of_programs(reading.load("default"))["sink-redis"]


def test_a_stack_of_an_earlier_version_has_no_ports_for_metrics(stack: Stack) -> None:
    assert stack.metrics_port("keeper") is None
    known = replace(stack, ports={METRICS: {"keeper": 7}})
    assert (known.metrics_port("keeper"), known.metrics_port("ticker")) == (7, None)


def test_a_stack_that_runs_keeps_its_ports_and_takes_one_for_each_more_worker() -> None:
    profile = reading.load("default")
    two = reading.load("default", {"servers.flink.taskmanagers": 2})
    classes = {name: servers.server_class(name) for name in ("kafka", "flink")}
    running = {
        "kafka": {"broker": 20_001, "controller": 20_002},
        "flink": dict(zip(classes["flink"].port_roles, range(20_003, 20_009), strict=True)),
        METRICS: {"keeper": 20_010},
    }
    more = ports.kept(running, ports.wanted(two, classes))
    added = {more["flink"].pop(role) for role in ("taskmanager-2-metrics", "data-2")}
    assert more == running
    assert len(added.difference(range(20_001, 20_011))) == 2
    assert ports.kept(more, ports.wanted(profile, classes)) == running
