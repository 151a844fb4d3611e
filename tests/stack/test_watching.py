"""A real Prometheus watches a stack: every figure is there, every query answers, a fault raises its alert."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
import pytest

from fraudctl import engines
from fraudctl.engines import targets
from fraudctl.home.stack import Stack
from fraudctl.kafka.sender import Sender
from fraudctl.monitoring import dashboards, queries
from fraudctl.monitoring.alerts import ALERTS
from pipeline.connections.proxies import open_url
from pipeline.metrics import catalogue
from tests import prometheus_beside
from tests.prometheus import Prometheus
from tests.prometheus import complaints as complaints_about
from tests.stack.cli import ask
from tests.stack.flow import await_that
from tests.waiting import LONG_S

NOT_HERE = {"fraudctl_notifications_total", "fraudctl_plugin_failures_total"}
"""What a stack without notifier and plug-ins has no values of."""


@pytest.fixture(scope="module")
def prometheus(stack: Stack) -> Iterator[Prometheus]:
    with prometheus_beside.beside(stack) as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def attacked(stack: Stack, prometheus: Prometheus) -> Prometheus:
    """After an attack, a refused record and a comparison of the stores, all of it seen."""
    await_that(lambda: len(prometheus.query("up == 1")) == len(targets.of(stack)), LONG_S, lambda: "targets")
    ask(stack, "simulate", "--attack", "ip-burst", "--rate", "300", "--duration", "5s", "--seed", "5")
    sender = Sender(stack.kafka)
    sender.send(stack.profile.topics.transactions, b"{", b"nobody")
    assert (sender.flush(), sender.failed) == (0, 0)
    ask(stack, "verify", "sinks")
    seen = ("fraudctl_refused_total", "fraudctl_rule_hits_total", "fraudctl_verification_faults")
    await_that(lambda: all(map(prometheus.query, seen)), LONG_S, lambda: "the attack is not seen")
    return prometheus


def test_every_target_is_up(stack: Stack, attacked: Prometheus) -> None:
    found = {one["metric"]["program"]: one["value"][1] for one in attacked.query("up")}
    assert found == dict.fromkeys(targets.of(stack), "1")
    assert found.keys() > {"exporter", "flink-jobmanager", "flink-taskmanager", "keeper", "sink-redis"}


def test_a_page_of_the_web_may_not_read_what_prometheus_keeps(prometheus: Prometheus) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1"):
        answer = httpx.get(f"{prometheus.url}query?query=up", headers={"Origin": origin}, trust_env=False)
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (200, None)


def test_programs_that_cannot_be_asked_are_told_by_their_own_names(attacked: Prometheus) -> None:
    told = {one["metric"]["program"] for one in attacked.query("fraudctl_program_running")}
    assert told > {"kafka", "postgres", "redis", "exporter"}


def test_every_metric_of_the_catalogue_is_there_with_its_kind_and_sentence(attacked: Prometheus) -> None:
    told = attacked.get("targets/metadata", limit="100000")
    kinds = {one["metric"]: (one["type"], one["help"]) for one in told}
    wrong = {}
    for chapter in catalogue.CHAPTERS:
        for metric in chapter.metrics if chapter.program not in ("", "notifier") else ():
            name = metric.name if metric.name in kinds else metric.name.removesuffix("_total")
            kind, about = kinds.get(name, ("absent", ""))
            if kind != metric.kind or not (about == metric.help or metric.name.startswith("flink_")):
                wrong[metric.name] = (kind, about)
    assert wrong == {}


def test_nothing_is_shown_that_the_catalogue_does_not_have(attacked: Prometheus) -> None:
    names = set(attacked.get("label/__name__/values"))
    strange = names - catalogue.series() - queries.RECORDED.keys() - {"ALERTS", "ALERTS_FOR_STATE"}
    assert {name for name in strange if not name.startswith(("process_", "scrape_"))} == set()


def test_promtool_has_no_complaint_about_what_our_programs_show(stack: Stack, attacked: Prometheus) -> None:
    complaints = {}
    for program, address in targets.of(stack).items():
        if program.startswith("flink-"):
            continue  # its names are Flink's
        with open_url(f"http://{address}/metrics", LONG_S) as answer:
            complaints[program] = complaints_about(answer.read().decode())
    assert set(complaints.values()) == {""}, complaints


def test_every_query_of_every_dashboard_gives_data(attacked: Prometheus) -> None:
    asked = {q.expression for board in dashboards.ALL for panel in board.panels for q in panel.queries}
    assert empty(attacked, {one: one for one in asked}) == set()


def test_everything_that_alerts_compare_is_there(attacked: Prometheus) -> None:
    asked = {selector: alert.name for alert in ALERTS for selector in queries.selectors(alert.expression)}
    assert empty(attacked, asked) == set()


def test_every_rule_is_evaluated_without_an_error(attacked: Prometheus) -> None:
    def ended() -> dict[str, tuple[str, str]]:
        rules = [rule for group in attacked.get("rules")["groups"] for rule in group["rules"]]
        return {rule["name"]: (rule["health"], rule.get("lastError", "")) for rule in rules}

    await_that(lambda: ("unknown", "") not in ended().values(), LONG_S, lambda: f"{ended()}")
    assert ended() == dict.fromkeys([*queries.RECORDED, *(alert.name for alert in ALERTS)], ("ok", ""))


def empty(prometheus: Prometheus, asked: Mapping[str, str]) -> set[str]:
    """The queries that give nothing, apart from those about what is not in this stack."""
    nothing = {query for query in asked if not prometheus.query(query)}
    return {query for query in nothing if not any(name in query for name in NOT_HERE)}


def test_a_writer_that_is_stopped_raises_its_alert_which_ends_when_it_runs_again(stack: Stack) -> None:
    """By rules at ten times their pace; `tests/contract/test_alert_rules.py` has them at their own."""
    engine, alert = engines.of(stack), ("ProgramDown", "sink-redis")
    with prometheus_beside.beside(stack, faster=10) as prometheus:
        await_that(
            lambda: len(prometheus.query("up == 1")) == len(targets.of(stack)), LONG_S, lambda: "targets"
        )
        assert alert not in prometheus.firing()
        engine.stop(stack, "sink-redis")
        try:
            await_that(lambda: alert in prometheus.firing(), LONG_S, lambda: f"{prometheus.firing()}")
        finally:
            engine.start(stack, "sink-redis")
        await_that(lambda: alert not in prometheus.firing(), LONG_S, lambda: f"{prometheus.firing()}")
