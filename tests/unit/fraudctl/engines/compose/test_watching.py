"""What Prometheus and Grafana are given in containers, and who else may read it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.engines.compose import companions, services, watching
from fraudctl.engines.compose.inside import METRICS_PORT
from fraudctl.errors import UsageError
from fraudctl.home.stack import METRICS, Stack
from fraudctl.monitoring import dashboards
from fraudctl.servers import prometheus
from tests.unit.fraudctl.engines.compose.test_services import a_stack


def watched(folder: Path, text: str = "{}") -> Stack:
    """A stack as its programs see it, with somebody who asks them."""
    stack = a_stack(folder, text)
    assert stack.inside is not None
    inside = replace(stack.inside, metrics=services.metrics_ports(stack.profile, ["grafana"]))
    return replace(stack, inside=inside).seen_inside


def test_every_program_is_asked_by_its_name_and_every_taskmanager_by_its_address(tmp_path: Path) -> None:
    named, each, any_of_them = watching.scraped(watched(tmp_path, "sinks: {redis: {}}"))
    programs = ["exporter", "flink-jobmanager", "keeper", "sink-redis", "ticker"]
    assert named == {
        "job_name": "fraudctl",
        "honor_labels": True,
        "static_configs": [
            {"targets": [f"{name}:{METRICS_PORT}"], "labels": {"program": name}} for name in programs
        ],
    }
    assert each["dns_sd_configs"] == [
        {"names": ["flink-taskmanager"], "type": "A", "port": METRICS_PORT, "refresh_interval": "5s"}
    ]
    assert any_of_them["static_configs"] == [
        {"targets": [f"flink-taskmanager:{METRICS_PORT}"], "labels": {"program": "flink-taskmanager"}}
    ]


def test_what_the_profile_tells_prometheus_is_what_it_does(tmp_path: Path) -> None:
    text = "servers: {prometheus: {settings: {scrape_interval_ms: 2s, retention_ms: 3d}}}"
    stack = watched(tmp_path, text)
    watching.write(stack)
    written = (services.watching(stack.paths) / "prometheus" / "prometheus.json").read_text("utf-8")
    assert json.loads(written)["global"]["scrape_interval"] == "2000ms"
    ports = {**a_stack(tmp_path).ports, "prometheus": {"prometheus": 27}}
    found = services.override(replace(a_stack(tmp_path, text), ports=ports))["services"]["prometheus"]
    assert isinstance(found["command"], list)
    told = [word for word in found["command"] if "retention" in word]
    assert told == ["--storage.tsdb.retention.time=72h"]  # a flag that is given twice is refused
    assert f"--web.cors.origin={prometheus.NO_ORIGIN}" in found["command"]


def test_panels_and_alerts_link_to_the_runbook_that_the_profile_names(tmp_path: Path) -> None:
    stack = watched(tmp_path, "servers: {prometheus: {settings: {runbook: 'https://wiki.example/fraud'}}}")
    watching.write(stack)
    place = services.watching(stack.paths)
    for name in ("dashboards/overview.json", "prometheus/rules.yml"):
        assert "https://wiki.example/fraud#job-down" in (place / name).read_text("utf-8")
        assert "docs/runbook.md" not in (place / name).read_text("utf-8")


def test_users_of_other_containers_can_read_it_and_all_of_it_is_there(tmp_path: Path) -> None:
    stack = watched(tmp_path)
    watching.write(stack)
    place = services.watching(stack.paths)
    modes = {oct(path.stat().st_mode & 0o777) for path in (place, *place.rglob("*")) if path.is_dir()}
    assert modes == {"0o755"}
    files = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert files == {*dashboards.files(), "prometheus/prometheus.json"}
    assert {oct((place / name).stat().st_mode & 0o777) for name in files} == {"0o644"}
    provider = json.loads((place / "provisioning" / "dashboards" / "fraudctl.yml").read_text("utf-8"))
    assert provider["providers"][0]["options"] == {"path": "/etc/fraudctl/dashboards"}


def test_the_exporter_runs_where_somebody_asks_it(tmp_path: Path) -> None:
    profile = a_stack(tmp_path).profile
    assert "exporter" not in services.metrics_ports(profile, [])
    assert "exporter" in services.metrics_ports(profile, ["prometheus"])
    assert "exporter" in services.of_workers(watched(tmp_path))
    assert METRICS in watched(tmp_path).ports


def test_grafana_brings_prometheus_and_a_port_that_is_none_is_refused() -> None:
    assert companions.of(["grafana"]) == ("prometheus", "grafana")
    assert companions.alone(["grafana", "s3"]) == ["grafana", "s3"]
    assert companions.port("mail", {"FRAUDCTL_PORT_MAIL": "81"}) == 81
    with pytest.raises(UsageError, match="FRAUDCTL_PORT_MAIL must be a port"):
        companions.port("mail", {"FRAUDCTL_PORT_MAIL": "0"})


def test_the_s3_servers_only_user_is_made_once(tmp_path: Path) -> None:
    paths = a_stack(tmp_path).paths
    services.make_secrets(paths, ["s3"])
    made = paths.secret_file("s3").read_text("utf-8")
    assert made.startswith("fraudctl:")
    services.make_secrets(paths, ["s3"])
    assert paths.secret_file("s3").read_text("utf-8") == made
