"""Files of a few rows, and what the readers and a backtest make of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudctl.compare.backtest import Backtest, Order, run
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, RefusedRow, Row
from pipeline.records.events import encode
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse

DAY = "2026-03-01T"
PLAIN = "event_id,user_id,event_time,amount"
RULES: dict[str, Any] = {
    "version": "v",
    "fields": ["mcc", "online", "is_new"],
    "features": {"n": {"by": "user_id", "agg": "count", "window": "10m"}},
    "rules": {
        "busy": {"when": "n >= 3", "points": 60},
        "large": {"when": "amount > 1000", "points": 60},
        "not_online": {"when": "not online and present(online)", "points": 60},
        "new": {"when": "is_new", "points": 60},
        "risky": {"when": 'mcc in ["0780", "6050"]', "points": 60},
    },
    "thresholds": {"review": 50, "block": 90},
}


def file(folder: Path, text: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def csv(folder: Path, cells: list[str], column: str = "note", name: str = "x.csv") -> Path:
    """Payments in order, with these cells in one more column."""
    lines = [f"e{n},u{n},{DAY}10:00:0{n}Z,1,{cell}" for n, cell in enumerate(cells)]
    return file(folder, "\n".join([f"{PLAIN},{column}", *lines, ""]), name)


def parquet(folder: Path, name: str = "x.parquet", **columns: Any) -> Path:
    """Two payments, with these columns too."""
    times = pa.array([1_772_359_200_000 + n for n in range(2)], pa.timestamp("ms", "UTC"))
    table = {"event_id": ["e1", "e2"], "user_id": pa.array([42.0, 7.0]), "event_time": times} | columns
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    pq.write_table(pa.table(table), path)
    return path


def reading(path: Path, **options: Any) -> Reading:
    return Reading(path, ReadOptions(**options), 65_536)


def rows_of(path: Path, **options: Any) -> list[Row | RefusedRow]:
    return list(reading(path, **options))


def sent(rows: Iterable[Row | RefusedRow]) -> list[dict[str, Any]]:
    return [json.loads(encode(row.transaction)) for row in rows if isinstance(row, Row)]


def values(name: str, rows: Iterable[Row | RefusedRow]) -> list[Any]:
    """What one field of all that is sent holds, to the last digit."""
    plain = (encode(row.transaction) for row in rows if isinstance(row, Row))
    return [json.loads(one, parse_float=Decimal).get(name) for one in plain]


def refused(rows: Iterable[Row | RefusedRow]) -> list[tuple[int, str]]:
    return [(row.number, row.reason) for row in rows if isinstance(row, RefusedRow)]


def codes(rows: Iterable[Row | RefusedRow]) -> list[tuple[int, str]]:
    """The same as `refused`, without the words."""
    return [(row.number, row.code) for row in rows if isinstance(row, RefusedRow)]


def hint_of(path: Path, **options: Any) -> tuple[str, str]:
    """Why nothing of it is read, and what may help."""
    with pytest.raises(UsageError) as caught:
        rows_of(path, **options)
    return caught.value.message, caught.value.hint


def judged(path: Path, rules: Any = RULES, labels: Path | None = None, **options: Any) -> Backtest:
    order = Order(path, ReadOptions(**options), parse(rules), PlanSettings(), labels)
    return run(order, Progress())


def fired(found: Backtest) -> dict[str, int]:
    return {name: one.alerts.part for name, one in found.fired.items() if one.alerts.part}
