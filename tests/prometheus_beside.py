"""A Prometheus started as `up --with prometheus` starts one, which asks the programs of another stack."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fraudctl import servers
from fraudctl.engines import targets
from fraudctl.engines.contract import Wish
from fraudctl.engines.local.engine import Engine
from fraudctl.home.stack import Stack
from fraudctl.monitoring import rules_file
from fraudctl.settings import reading
from tests.prometheus import Prometheus, tool
from tests.waiting import LONG_S

DAY_S = 86_400
_AROUND_S = 600
_OTHERS = tuple(name for name in servers.names() if name != "prometheus")


@contextmanager
def beside(
    stack: Stack, faster: int = 1, yesterday: Mapping[str, float] | None = None
) -> Iterator[Prometheus]:
    """In a home of its own; it asks every two seconds. With `faster` its rules run at that many times their
    pace; then `yesterday`, so much nearer, has these values all day.
    """
    tool("prometheus")
    every = {"servers.prometheus.settings.scrape_interval_ms": 2_000}
    with tempfile.TemporaryDirectory(
        prefix="fraudctl-watch-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:
        home = Path(name) / "home"
        wish = Wish(home, reading.load("default", every), _OTHERS, True, LONG_S, added=("prometheus",))
        try:
            own = Engine().up(wish)
            own.paths.metrics_targets.write_text(targets.text(stack))
            if faster != 1:
                _hurry(own, faster, yesterday or {})
            yield Prometheus(own.addresses["prometheus"])
        finally:
            Engine().purge(home)


def _hurry(own: Stack, faster: int, yesterday: Mapping[str, float]) -> None:
    Engine().stop(own, "prometheus")
    (own.paths.run / "prometheus" / "rules.json").write_text(rules_file.text(faster=faster))
    if yesterday:
        _remember(own, _history(yesterday, time.time() - DAY_S / faster))
    Engine().restart(own, "prometheus", LONG_S)


def _history(values: Mapping[str, float], around_s: float) -> str:
    """In the form of OpenMetrics: a value a minute, from ten minutes before to ten minutes ago."""
    moments = range(round(around_s) - _AROUND_S, round(time.time()) - _AROUND_S, 60)
    lines = []
    for name, value in values.items():
        lines += [f"# TYPE {name} gauge", *(f"{name} {value} {moment}" for moment in moments)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _remember(own: Stack, history: str) -> None:
    """Put it into the store of one that does not run."""
    file = own.home / "yesterday.txt"
    file.write_text(history)
    made = ("tsdb", "create-blocks-from", "openmetrics", str(file), str(own.paths.data("prometheus")))
    subprocess.run([tool("promtool"), *made], check=True, capture_output=True, timeout=LONG_S)
