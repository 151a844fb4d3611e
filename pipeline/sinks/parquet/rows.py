"""The rows of a batch of decisions: of all at once where that is sure to be the same, else of each."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pipeline.records.decision_bytes import Undecodable
from pipeline.records.decision_record import Delivery
from pipeline.sinks import Refused
from pipeline.sinks.parquet import lines
from pipeline.sinks.parquet import table as decision_table
from pipeline.sinks.parquet.table import Row


def rows_of(batch: Sequence[Delivery]) -> tuple[pa.Table, Sequence[Delivery], list[Refused]]:
    """A row for each decision, in their order, the deliveries of the rows, and what is no decision."""
    whole = lines.table(batch)
    if whole is not None:
        return whole, batch, []
    rows, refused = [], []
    for delivery in batch:
        try:
            rows.append(decision_table.read(delivery))
        except Undecodable as error:
            refused.append(Refused(delivery, f"undecodable: {error}"))
    tables, misshapen = _tables(rows)
    never = {id(one.delivery) for one in misshapen}
    kept = [row.delivery for row in rows if id(row.delivery) not in never]
    return decision_table.unite(tables), kept, refused + misshapen


def _tables(rows: list[Row]) -> tuple[list[pa.Table], list[Refused]]:
    """The rows as tables, and those that are of another shape."""
    if not rows:
        return [], []
    try:
        return [decision_table.table(rows)], []
    except Undecodable as error:
        if len(rows) == 1:
            return [], [Refused(rows[0].delivery, f"undecodable: {error}")]
    middle = len(rows) // 2
    left, right = _tables(rows[:middle]), _tables(rows[middle:])
    return left[0] + right[0], left[1] + right[1]
