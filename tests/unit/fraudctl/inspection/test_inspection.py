"""`inspect` on files as their owners publish them: what it prints is run, and reads every row."""

from __future__ import annotations

import gzip
import json
import shlex
import time
from pathlib import Path
from typing import Any

import pytest

from fraudctl.cli import main
from fraudctl.files.mapping import MappingError, Said, load, text
from tests.unit.fraudctl.inspection.asked import ISO, open_notes, put, run
from tests.unit.fraudctl.inspection.published import SHAPES


def notes(document: dict[str, Any], how: str) -> list[str]:
    return [one["text"] for one in document["data"]["notes"] if one["how"] == how]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_command_that_is_printed_reads_every_row(
    shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, mapping = SHAPES[shape]
    path = put(tmp_path, content, name)
    code, told = run(capsys, "inspect", str(path))
    assert (code, told["data"]["mapping"]) == (0, mapping)
    rows = content.strip().count("\n") + name.endswith(".jsonl")
    assert (told["data"]["read"]["rows"], told["data"]["read"]["accepted"]) == (rows, rows)
    _, *command = shlex.split(told["data"]["commands"]["backtest"])
    code, tested = run(capsys, *command)
    assert (code, tested["data"]["events"], tested["data"]["refused_rows"]) == (0, rows, 0)
    assert tested["data"]["labels"]["fraud"] == told["data"]["read"]["fraud"]
    _, *command = shlex.split(told["data"]["commands"]["ingest"])
    assert (command[-1], run(capsys, *command)[1]["error"]["code"]) == ("--history", "not_running")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mapping_file_says_the_same_as_the_options(
    shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, mapping = SHAPES[shape]
    path, written = put(tmp_path, content, name), tmp_path / "my.map.yaml"
    _, told = run(capsys, "inspect", str(path), "--write", str(written))
    assert load(written).document() == mapping
    command = f"fraudctl backtest {path} --mapping {written}"
    assert told["data"]["commands"]["backtest"] == command
    code, tested = run(capsys, *shlex.split(command)[1:])
    assert (code, tested["data"]["refused_rows"]) == (0, 0)
    assert run(capsys, "inspect", str(path), "--write", str(written))[1]["error"]["code"] == "file_exists"


def test_the_command_line_counts_before_the_mapping_file(tmp_path: Path) -> None:
    below = Said(map={"amount": "a", "user_id": "u"}, zone="UTC", minor_units=True)
    said = Said(map={"amount": "b"}, decimal=",").over(below)
    assert said.document() == {
        "map": {"amount": "b", "user_id": "u"},
        "zone": "UTC",
        "decimal": ",",
        "minor_units": True,
    }
    path = put(tmp_path, text(said), "m.yaml")
    assert load(path) == said


def test_a_mapping_file_with_problems_is_refused_with_all_of_them(tmp_path: Path) -> None:
    path = put(tmp_path, "mapp: {a: b}\ndecimal: x\nkind: {mcc: words}\n", "m.yaml")
    with pytest.raises(MappingError) as caught:
        load(path)
    assert list(caught.value.problems) == [
        "kind.mcc: must be one of text, number, bool, is 'words'",
        "decimal: must be one of ,, ., is 'x'",
        "mapp: unknown; did you mean map",
    ]


PLAIN = "event_id,user_id,event_time,amount"


@pytest.mark.parametrize(
    ("content", "open_notes", "otherwise"),
    [
        (
            f"{PLAIN}\na,u,03/04/2024 10:00,1.5\nb,u,04/03/2024 10:00,1.5\n",
            ["event_time can be read as %d/%m/%Y %H:%M or %m/%d/%Y %H:%M"],
            ["--time-format '%d/%m/%Y %H:%M'", "--time-format '%m/%d/%Y %H:%M'"],
        ),
        (
            f'{PLAIN}\na,u,2024-01-01T00:00Z,"1,234"\n',
            ["amount shows a comma that may part decimals or thousands: '1,234'"],
            ["--decimal ,", "--decimal ."],
        ),
        (
            "event_id,user_id,amount\na,u,1.5\n",
            ["no column looks like a time among event_id, user_id, amount"],
            ["--map event_time=COLUMN", "--time-format FORMAT"],
        ),
        (
            "event_id,user_id,event_time\na,u,2024-01-01T00:00Z\n",
            ["no column looks like an amount among event_id, user_id, event_time"],
            ["--map amount=COLUMN"],
        ),
    ],
)
def test_what_nothing_tells_is_asked_for_and_then_taken(
    content: str,
    open_notes: list[str],
    otherwise: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = put(tmp_path, content)
    code, told = run(capsys, "inspect", str(path))
    assert (code, notes(told, "open"), told["data"]["commands"]) == (1, open_notes, {})
    asked = next(one for one in told["data"]["notes"] if one["how"] == "open")
    assert asked["otherwise"] == otherwise
    if "COLUMN" not in otherwise[0]:
        code, told = run(capsys, "inspect", str(path), *shlex.split(otherwise[0]))
        assert (code, notes(told, "open")) == (0, [])


def test_other_days_of_the_column_tell_the_day_from_the_month(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{n},u,{day:02d}/06/2024 10:00,1.5" for n, day in enumerate((1, 2, 12, 13))]
    _, told = run(capsys, "inspect", str(put(tmp_path, "\n".join([PLAIN, *rows]))))
    assert told["data"]["mapping"]["time_format"] == ["%d/%m/%Y %H:%M"]
    rows = [f"{n},u,{day:02d}/06/2024 10:00,1.5" for n, day in enumerate((1, 2, 12, 3))]
    _, told = run(capsys, "inspect", str(put(tmp_path, "\n".join([PLAIN, *rows]))))
    assert notes(told, "open") == ["event_time can be read as %d/%m/%Y %H:%M or %m/%d/%Y %H:%M"]


def test_encoding_delimiter_preamble_and_a_name_without_a_meaning_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["Kontoauszug;;;;", "Stand: 1,5;;;;", f"{PLAIN},merchant_id".replace(",", ";")]
    lines += [f"e{n};u;2024-05-01T10:00Z;1,5;Café Nr. {n}" for n in range(5)]
    path = put(tmp_path, "\r\n".join(lines).encode("cp1252"), "konto.dat")
    code, told = run(capsys, "inspect", str(path))
    assert (code, told["data"]["mapping"]) == (
        0,
        {"decimal": ",", "format": "csv", "encoding": "cp1252", "skip_lines": 2},
    )
    assert told["data"]["read"]["accepted"] == 5
    assert run(capsys, *shlex.split(told["data"]["commands"]["backtest"])[1:])[0] == 0


def test_a_file_whose_first_line_is_a_row_has_no_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = run(capsys, "inspect", str(put(tmp_path, "1,2024-01-01T00:00Z,5\n2,2024-01-01T00:00Z,6\n")))
    assert code == 1
    assert notes(told, "open")[0] == "the first line looks like a row: put a line of names above it"


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("x.csv", f"{PLAIN}\n", "x.csv holds no row"),
        ("x.jsonl", f"{PLAIN}\ne,u,{ISO.format(0)},1\n", "x.jsonl holds no object of JSON"),
        ("x.json", "[]", "x.json holds no object of JSON"),
    ],
)
def test_a_file_without_a_row_is_told(
    name: str, content: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_notes(capsys, put(tmp_path, content, name)) == [text]


def test_order_repeats_currencies_the_future_and_words_for_nothing_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        "e1,u,2024-05-01T10:00:02Z,1.5,EUR,d1,0",
        "e2,u,2024-05-01T10:00:01Z,1.5,usd,NULL,1",
        "e2,u,2024-05-01T10:00:03Z,1.5,EUR,NULL,",
        "e3,u,2094-05-01T10:00:03Z,1.5,JPY,d1,",
        "e4,u,noon,1.5,JPY,d1,",
    ]
    path = put(tmp_path, "\n".join([f"{PLAIN},currency,device_id,label", *rows, *rows[:1] * 40]))
    code, told = run(capsys, "inspect", str(path))
    read = told["data"]["read"]
    assert code == 0
    assert {name: read[name] for name in ("rows", "accepted", "out_of_order", "repeated_ids")} == {
        "rows": 45,
        "accepted": 44,
        "out_of_order": 41,
        "repeated_ids": 41,
    }
    assert (read["in_the_future"], read["currencies"], read["other_currency"]) == (
        1,
        {"EUR": 42, "USD": 1, "JPY": 1},
        2,
    )
    assert told["data"]["mapping"] == {"absent": ["NULL"]}
    assert (read["labelled"], read["fraud"], read["refused_by_reason"]) == (42, 1, {"bad_event_time": 1})
    device = next(one for one in told["data"]["columns"] if one["name"] == "device_id")
    assert device == {
        "name": "device_id",
        "kind": "text",
        "empty_share": 0.0,
        "low": None,
        "high": None,
        "examples": ["d1"],
        "fields": ["device_id"],
    }


def test_recent_rows_are_sent_live_and_a_person_sees_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = int(time.time())
    path = put(tmp_path, f"{PLAIN}\ne1,u,{now},1.5\n", "now.csv")
    assert main(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert f"fraudctl ingest {path}\n" in shown
    assert "event_time counts in s since 1970" in shown
    assert "1 of 1 rows can be read" in shown


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_a_large_file_is_told_by_a_sample_of_it(
    packed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = "e{0},u{0},2024-05-01 10:00:00,1.5,{1}"
    rows = "\n".join(row.format(n, "x" * 300) for n in range(30_000))
    content = f"{PLAIN},note\n{rows}\n".encode()
    path = put(
        tmp_path, gzip.compress(content, 1) if packed else content, "big.csv.gz" if packed else "big.csv"
    )
    code, told = run(capsys, "inspect", str(path))
    read = told["data"]["read"]
    assert (code, told["data"]["sampled"], read["refused_rows"]) == (0, True, 0)
    assert 10_000 < read["rows"] < 29_000
    assert told["data"]["mapping"] == {"zone": "UTC"}
    code, told = run(capsys, "inspect", str(path), "--whole")
    assert (code, told["data"]["sampled"], told["data"]["read"]["accepted"]) == (0, False, 30_000)


def test_formats_are_not_proposed_where_the_reader_reads_more_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [
        "2024-05-01T10:00:00+02:00[Europe/Paris]",
        "2024-05-01T10:00:00,5Z",
        "20240501T100000Z",
        "1.5.2024 10:00",
    ]
    rows = [f'e{n},u,"{at}",1.5' for n, at in enumerate(times)]
    _, told = run(capsys, "inspect", str(put(tmp_path, "\n".join([PLAIN, *rows]))))
    assert told["data"]["mapping"] == {}
    assert (told["data"]["read"]["accepted"], told["data"]["read"]["refused_rows"]) == (3, 1)


def test_the_command_that_is_printed_reads_rows_of_the_future_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "planned.csv"
    rows = [f"e{n},ada,{year}-03-01T00:00:00Z,{n}.50\n" for n, year in enumerate((2024, 2025, 2098))]
    path.write_text("event_id,user_id,event_time,amount\n" + "".join(rows), encoding="utf-8")
    assert main(["inspect", str(path), "--json"]) == 0
    commands = json.loads(capsys.readouterr().out)["data"]["commands"]
    assert commands["ingest"].endswith(" --future")
    assert main([*shlex.split(commands["backtest"])[1:], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["data"]
    assert (found["rows"], found["refused"], found["events"]) == (3, [], 3)
