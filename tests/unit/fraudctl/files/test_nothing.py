"""Words for nothing as values of keys."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.fraudctl.files.as_read import DAY, file, judged, reading, values


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet"])
def test_a_word_for_nothing_that_a_key_holds_often_is_told(name: str, tmp_path: Path) -> None:
    some = ["d1", "NULL", "d2", "nan", "NULL", "\\N"]
    plain = {"amount": 1, "user_id": "u"}
    rows = [
        plain | {"event_id": f"e{n}", "event_time": f"{DAY}10:0{n}:00Z", "phone": one}
        for n, one in enumerate(some)
    ]
    if name.endswith("csv"):
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        file(tmp_path, "\n".join(lines), name)
    elif name.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
    else:
        file(tmp_path, "\n".join(map(json.dumps, rows)), name)
    told = "phone is 'NULL' in 2 of 6 rows: they count as one; see --absent NULL"
    fields = {"device_id": "phone"}
    found = reading(tmp_path / name, fields=fields)
    assert (len(list(found)), found.notes()) == (6, [told])
    assert told in judged(tmp_path / name, fields=fields).notes
    found = reading(tmp_path / name, fields=fields, absent=frozenset(["NULL"]))
    assert (values("device_id", found)[1], found.notes()) == (None, [])
