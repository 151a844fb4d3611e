"""Tables as well-known programs write them, rows in any order: none is lost, all are decided the same."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudctl.files.options import ReadOptions
from tests.examples import examples
from tests.unit.fraudctl.files.test_any_dialect import as_json_lines, decided, tables

if TYPE_CHECKING:
    import pandas as pd

Rows = list[dict[str, Any]]
Writer = Callable[[Rows, Path], ReadOptions]
"""Writes the rows below a folder's name without ending, and says with what options they are read."""

TEXTS = ReadOptions(kinds={"note": "text"})
EURO = ReadOptions(kinds={"note": "text"}, decimal=",", zone="UTC")


def frame(rows: Rows) -> pd.DataFrame:
    """As somebody has it in a notebook: times with a zone, amounts in euros, truth values."""
    import pandas as pd  # a quarter of a second, for whoever collects this

    made = pd.DataFrame(rows)
    made["event_time"] = pd.to_datetime(made["event_time"], unit="s", utc=True)
    made["amount"] = made["amount"] / 100
    return made


def by_pandas_csv(rows: Rows, path: Path) -> ReadOptions:
    frame(rows).to_csv(path.with_suffix(".csv"), index=False)
    return TEXTS


def by_pandas_with_its_index(rows: Rows, path: Path) -> ReadOptions:
    frame(rows).to_csv(path.with_suffix(".csv.gz"), sep="|", quoting=csv.QUOTE_NONNUMERIC)
    return TEXTS


def by_pandas_in_german(rows: Rows, path: Path) -> ReadOptions:
    made = frame(rows)
    made["event_time"] = made["event_time"].dt.strftime("%Y-%m-%d %H:%M:%S")
    made.to_csv(path.with_suffix(".csv"), sep=";", decimal=",", index=False, encoding="utf-8-sig")
    return EURO


def by_pandas_json(rows: Rows, path: Path) -> ReadOptions:
    made = frame(rows)
    made.to_json(path.with_suffix(".jsonl"), orient="records", lines=True, date_format="iso")
    return TEXTS


def by_pandas_json_array(rows: Rows, path: Path) -> ReadOptions:
    frame(rows).to_json(path.with_suffix(".json"), orient="records", date_format="iso", indent=2)
    return TEXTS


def by_pandas_parquet(rows: Rows, path: Path) -> ReadOptions:
    frame(rows).to_parquet(path.with_suffix(".parquet"))
    return TEXTS


def by_pyarrow_csv(rows: Rows, path: Path) -> ReadOptions:
    pa_csv.write_csv(pa.Table.from_pandas(frame(rows), preserve_index=False), path.with_suffix(".csv"))
    return TEXTS


def by_pyarrow_parquet(rows: Rows, path: Path) -> ReadOptions:
    """Exact decimals, dictionaries and several row groups."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    table = pa.table(columns)
    at = table.schema.get_field_index("amount")
    euros = pa.array([Decimal(cents) / 100 for cents in columns["amount"]], pa.decimal128(12, 4))
    table = table.set_column(at, "amount", euros)
    table = table.set_column(
        table.schema.get_field_index("event_time"),
        "event_time",
        pa.array([second * 1_000_000 for second in columns["event_time"]], pa.timestamp("us", "UTC")),
    )
    pq.write_table(table, path.with_suffix(".parquet"), row_group_size=3, use_dictionary=["user_id"])
    return TEXTS


def by_duckdb(ending: str, how: str) -> Writer:
    def write(rows: Rows, path: Path) -> ReadOptions:
        import duckdb  # as pandas

        made = frame(rows)
        made["event_time"] = made["event_time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        database = duckdb.connect(config={"threads": 1})
        database.register("made", made)
        database.execute(f"copy (select * from made) to '{path.with_suffix(ending)}' ({how})")
        return TEXTS

    write.__name__ = f"by_duckdb{ending}"
    return write


def by_excel(encoding: str, delimiter: str, heading: str = "") -> Writer:
    """Its "CSV UTF-8", "CSV (Macintosh, MS-DOS)" and "Unicode text" on a machine set to German."""

    def write(rows: Rows, path: Path) -> ReadOptions:
        out = io.StringIO(newline="")
        out.write(heading)
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(rows[0])
        for row in rows:
            moment = datetime.fromtimestamp(row["event_time"], UTC)
            euros = f"{row['amount'] // 100},{row['amount'] % 100:02d}"
            said = {"event_time": f"{moment:%Y-%m-%d %H:%M:%S}", "amount": euros}
            said |= {"is_new": str(row["is_new"]).upper()}
            writer.writerow([said.get(name, value) for name, value in row.items()])
        path.with_suffix(".csv").write_bytes(out.getvalue().encode(encoding))
        given = "cp1252" if encoding == "cp1252" else None
        return ReadOptions(kinds={"note": "text"}, decimal=",", zone="UTC", encoding=given)

    write.__name__ = f"by_excel_{encoding}"
    return write


WRITERS: list[Writer] = [
    by_pandas_csv,
    by_pandas_with_its_index,
    by_pandas_in_german,
    by_pandas_json,
    by_pandas_json_array,
    by_pandas_parquet,
    by_pyarrow_csv,
    by_pyarrow_parquet,
    by_duckdb(".csv", "format csv, header"),
    by_duckdb(".csv", "format csv, header, escape '\\'"),
    by_duckdb(".tsv", "format csv, header, delimiter '\t'"),
    by_duckdb(".jsonl", "format json"),
    by_duckdb(".json", "format json, array true"),
    by_duckdb(".parquet", "format parquet, compression zstd"),
    by_excel("utf-8-sig", ";"),
    by_excel("cp1252", ";", "sep=;\r\n"),
    by_excel("utf-16", "\t"),
]


@given(tables(), st.sampled_from(WRITERS), st.randoms(use_true_random=False))
@settings(max_examples=examples(120))
def test_whatever_wrote_a_table_it_is_decided_as_its_plain_sorted_json_lines(
    rows: Rows, write: Writer, shuffling: Any
) -> None:
    shuffled = list(rows)
    shuffling.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "plain.jsonl")
        plain.write_bytes(as_json_lines(rows))
        expected = decided(plain, ReadOptions())
        options = write(shuffled, Path(folder, "table"))
        (table,) = Path(folder).glob("table.*")
        found = decided(table, options)
        assert found[0] == len(found[2]) + found[1] == len(rows)
        assert found == expected
