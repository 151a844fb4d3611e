"""Refused rows as files of their own: mended there, the same command reads them."""

from __future__ import annotations

import gzip
import json
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraudctl.cli import main
from fraudctl.errors import UsageError
from fraudctl.files import to_mend
from fraudctl.files.lines import LONGEST_BYTES
from fraudctl.files.making import RefusedRow, Row
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import Refusals
from fraudctl.files.rows import Reading
from fraudctl.files.sources import Paths
from fraudctl.files.to_mend import ToMend
from tests.examples import examples

AS_IT_IS = ReadOptions()


def split(paths: Paths, folder: Path, options: ReadOptions = AS_IT_IS, until: int | None = None) -> Refusals:
    """What is refused, put aside."""
    reading = Reading(paths, options, 65_536, until_ms=until)
    refused = Refusals(to_mend=ToMend(folder, reading.surveys))
    for row in reading:
        if isinstance(row, RefusedRow):
            refused.add(row)
    refused.close()
    return refused


def read(paths: Paths, options: ReadOptions = AS_IT_IS) -> list[tuple[str, int]]:
    """The ids and amounts of rows of which none is refused."""
    rows = list(Reading(paths, options, 65_536))
    assert all(isinstance(row, Row) for row in rows), rows
    return [(row.transaction.event_id, row.transaction.amount_units) for row in rows if isinstance(row, Row)]


def mended(file: Path, before: bytes, after: bytes) -> None:
    """Somebody edits the file."""
    content = file.read_bytes()
    assert before in content, content
    file.write_bytes(content.replace(before, after))


def test_rows_of_csv_stand_below_what_the_file_begins_with_and_are_read_again_by_the_same_options(
    tmp_path: Path,
) -> None:
    file, out = tmp_path / "p.csv.gz", tmp_path / "out"
    text = (
        "Bericht;;;\r\n"
        "Nummer;Kunde;Zeit;Betrag;Text\r\n"
        "e1;u;2026-01-31T10:00:00Z;1,50;gut\r\n"
        'e2;u;morgen;2,50;"=SUM(A1) ""ä"",\r\nzweite Zeile"\r\n'
        "e3;u;2026-01-31T10:00:00Z;3,50\r\n"
        '  e4 ;="u";2026-01-31T10:00:00Z;x;é\r\n'
    )
    file.write_bytes(gzip.compress(text.encode("cp1252")))
    options = ReadOptions(
        fields={"event_id": "Nummer", "user_id": "Kunde", "event_time": "Zeit", "amount": "Betrag"},
        encoding="cp1252",
        decimal=",",
        skip_lines=1,
    )
    refused = split(file, out, options)
    assert refused.reasons() == {"bad_event_time": 1, "invalid_csv": 1, "bad_amount": 1}
    assert refused.notes() == [f"3 refused rows to be mended in {out}"]
    lines = text.splitlines(keepends=True)
    (put,) = out.iterdir()
    assert put.name == "p.csv"
    assert put.read_bytes().decode("utf-8-sig") == "".join([*lines[:2], *lines[3:]])
    assert (put.stat().st_mode & 0o077, out.stat().st_mode & 0o077) == (0, 0)
    mended(put, b"morgen", b"2026-02-01T10:00:00Z")
    mended(put, b"3,50\r\n", b"3,50;\r\n")
    mended(put, b";x;", b";4,50;")
    assert read(put, options) == [("e2", 25_000), ("e3", 35_000), ("e4", 45_000)]


def test_what_is_not_mended_is_refused_again(tmp_path: Path) -> None:
    file, out = tmp_path / "p.csv", tmp_path / "out"
    rows = [b"e1,u,x,1", b"e2,u,2026-01-31T10:00:00Z,1\xff", b'e3,u,"2026-01-31T10:00:00Z,1', b"e4,\0,x,1"]
    file.write_bytes(b"\n".join([b"event_id,user_id,event_time,amount", *rows]))
    first = split(file, out)
    assert first.count == 4
    second = split(out / "p.csv", tmp_path / "again")
    assert second.reasons() == first.reasons()
    assert (tmp_path / "again" / "p.csv").read_bytes() == (out / "p.csv").read_bytes()


