"""Files of any bytes: every reader accounts for what it was given, in bounded time and without a trace."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fraudctl.cli import main
from fraudctl.errors import FraudctlError
from fraudctl.files.labels import LabelRow, read_labels
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, RefusedRow, Row

pytestmark = pytest.mark.timeout(1_800)

LONGEST_S = 20
HEADING = "event_id,user_id,event_time,amount,label,ip,note"
CELLS = st.sampled_from(
    ["e1", "u", "2026-01-01T10:00:00Z", "1767268800", "03/04/2026 10:00", "1.5", "1,5", "1.234,56", "-",
     "NULL", "true", "", " ", '"', '""', '"a', 'b"', "::ffff:1.2.3.4", "1, 2", "é", "\u0000", "{", "}", "[",
     "\\", "1e999"]
)  # fmt: skip
LINES = st.lists(CELLS, min_size=1, max_size=9)
TABLES = st.builds(
    lambda rows, mark, end, head: ((head + end) if head else "") + end.join(mark.join(row) for row in rows),
    st.lists(LINES, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([HEADING, HEADING.replace(",", ";"), "sep=;", "[", ""]),
)
OBJECTS = st.lists(
    st.dictionaries(
        st.sampled_from([*HEADING.split(","), "data", "label_time"]),
        st.recursive(CELLS | st.integers() | st.floats() | st.booleans() | st.none(), st.lists, max_leaves=4),
        max_size=7,
    ),
    max_size=8,
).map(lambda found: "\n".join(map(json.dumps, found)))
ENCODED = st.builds(
    lambda text, encoding: text.encode(encoding, "replace"),
    st.one_of(TABLES, OBJECTS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]),
)
BYTES = st.one_of(
    ENCODED,
    st.binary(max_size=400),
    st.tuples(ENCODED, st.binary(max_size=5), st.integers(0, 400)).map(
        lambda p: p[0][: p[2]] + p[1] + p[0][p[2] :]
    ),
)


def zipped(data: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x", data)
    return out.getvalue()


def inspected(path: Path) -> int:
    """The exit code of `inspect`; an error that is unexpected shows itself as no error of ours."""
    answer = BytesIO()
    with redirect_stdout(TextIOWrapper(answer, "utf-8", write_through=True)):
        code = main(["inspect", str(path), "--json"])
        error = json.loads(answer.getvalue())["error"]
    assert error is None or error["code"] != "unexpected", error
    return code


@settings(max_examples=6_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=BYTES,
    pack=st.sampled_from([bytes, gzip.compress, zipped]),
    cut=st.integers(0, 400) | st.none(),
    name=st.sampled_from(["x.csv", "x.jsonl", "x.parquet", "x.tsv.gz", "x"]),
)
def test_any_bytes_are_rows_or_refusals_or_an_error_in_words(
    data: bytes, pack: Callable[[bytes], bytes], cut: int | None, name: str
) -> None:
    packed = pack(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(packed if cut is None else packed[:cut])
        began = time.monotonic()
        for options in (ReadOptions(), ReadOptions(zone="UTC", decimal=",", id_from="row", user_from="row")):
            with suppress(FraudctlError):
                reading = Reading(path, options, 65_536)
                rows = list(reading)
                assert all(isinstance(row, Row | RefusedRow) for row in rows)
                assert rows == list(reading), "a second reading tells of other rows"
            with suppress(FraudctlError):
                assert all(isinstance(row, LabelRow | RefusedRow) for row in read_labels(path, options))
        assert inspected(path) in (0, 1, 2)
        assert time.monotonic() - began < LONGEST_S
