"""Recording rules and alert rules as the file that Prometheus loads, at their own pace or a quicker one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypedDict

from fraudctl.monitoring.alerts import ALERTS, RUNBOOK, Rule
from fraudctl.monitoring.queries import RECORDED
from pipeline.records.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

EVALUATED: Final = "10s"
_SHORTEST_MS: Final = 1_000
_UNITS_MS: Final = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_DURATION: Final = re.compile(r"(?<=\[)\d+[smhd](?=\])|(?<=offset )\d+[smhd]")
"""A window or an offset in a query; a number of seconds that something is compared with is none."""


class Recorded(TypedDict):
    """One recording rule as Prometheus reads it."""

    record: str
    expr: str


class Group(TypedDict):
    """Rules that are evaluated at one pace."""

    name: str
    interval: str
    rules: Sequence[Recorded | Rule]


def text(runbook: str = RUNBOOK, faster: int = 1) -> str:
    """The file; JSON is YAML. `runbook` is where its entries are.

    With `faster` every window, every offset, every `for` and the time between two evaluations is that many
    times shorter (each evaluation at least a second after the one before), so that who tries the rules need
    not wait. What figures are compared with stays as it is.
    """
    hurried = _hurrying(faster)
    recorded: list[Recorded] = [{"record": name, "expr": hurried(query)} for name, query in RECORDED.items()]
    alerts: list[Rule] = []
    for alert in ALERTS:
        rule = alert.document(runbook)
        alerts.append({**rule, "expr": hurried(rule["expr"]), "for": shorter(rule["for"], faster)})
    groups: Mapping[str, Sequence[Recorded | Rule]]
    groups = {"fraudctl-recorded": recorded, "fraudctl-alerts": alerts}
    every = shorter(EVALUATED, faster, at_least_ms=_SHORTEST_MS)
    return json.dumps({"groups": list(_groups(groups, every))}, indent=2) + "\n"


def shorter(duration: str, faster: int, at_least_ms: int = 0) -> str:
    """A duration such as `5m`, that many times shorter; itself at the pace of one."""
    if faster == 1:
        return duration
    return f"{max(at_least_ms, milliseconds(duration) // faster)}ms"


def milliseconds(duration: str) -> int:
    """How long one of the rules' durations is."""
    return int(duration[:-1]) * _UNITS_MS[duration[-1]]


def _hurrying(faster: int) -> Callable[[str], str]:
    return lambda query: _DURATION.sub(lambda found: shorter(found[0], faster), query)


def _groups(groups: Mapping[str, Sequence[Recorded | Rule]], every: str) -> Iterator[Group]:
    for name, found in groups.items():
        yield {"name": name, "interval": every, "rules": found}
