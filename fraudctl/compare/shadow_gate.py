"""The limits that a shadow must keep before it takes over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fraudctl.errors import FileProblems
from pipeline.settings.document import DocumentError, read_file
from pipeline.settings.kinds import Number, Whole
from pipeline.settings.reading import read, settings

if TYPE_CHECKING:
    from fraudctl.compare.shadow import Comparison


class GateError(FileProblems):
    """A gate has problems; `problems` holds every one as `path: what`."""

    code = "gate"
    advice = "an example is in docs/writing-rules.md"


@settings()
class Gate:
    """Limits that a shadow must keep to be promoted; shares from 0 to 1, None where there is no limit."""

    min_compared: Annotated[int, Whole(0, 10**12)] = 1
    max_alert_rate: Annotated[float, Number(0, 1)] | None = None
    max_alert_rate_change: Annotated[float, Number(0, 1)] | None = None
    max_flips: Annotated[float, Number(0, 1)] | None = None
    min_precision: Annotated[float, Number(0, 1)] | None = None
    min_recall: Annotated[float, Number(0, 1)] | None = None
    max_recall_drop: Annotated[float, Number(0, 1)] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One limit and how the shadow stands to it. `value` is None where there are no labels to tell."""

    name: str
    limit: float
    value: float | None
    passed: bool


def read_gate(path: Path) -> Gate:
    """The gate of a YAML file. GateError names every problem at once."""
    try:
        content = read_file(path).content
    except DocumentError as error:
        raise GateError(str(path), [error]) from None
    found, problems = read(Gate, {} if content is None else content)
    if found is None or problems:
        raise GateError(str(path), problems)
    return found


def judge(gate: Gate, found: Comparison) -> list[Check]:
    """Every limit of the gate."""
    live, mine = found.live, found.candidate
    drop = _difference(live.recall.value, mine.recall.value)
    rise = _difference(mine.alerts.value, live.alerts.value)
    upper = {
        "max_alert_rate": mine.alerts.value,
        "max_alert_rate_change": None if rise is None else abs(rise),
        "max_flips": found.flips.value,
        "max_recall_drop": drop,
    }
    lower = {
        "min_compared": float(found.diff.compared),
        "min_precision": mine.precision.value,
        "min_recall": mine.recall.value,
    }
    checks = []
    for name, value in {**lower, **upper}.items():
        limit = getattr(gate, name)
        if limit is not None:
            keeps = value is not None and (value >= limit if name in lower else value <= limit)
            checks.append(Check(name, limit, value, keeps))
    return checks


def _difference(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
