"""Values of Parquet as JSON would have them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading
from tests.unit.fraudctl.files.as_read import codes, parquet, reading, refused, rows_of, sent, values


def test_floats_are_the_shortest_decimal_of_their_width_and_noise_is_rounded(tmp_path: Path) -> None:
    import pyarrow

    narrow = parquet(tmp_path, amount=pyarrow.array([12.34, 99.99], pyarrow.float32()))
    assert [(one["user_id"], one["amount"]) for one in sent(rows_of(narrow))] == [("42", 12.34), ("7", 99.99)]
    noisy = parquet(tmp_path, amount=pyarrow.array([0.1 + 0.2, 59.97]))
    assert refused(rows_of(noisy)) == [
        (1, "bad_amount: '0.30000000000000004': more than 4 digits after the point; see --round 4")
    ]
    reading = Reading(noisy, ReadOptions(round_to=4), 65_536)
    assert ([one["amount"] for one in sent(list(reading))], reading.notes()) == (
        [0.3, 59.97],
        ["1 amounts rounded"],
    )


def test_what_is_no_finite_number_is_no_field(tmp_path: Path) -> None:
    infinite = parquet(tmp_path, amount=[1.5, float("inf")], x=[float("-inf"), float("nan")], mcc=[None, 2.5])
    rows = rows_of(infinite)
    assert ["x" in one for one in sent(rows)] == [False]
    assert refused(rows) == [(2, "wrong_type: amount is not a number: 'inf'; see --kind amount=number")]


def test_doubles_of_parquet_with_an_exponent_are_the_numbers_they_are(tmp_path: Path) -> None:
    table = pa.table(
        {
            "event_id": pa.array([4.0000000000000113e18, None]),
            "user_id": ["u", "u"],
            "event_time": pa.array([1.7724e18, None]),
            "amount": pa.array([1.5, 2.0]),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    found = sent(reading(tmp_path / "x.parquet"))
    assert [(one["event_id"], one["event_time"]) for one in found] == [
        ("4000000000000011300", "2026-03-01T21:20:00.000Z")
    ]


def test_a_time_of_parquet_that_no_calendar_has_refuses_its_row_alone(tmp_path: Path) -> None:
    at = pa.array([1_772_359_200_000_000, 9_000_000_000_000_000_000], pa.timestamp("us", "UTC"))
    table = pa.table(
        {"event_id": ["a", "b"], "user_id": ["u", "u"], "event_time": at, "amount": [1, 2], "until": at[::-1]}
    )
    pq.write_table(table, tmp_path / "x.parquet")
    found = reading(tmp_path / "x.parquet")
    assert (values("event_id", found), codes(found)) == (["a"], [(2, "bad_event_time")])


@pytest.mark.slow
def test_times_finer_than_microseconds_are_read_without_pandas_too(tmp_path: Path) -> None:
    at = pa.array([1_772_359_200_123_456_789, 1_772_359_201_000_000_001], pa.timestamp("ns", "UTC"))
    path = parquet(tmp_path, amount=[1, 2], event_time=at, data=pa.StructArray.from_arrays([at], ["at"]))
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "from tests.unit.fraudctl.files.as_read import Path, reading, values\n"
        "fields = {'event_time': sys.argv[2]}\n"
        "print(*values('event_time', reading(Path(sys.argv[1]), fields=fields)))"
    )
    for column in ("event_time", "data.at"):
        words = [sys.executable, "-c", code, str(path), column]
        found = subprocess.run(words, check=True, capture_output=True, text=True)
        assert found.stdout.split() == ["2026-03-01T10:00:00.123Z", "2026-03-01T10:00:01.000Z"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_an_event_that_is_too_large_is_refused_whatever_its_texts_are_called(
    tmp_path: Path, kind: pa.DataType
) -> None:
    path = parquet(tmp_path, amount=[1, 2], note=pa.array(["x" * 70_000, "y"], kind))
    rows = rows_of(path)
    assert (codes(rows), values("note", rows)) == ([(1, "too_large")], ["y"])


def test_a_text_within_a_struct_makes_an_event_too_large_as_well(tmp_path: Path) -> None:
    path = parquet(tmp_path, amount=[1, 2], data=[{"note": "x" * 70_000}, {"note": "y"}])
    rows = rows_of(path, fields={"note": "data.note"})
    assert (codes(rows), values("note", rows)) == ([(1, "too_large")], ["y"])
