"""Any table, in any order, dialect, encoding and packing: no row is lost, and all are decided the same."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudctl.compare.backtest import Order, run
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.files.csv_records import Dialect, Records
from fraudctl.files.json_objects import objects
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import RefusedRow, Row
from pipeline.records.quantities import Refusal
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse
from tests.examples import examples
from tests.unit.fraudctl.files.as_read import file, rows_of

START_S = 1_767_268_800
RULES = parse(
    {
        "version": "v",
        "fields": ["note", "is_new"],
        "features": {
            "n": {"by": "user_id", "agg": "count", "window": "1h"},
            "shops": {"by": "user_id", "agg": "distinct", "of": "merchant_id", "window": "1h"},
            "spent": {"by": "user_id", "agg": "sum", "of": "amount", "window": "1h"},
        },
        "rules": {
            "busy": {"when": "n >= 2", "points": 30},
            "shops": {"when": "shops >= 2", "points": 20},
            "spent": {"when": "spent > 100", "points": 20},
            "new": {"when": "is_new", "points": 10},
            "noted": {"when": 'note == "x"', "points": 5},
        },
        "thresholds": {"review": 40, "block": 80},
    }
)
COLUMNS = 7
TEXTS = st.one_of(
    st.just("x"),
    st.text(st.sampled_from("aé€ü;,|\t\"'\n .0"), min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda text: text and all(text.count(mark) < COLUMNS // 2 for mark in ",;|\t")),
)


@dataclass(frozen=True)
class Spelling:
    """How a table is written, and what the reader is told of it."""

    delimiter: str
    quoting: Any
    line_end: str
    encoding: str
    decimal: str
    time: str
    packed: str
    columns: list[str]

    def options(self) -> ReadOptions:
        return ReadOptions(
            encoding="cp1252" if self.encoding == "cp1252" else None,
            decimal="," if self.decimal == "," else None,
            zone="UTC" if self.time == "naive" else None,
            kinds={"note": "text"},
        )

    def cell(self, name: str, row: dict[str, Any]) -> Any:
        if name == "amount":
            return f"{row[name] // 100}{self.decimal}{row[name] % 100:02d}"
        if name == "event_time":
            return spelt_time(row[name], self.time)
        return row[name]


def spelt_time(at_s: int, form: str) -> Any:
    moment = datetime.fromtimestamp(at_s, UTC)
    return {
        "iso": f"{moment:%Y-%m-%dT%H:%M:%S}Z",
        "naive": f"{moment:%Y-%m-%d %H:%M:%S}",
        "s": at_s,
        "ms": at_s * 1000,
        "us": at_s * 1_000_000,
    }[form]


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    times = draw(st.lists(st.integers(0, 7_200), min_size=1, max_size=12, unique=True))
    return [
        {
            "event_id": f"e{number}",
            "user_id": draw(st.sampled_from(["ada", "bob", "007"])),
            "event_time": START_S + at,
            "amount": draw(st.integers(0, 99_999)),
            "merchant_id": "m" + draw(TEXTS),
            "note": draw(TEXTS),
            "is_new": draw(st.booleans()),
        }
        for number, at in enumerate(sorted(times))
    ]


@st.composite
def spellings(draw: st.DrawFn) -> Spelling:
    columns = ["event_id", "user_id", "event_time", "amount", "merchant_id", "note", "is_new"]
    return Spelling(
        draw(st.sampled_from(",;\t|")),
        draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])),
        draw(st.sampled_from(".,")),
        draw(st.sampled_from(["iso", "naive", "s", "ms", "us"])),
        draw(st.sampled_from(["", "gz", "zip"])),
        draw(st.permutations(columns)),
    )


def as_csv(rows: list[dict[str, Any]], how: Spelling) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=how.delimiter, quoting=how.quoting, lineterminator=how.line_end)
    writer.writerow(how.columns)
    writer.writerows([how.cell(name, row) for name in how.columns] for row in rows)
    return packed(out.getvalue().encode(how.encoding), how.packed)


def packed(content: bytes, how: str) -> bytes:
    if how == "gz":
        return gzip.compress(content)
    if how == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("table.csv", content)
        return out.getvalue()
    return content


def as_json_lines(rows: list[dict[str, Any]]) -> bytes:
    made = (
        row | {"amount": row["amount"] / 100, "event_time": spelt_time(row["event_time"], "iso")}
        for row in rows
    )
    return "".join(json.dumps(row) + "\n" for row in made).encode()


def decided(path: Path, options: ReadOptions) -> tuple[int, int, list[Any]]:
    found = run(Order(path, options, RULES, PlanSettings(any_ids=True)), Progress())
    return found.rows, len(found.refused), list(found.outcomes)


@given(tables(), spellings(), st.randoms(use_true_random=False))
@settings(max_examples=examples(150))
def test_a_table_is_decided_as_its_plain_sorted_json_lines(
    rows: list[dict[str, Any]], how: Spelling, shuffling: Any
) -> None:
    shuffled = list(rows)
    shuffling.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        plain = file(Path(folder), as_json_lines(rows), "plain.jsonl")
        table = file(Path(folder), as_csv(shuffled, how), "table.csv")
        expected = decided(plain, ReadOptions())
        assert expected[:2] == (len(rows), 0)
        assert decided(table, how.options()) == expected


def lines_of(data: bytes) -> Iterator[tuple[int, bytes, bool, bool]]:
    return ((number, line, True, True) for number, line in enumerate(data.split(b"\n"), 1))


@given(st.lists(st.text(st.sampled_from('ab",\n')), max_size=30).map("\n".join))
@settings(max_examples=examples(300))
def test_every_line_of_any_csv_is_in_one_record_or_refusal(text: str) -> None:
    lines = text.split("\n")
    found = list(Records(lines_of(text.encode()), Dialect(","), 3))
    numbers = [number for number, _, _ in found]
    assert numbers == sorted(set(numbers))
    for number, _, raw in found:
        assert raw.decode().split("\n") == lines[number - 1 : number + raw.count(b"\n")]
    for (number, cells, _), following in zip(found, [*numbers, len(lines) + 1][1:], strict=True):
        below = [line for line in lines[number : following - 1] if line.strip()]
        assert not below or (isinstance(cells, list) and '"' in lines[number - 1])
    assert all(not line.strip() for line in lines[: numbers[0] - 1 if numbers else len(lines)])


@given(st.binary(max_size=300), st.sampled_from(["x.csv", "x.jsonl", "x.tsv"]))
@settings(max_examples=examples(300))
def test_any_bytes_end_in_rows_or_in_words(data: bytes, name: str) -> None:
    heading = b"event_id,user_id,event_time,amount\n" if name == "x.csv" else b""
    rows: list[Row | RefusedRow] = []
    with tempfile.TemporaryDirectory() as folder, suppress(UsageError):
        path = file(Path(folder), heading + data, name)
        rows = rows_of(path)
    assert all(isinstance(row, RefusedRow) for row in rows)


LAYOUTS = [("", "\n"), ("", ""), ("", " "), ("", "\r\n"), ("[", ","), ("[", ",\n"), ("[\n", ",\n")]
OBJECTS = ['{"a":1}', '{"b":"}{"}', '{"c":[{"d":"\\"]"}]}', '{"é":{}}']


@given(st.lists(st.sampled_from(OBJECTS), max_size=9), st.sampled_from(LAYOUTS))
def test_every_object_is_found_however_objects_follow_each_other(
    texts: list[str], how: tuple[str, str]
) -> None:
    begin, between = how
    text = begin + between.join(texts) + ("]" if begin else "")
    alone = [one for single in texts for _, one, _ in objects(io.BytesIO(single.encode()))]
    assert [one for _, one, _ in objects(io.BytesIO(text.encode()))] == alone
    assert len(alone) == len(texts)
    assert not any(isinstance(one, Refusal) for one in alone)


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
def test_an_array_is_read_however_it_is_laid_out(indent: int | str | None) -> None:
    made = [{"a": number, "b": {"c": ["x{", "}"]}} for number in range(50)]
    found = list(objects(io.BytesIO(json.dumps(made, indent=indent).encode())))
    assert [dict(one)["a"] for _, one, _ in found if not isinstance(one, Refusal)] == [
        str(n) for n in range(50)
    ]