CELLS = st.sampled_from(
    ["e1", "u", "2026-01-31T10:00:00Z", "gestern", "1.5", "x", "", " ", '"', '""', '"a', 'b"', '"a,b"',
     '="7"', "\\", "\u00e9", "=1+1", "\x00"]
)  # fmt: skip
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=6).map(",".join), max_size=12)


@settings(max_examples=examples(200), deadline=None)
@given(lines=TABLES, end=st.sampled_from(["\n", "\r\n"]), broken=st.booleans())
def test_whatever_is_put_aside_is_refused_again_for_the_same_reasons(
    lines: list[str], end: str, broken: bool
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        text = end.join(["event_id,user_id,event_time,amount", *lines]).encode()
        (folder / "p.csv").write_bytes(text + (b"\n\xff,\xff" if broken else b""))
        options = ReadOptions(decimal=".", delimiter=",", time_unit="s")
        first = split(folder / "p.csv", folder / "1", options)
        if not first.count:
            assert not (folder / "1").exists()
            return
        second = split(folder / "1", folder / "2", options)
        assert second.reasons() == first.reasons()
        assert (folder / "2" / "p.csv").read_bytes() == (folder / "1" / "p.csv").read_bytes()


def test_objects_stand_one_a_line_within_the_list_that_they_were_in(tmp_path: Path) -> None:
    file, out = tmp_path / "p.json", tmp_path / "out"
    payments: list[dict[str, Any]] = [
        {"event_id": f"e{n}", "user_id": "u", "event_time": time, "amount": 1.5}
        for n, time in enumerate(("2026-01-31T10:00:00Z", "gestern", "2026-01-31T11:00:00Z", "ä"))
    ]
    file.write_text(json.dumps({"data": {"items": payments}}, indent=2, ensure_ascii=False), encoding="utf-8")
    options = ReadOptions(records="data.items")
    assert split(file, out, options).reasons() == {"bad_event_time": 2}
    put = out / "p.json"
    mended(put, b"gestern", b"2026-01-30T10:00:00Z")
    mended(put, "ä".encode(), b"2026-01-30T10:00:00Z")
    assert read(put, options) == [("e1", 15_000), ("e3", 15_000)]


def test_rows_of_parquet_are_objects_that_read_as_the_rows_did(tmp_path: Path) -> None:
    file, out = tmp_path / "p.parquet", tmp_path / "out"
    at = datetime(2026, 1, 31, 10, tzinfo=UTC)
    table = {
        "event_id": [1, 2],
        "user_id": ["ü", None],
        "event_time": [at, at],
        "amount": [Decimal("1.50"), Decimal("2.50")],
        "deep": [None, {"a": [1, 2], "b": 1.5, "c": at.replace(tzinfo=None), "none": None}],
        "lat": [1.0, float("inf")],
    }
    pyarrow.parquet.write_table(pyarrow.table(table), file)
    assert split(file, out).reasons() == {"wrong_type": 1}
    put = out / "p.jsonl"
    (one,) = map(json.loads, put.read_text(encoding="utf-8").splitlines())
    assert one == {
        "event_id": "2",
        "event_time": "2026-01-31T10:00:00+00:00",
        "amount": 2.5,
        "deep": {"a": [1, 2], "b": 1.5, "c": "2026-01-31T10:00:00", "none": None},
        "lat": "inf",
    }
    mended(put, b'"lat": "inf"', b'"user_id": "u"')
    assert read(put) == [("2", 25_000)]


def test_files_of_one_name_and_folders_that_are_columns_stay_apart(tmp_path: Path) -> None:
    heading = "event_id,user_id,amount"
    places = [tmp_path / "in" / f"event_time=2026-01-0{n}T10%3A00%3A00Z" / "p.csv" for n in (1, 2)]
    places += [tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"]
    for number, place in enumerate(places):
        place.parent.mkdir(parents=True)
        more = ("", "") if number < 2 else (",event_time", ",2026-01-01T10:00:00Z")
        place.write_text(f"{heading}{more[0]}\ne{number},u,?{more[1]}\n", encoding="utf-8")
    out = tmp_path / "out"
    assert split(places, out).count == 4
    found = sorted(out.rglob("*.csv"))
    assert [str(one.relative_to(out)) for one in found] == [
        "2-x.csv",
        "event_time=2026-01-01T10%3A00%3A00Z/p.csv",
        "event_time=2026-01-02T10%3A00%3A00Z/p.csv",
        "x.csv",
    ]
    for one in found:
        mended(one, b"?", b"7")
    assert sorted(read(out)) == [(f"e{n}", 70_000) for n in range(4)]


def test_a_row_that_no_reader_takes_for_its_length_is_counted_and_left_out(tmp_path: Path) -> None:
    for name, filler in (("p.csv", "e1,u,2026-01-31T10:00:00Z,"), ("p.jsonl", '{"event_id": "')):
        file, out, target = tmp_path / name, tmp_path / f"out-{name}", tmp_path / f"{name}.refused"
        good = {"event_id": "e", "user_id": "u", "event_time": "?", "amount": 1}
        head = ",".join(good) if name == "p.csv" else json.dumps(good)
        end = "" if name == "p.csv" else '"}'
        file.write_text(f"{head}\n{filler}{'1' * (3 * LONGEST_BYTES)}{end}\n", encoding="utf-8")
        reading = Reading(file, AS_IT_IS, 65_536)
        refused = Refusals(target, to_mend=ToMend(out, reading.surveys))
        for row in reading:
            assert isinstance(row, RefusedRow)
            refused.add(row)
        refused.close()
        assert refused.notes()[-1] == f"1 rows longer than {LONGEST_BYTES} bytes are not among them"
        last = json.loads(target.read_text(encoding="utf-8").splitlines()[-1])
        assert (last["row"][:13], len(last["row"]), last["cut"]) == (
            filler[:13],
            4_096,
            "its first 4096 bytes",
        )
        assert all(one.raw is None for one in refused.kept)


def test_a_folder_that_holds_anything_is_named_before_anything_is_read(tmp_path: Path) -> None:
    to_mend.check(tmp_path / "new")
    (tmp_path / "x").write_text("x", encoding="utf-8")
    for place in (tmp_path, tmp_path / "x"):
        with pytest.raises(UsageError, match="is there already"):
            to_mend.check(place)


def test_a_backtest_puts_aside_what_it_refuses_and_a_second_one_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out, target = tmp_path / "p.csv", tmp_path / "out", tmp_path / "refused.jsonl"
    rows = ["e1,u,2026-03-01T10:00:00Z,1", "e2,u,2098-03-01T10:00:00Z,2", "e3,u,2026-03-01T10:00:00Z,x"]
    file.write_text("\n".join(["event_id,user_id,event_time,amount", *rows]), encoding="utf-8")
    command = ["backtest", "--json", "--to-mend", str(out)]
    assert main([*command, str(file), "--refused", str(target)]) == 0
    assert f"2 refused rows to be mended in {out}" in json.loads(capsys.readouterr().out)["summary"]
    shown = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [(one["line"], one["row"]) for one in shown] == [(3, rows[1]), (4, rows[2])]
    assert target.stat().st_mode & 0o077 == 0
    mended(out / "p.csv", b"x", b"3")
    mended(out / "p.csv", b"2098", b"2026")
    assert main(["backtest", "--json", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["events"] == 2
    assert main([*command, str(file)]) == 2
