"""Prometheus: keeps what the programs of a stack show, and evaluates the recording and alert rules.

A stack does without where there is none: see `is_to_be_had`. Nothing waits for it but `up`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Annotated, ClassVar, Final

from fraudctl.binaries import prometheus
from fraudctl.errors import Failed, NotReady
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.monitoring import rules_file
from fraudctl.monitoring.alerts import RUNBOOK
from fraudctl.servers import HOST, BaseServer, Program
from fraudctl.settings.profile import ServerSettings
from pipeline.records.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from pipeline.settings.kinds import Duration, File, Text
from pipeline.settings.reading import make, settings

NO_ORIGIN: Final = "none"
"""An origin that no page has: else every page that a browser here shows could read all figures."""


@settings()
class Settings:
    """What Prometheus can be told."""

    binary: Annotated[Path, File()] | None = None
    """the path of the program; without, the one on the PATH"""
    scrape_interval_ms: Annotated[int, Duration(SECOND_MS, MINUTE_MS, bare=True)] = 10 * SECOND_MS
    retention_ms: Annotated[int, Duration(HOUR_MS, 3_650 * DAY_MS, bare=True)] = 15 * DAY_MS
    runbook: Annotated[str, Text()] = RUNBOOK
    """a URL: where people find the runbook, to which alerts link and, in containers, Grafana's panels"""


class Server(BaseServer):
    """Prometheus."""

    name = "prometheus"
    title = "Prometheus"
    port_roles: ClassVar[Mapping[str, int]] = {"prometheus": 19490}
    memory_mb = 256
    optional = True
    has_secret = False
    hint = "look at: fraudctl logs prometheus; the stack works without it: fraudctl up --without prometheus"

    @classmethod
    def is_to_be_had(cls, settings: ServerSettings, cache: Path, asked: bool) -> bool:
        """One that is asked for is fetched; else it has to be there. Failed where it cannot be fetched."""
        if asked and prometheus.find(told(settings).binary, cache, fetched=True) is None:
            prometheus.fetch(cache)
        return prometheus.find(told(settings).binary, cache, asked) is not None

    def prepare(self) -> None:
        make_folder(self.data)
        make_folder(self._program.parent)
        found = prometheus.find(told(self.site.settings).binary, self.site.cache, fetched=True)
        if found is None or not found.is_file():
            raise Failed(f"there is no Prometheus at {found}", hint="see: servers.prometheus.settings.binary")
        self._program.unlink(missing_ok=True)
        self._program.symlink_to(found)
        write_atomically(self._folder / "prometheus.json", self._configuration())
        rules = rules_file.text(told(self.site.settings).runbook)
        write_atomically(self._folder / "rules.json", rules)

    def programs(self) -> Sequence[Program]:
        given = told(self.site.settings)
        flags = {
            "config.file": self._folder / "prometheus.json",
            "storage.tsdb.path": self.data,
            "storage.tsdb.retention.time": f"{given.retention_ms // HOUR_MS}h",
            "web.listen-address": f"{HOST}:{self.port}",
            "web.cors.origin": NO_ORIGIN,
            "log.level": "warn",
        }
        argv = [str(self._program), *(f"--{name}={value}" for name, value in flags.items())]
        return [Program(self.name, argv, env={"GOMEMLIMIT": f"{self.memory}MiB", "GOMAXPROCS": "1"})]

    def probe(self) -> None:
        ask_ready(self.address)

    @classmethod
    def version(cls) -> str:
        return "the machine's own"

    @property
    def _folder(self) -> Path:
        return self.paths.run / self.name

    @property
    def _program(self) -> Path:
        """A link, so that the stack keeps the program it was started with, whatever a later PATH says."""
        return self._folder / "bin" / "prometheus"

    def _configuration(self) -> str:
        files = {"files": [str(self.paths.metrics_targets)], "refresh_interval": "5s"}
        scraped = [{"job_name": "fraudctl", "honor_labels": True, "file_sd_configs": [files]}]
        return configuration(told(self.site.settings), str(self._folder / "rules.json"), scraped)


def configuration(given: Settings, rules: str, scraped: Sequence[Mapping[str, object]]) -> str:
    """The text of a Prometheus' configuration: how often it asks, its file of rules, and whom it asks."""
    every = f"{given.scrape_interval_ms}ms"
    document = {
        "global": {"scrape_interval": every, "evaluation_interval": rules_file.EVALUATED},
        "rule_files": [rules],
        "scrape_configs": list(scraped),
    }
    return json.dumps(document, indent=2) + "\n"


def ask_ready(address: str, timeout_s: float = 2.0) -> None:
    """Return if a Prometheus answers there. Raises NotReady."""
    host, _, port = address.rpartition(":")
    connection = HTTPConnection(host, int(port), timeout=timeout_s)
    try:
        connection.request("GET", "/-/ready")
        if (status := connection.getresponse().status) != 200:
            raise NotReady(f"it answers HTTP {status}")
    except (OSError, HTTPException) as error:
        raise NotReady(f"no connection: {error}") from error
    finally:
        connection.close()


def told(settings: ServerSettings) -> Settings:
    """What a profile tells it. ProfileError."""
    return make(Settings, settings.settings, "servers.prometheus.settings")
