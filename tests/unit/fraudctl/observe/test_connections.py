"""Of the servers elsewhere that a profile names, what takes no server of its own to see."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fraudctl.engines.contract import BROKEN, WELL, Check
from fraudctl.observe import connections
from fraudctl.settings import reading
from tests.threads import serving


class Ready(BaseHTTPRequestHandler):
    """Prometheus, to whoever asks whether it is ready."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/-/ready" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def ready() -> Iterator[str]:
    with serving(HTTPServer(("127.0.0.1", 0), Ready)) as server:
        yield f"127.0.0.1:{server.server_port}"


def found(folder: Path, address: str) -> list[Check]:
    """What is found of a profile with this Prometheus."""
    profile = folder / "team.yaml"
    profile.write_text(f'servers: {{prometheus: {{external: {{address: "{address}"}}}}}}\n')
    return list(connections.examine(reading.load(profile)))


def test_a_prometheus_elsewhere_is_asked_whether_it_is_ready(ready: str, tmp_path: Path) -> None:
    assert found(tmp_path, ready) == [Check("prometheus: connection", WELL, f"{ready}: ready")]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:none"])
def test_one_that_does_not_answer_is_broken_and_said_where_it_is_named(address: str, tmp_path: Path) -> None:
    [check] = found(tmp_path, address)
    assert (check.name, check.state) == ("prometheus: connection", BROKEN)
    assert check.finding.startswith(f"{address}: ")
    assert check.mend == "see servers.prometheus.external.address"


def test_a_profile_whose_servers_are_all_ours_has_nothing_to_try() -> None:
    assert list(connections.examine(reading.load("default"))) == []
