"""What it costs to read, check and encode a row of a file: JSON lines, CSV and Parquet of the same payments.

And what it costs to bring such a file in as past data (`fraudctl.bench.ingesting`).

Needs no stack. Run as a module: `python -m fraudctl.bench.reading [ROWS]`.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from fraudctl.bench import conditions, ingesting
from fraudctl.bench.ingesting import Brought
from fraudctl.console import result
from fraudctl.console.result import Result, Table
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, Row
from pipeline.records.events import encode
from pipeline.records.quantities import format_time
from pipeline.records.wire import MAX_EVENT_BYTES

ROWS = 200_000
_START_MS = 1_767_225_600_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One format. `us_per_row` is processor time, `rows_per_s` by the clock on the wall."""

    format: str
    rows: int
    us_per_row: float
    rows_per_s: int


def run(rows: int) -> tuple[Measured, ...]:
    """Write the same payments in each format, and read them."""
    with tempfile.TemporaryDirectory(prefix="fraudctl-") as folder:
        return tuple(_measured(path) for path in _written(Path(folder), rows))


def bring_in(rows: int) -> Brought:
    """Write as many payments, half of them out of order, as CSV, and bring them in."""
    with tempfile.TemporaryDirectory(prefix="fraudctl-") as folder:
        path = Path(folder) / "x.csv"
        write_disordered(path, rows)
        return ingesting.run(path)


def write_disordered(path: Path, rows: int) -> None:
    """A CSV file of the payments, half of them out of order; the same at each call."""
    with path.open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, list(next(payments(1))))
        writer.writeheader()
        writer.writerows(ingesting.disordered(payments(rows)))


def payments(rows: int) -> Iterator[dict[str, object]]:
    """Payments as files have them: eleven columns, some empty, the same at each call."""
    chance = random.Random(1)
    for number in range(rows):
        yield {
            "event_id": f"{chance.getrandbits(32):08x}A{number}",
            "user_id": f"{chance.randrange(20_000):08x}",
            "event_time": format_time(_START_MS + number * 250),
            "amount": chance.randrange(1, 50_000) / 100,
            "currency": "GBP",
            "merchant_id": f"m{chance.randrange(900)}",
            "country": "826",
            "channel": chance.choice(("ecommerce", "manual", "chip")),
            "mcc": chance.choice(("5411", "0742", "5968")),
            "limit": chance.choice((None, 7_500.5, 250.0)),
            "label": int(chance.random() < 0.01),
        }


def answer(found: tuple[Measured, ...], brought: Brought) -> Result:
    """The figures with the machine, and how much memory the process took at most."""
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    rows = [(one.format, one.rows, one.us_per_row, one.rows_per_s) for one in found]
    machine, versions = conditions.machine(), conditions.versions()
    data = {
        "formats": [asdict(one) for one in found],
        "brought_in": asdict(brought) | {"ratio": brought.ratio},
        "peak_mb": peak_mb,
        "machine": machine,
        "versions": versions,
    }
    tables = (Table("", ("format", "rows", "µs a row", "rows/s"), rows), _table(brought))
    text = f"{machine['cpu']}, Python {machine['python']}, confluent-kafka {versions['confluent-kafka']}"
    return Result(f"{text}, at most {peak_mb} MB", data, tables=tables)


def _table(brought: Brought) -> Table:
    title = f"Past data, {brought.rows} labelled rows of CSV, {brought.moved} out of order"
    sums = [("all", brought.whole), ("floor", brought.floor), ("all in floors", brought.ratio)]
    return Table(title, ("step", "µs a row"), [*brought.steps.items(), *sums])


def _measured(path: Path) -> Measured:
    wall, used, count = time.perf_counter(), time.process_time(), 0
    for row in Reading(path, ReadOptions(), MAX_EVENT_BYTES):
        assert isinstance(row, Row)
        encode(row.transaction)
        count += 1
    used, wall = time.process_time() - used, time.perf_counter() - wall
    return Measured(path.suffix[1:], count, round(used / count * 1e6, 1), round(count / wall))


def _written(folder: Path, rows: int) -> tuple[Path, ...]:
    import pyarrow
    import pyarrow.parquet

    lines, cells, columns = folder / "x.jsonl", folder / "x.csv", folder / "x.parquet"
    with lines.open("w", encoding="utf-8") as text, cells.open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, list(next(payments(1))))
        writer.writeheader()
        for one in payments(rows):
            text.write(json.dumps({name: value for name, value in one.items() if value is not None}) + "\n")
            writer.writerow(one)
    schema = pyarrow.Table.from_pylist(list(payments(100))).schema
    with pyarrow.parquet.ParquetWriter(columns, schema) as parquet:
        made = payments(rows)
        while batch := list(islice(made, 10_000)):
            parquet.write_table(pyarrow.Table.from_pylist(batch, schema))
    return lines, cells, columns


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    result.render(answer(run(asked), bring_in(asked)))
