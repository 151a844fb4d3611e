"""What Prometheus is started with, and that a stack does without."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.engines import chosen
from fraudctl.errors import Failed
from fraudctl.home.stack import Paths, Stack
from fraudctl.monitoring.alerts import ALERTS
from fraudctl.servers import Site
from fraudctl.servers.prometheus import Server
from fraudctl.settings import reading
from fraudctl.settings.profile import ServerSettings


@pytest.fixture
def nothing_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    monkeypatch.setenv("FRAUDCTL_CACHE", str(tmp_path / "cache"))


def server(home: Path, **settings: str | int) -> Server:
    return Server(Site(Paths(home), {"prometheus": 7}, ServerSettings(settings=settings), home / "cache"))


def test_it_is_told_whom_to_ask_how_often_and_which_rules(tmp_path: Path) -> None:
    binary = tmp_path / "prometheus"
    binary.write_text("")
    one = server(tmp_path, binary=str(binary), scrape_interval_ms=2_000, retention_ms=7_200_000)
    one.prepare()
    run = tmp_path / "run" / "prometheus"
    told = json.loads((run / "prometheus.json").read_text())
    assert told["global"] == {"scrape_interval": "2000ms", "evaluation_interval": "10s"}
    assert told["rule_files"] == [str(run / "rules.json")]
    (scraped,) = told["scrape_configs"]
    assert scraped["file_sd_configs"][0]["files"] == [str(Paths(tmp_path).metrics_targets)]
    (program,) = one.programs()
    assert program.argv[0] == str(run / "bin" / "prometheus")
    assert Path(program.argv[0]).resolve() == binary
    assert {
        "--web.listen-address=127.0.0.1:7",
        "--web.cors.origin=none",
        "--storage.tsdb.retention.time=2h",
    } <= set(program.argv)


def test_alerts_link_to_the_runbook_where_people_can_open_it(tmp_path: Path) -> None:
    binary = tmp_path / "prometheus"
    binary.write_text("")
    server(tmp_path, binary=str(binary), runbook="https://wiki.example/fraud").prepare()
    rules = (tmp_path / "run" / "prometheus" / "rules.json").read_text()
    assert rules.count("https://wiki.example/fraud#") == len(ALERTS)


def test_one_that_is_named_and_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="there is no Prometheus at"):
        server(tmp_path, binary=str(tmp_path / "gone")).prepare()


@pytest.mark.usefixtures("nothing_on_the_path")
def test_a_stack_does_without_where_there_is_none_and_fails_where_it_is_asked_for() -> None:
    profile = reading.load("default")
    assert "prometheus" not in chosen.kinds(profile, ())
    with pytest.raises(Failed, match="no apt-get"):
        chosen.kinds(profile, (), ("prometheus",))


@pytest.mark.usefixtures("nothing_on_the_path")
def test_a_stack_that_was_started_with_it_has_it_whatever_the_path_says_now(stack: Stack) -> None:
    ports = {name: dict(kind.port_roles) for name, kind in chosen.kinds(stack.profile, ()).items()}
    assert "prometheus" not in chosen.servers(replace(stack, ports=ports))
    assert "prometheus" in chosen.servers(replace(stack, ports={**ports, "prometheus": {"prometheus": 7}}))
