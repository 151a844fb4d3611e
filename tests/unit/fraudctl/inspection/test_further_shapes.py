"""`inspect` on further shapes: what it prints reads every good row, and nothing is guessed in silence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.fraudctl.files.as_read import PLAIN, file
from tests.unit.fraudctl.inspection.asked import ISO, inspected, open_notes, run, with_amounts, with_times


@pytest.mark.parametrize(
    ("times", "mapping", "begin", "good"),
    [
        (["1714557600", "1714557601", "0"], {}, "2024-05-01T10:00:00.000Z", 2),
        (["1714557600000000", "1714557601000000"], {}, "2024-05-01T10:00:00.000Z", 2),
        (["1714557600000000000", "1714557601000000000"], {}, "2024-05-01T10:00:00.000Z", 2),
        (
            ["Wed May 01 10:00:00 UTC 2024", "Thu May 02 10:00:00 UTC 2024"],
            {"time_format": ["%a %b %d %H:%M:%S %Z %Y"]},
            None,
            2,
        ),
        (
            ["Wed, 01 May 2024 10:00:00 GMT", "Thu, 02 May 2024 10:00:00 GMT"],
            {"time_format": ["%a, %d %b %Y %H:%M:%S GMT"]},
            None,
            2,
        ),
        (
            ["01-MAY-24 10.00.00.000000 AM", "02-MAY-24 01.30.00.000000 PM"],
            {"zone": "UTC", "time_format": ["%d-%b-%y %I.%M.%S.%f %p"]},
            None,
            2,
        ),
        (["20240501100000", "20240513100001"], {"zone": "UTC", "time_format": ["%Y%m%d%H%M%S"]}, None, 2),
        (["202405011000", "202405131000"], {"zone": "UTC", "time_format": ["%Y%m%d%H%M"]}, None, 2),
        (["20240501100000000"] * 2, {"zone": "UTC", "time_format": ["%Y%m%d%H%M%S%f"]}, None, 2),
        (
            ["45413.4166666667", "45414.5"],
            {"time_unit": "d", "time_start": "1899-12-30T00:00:00Z"},
            "2024-05-01T10:00:00.000Z",
            2,
        ),
        (
            ["05/01/2024, 10:00:00\u202fAM", "05/13/2024, 01:05:00\u202fPM"],
            {"zone": "UTC", "time_format": ["%m/%d/%Y, %I:%M:%S %p"]},
            None,
            2,
        ),
        (
            [
                "01/05/2024 10:00",
                "13/05/2024 10:00",
                "31/02/2024 10:00",
                "14/05/2024 10:00",
                "15/05/2024 10:00",
            ],
            {"zone": "UTC", "time_format": ["%d/%m/%Y %H:%M"]},
            None,
            4,
        ),
        (
            ["05/01/2024 10:00:00 UTC", "05/13/2024 10:00:00 UTC"],
            {"time_format": ["%m/%d/%Y %H:%M:%S UTC"]},
            "2024-05-01T10:00:00.000Z",
            2,
        ),
    ],
)
def test_times_are_read_as_they_are_meant(
    times: list[str],
    mapping: dict[str, Any],
    begin: str | None,
    good: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, read, _ = inspected(capsys, with_times(tmp_path, *times))
    assert (found, read["accepted"], read["rows"]) == (mapping, good, len(times))
    assert read["from"] == (begin or "2024-05-01T10:00:00.000Z")


def test_moments_in_two_units_are_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = with_times(tmp_path, "1714557600", "1714557601", "1714557602000")
    asked = "event_time counts in s and in ms since 1970: rows of the other are refused"
    assert open_notes(capsys, path) == [asked]
    _, read, _ = inspected(capsys, path, "--time-unit", "s")
    assert (read["accepted"], read["refused_by_reason"]) == (2, {"event_time_out_of_range": 1})


@pytest.mark.parametrize(
    ("amounts", "mapping"),
    [
        (["1'234.50", "7.00", "3.50"], {"decimal": "."}),
        (["1\u202f234", "7", "3"], {"decimal": "."}),
        (["1.234.567", "25.000", "3"], {"decimal": ","}),
        (["10.50 EUR", "-3.00 EUR", "(4.25 EUR)"], {"currency": "EUR"}),
        (["12.50-", "(3.25)", "7.50"], {}),
        (["0.5", "1.75", "3"], {"round": 0}),
    ],
)
def test_amounts_are_read_as_they_are_meant(
    amounts: list[str], mapping: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--round", "0"] if "round" in mapping else []
    found, read, _ = inspected(capsys, with_amounts(tmp_path, *amounts), *words)
    assert (found, read["accepted"]) == (mapping, 3)
    assert read["notes"] == (["2 amounts rounded"] if words else [])


def test_words_for_nothing_among_numbers_and_labels_are_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["0.5,1,2024-06-01", "NULL,NULL,NULL", "0.7,0,NULL"]
    lines = [f"e{n},u,{ISO.format(n)},1.5,{row}" for n, row in enumerate(rows)]
    path = file(tmp_path, "\n".join([f"{PLAIN},risk,is_fraud,chargeback_date", *lines]))
    mapping, read, tested = inspected(capsys, path)
    assert mapping == {"map": {"label_time": "chargeback_date"}, "label": "is_fraud", "absent": ["NULL"]}
    assert (read["accepted"], read["labelled"], read["fraud"]) == (3, 2, 1)
    assert (tested["labels"]["fraud"], tested["labels"]["legit"]) == (1, 1)


@pytest.mark.parametrize(
    ("event_time", "known", "mapping"),
    [
        ("2024-05-01T10:00:0{}Z", "01.06.2024", {"label": "is_fraud"}),
        (
            "01.05.2024 10:00:0{}",
            "13.06.2024",
            {
                "map": {"label_time": "dispute_date"},
                "label": "is_fraud",
                "zone": "UTC",
                "time_format": ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y"],
            },
        ),
        (
            "2024-05-01T10:00:0{}Z",
            "2024-06-01 10:00:00",
            {"map": {"label_time": "dispute_date"}, "label": "is_fraud", "zone": "UTC"},
        ),
    ],
)
def test_how_the_time_of_a_label_is_written_loses_no_payment(
    event_time: str, known: str, mapping: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"e{n},u,{event_time.format(n)},1.5,{n % 2},{known if n % 2 else ''}" for n in range(4)]
    if "." in event_time:
        lines.append(f"e9,u,{event_time.format(9).replace('01.05', '13.05')},1.5,0,")
    path = file(tmp_path, "\n".join([f"{PLAIN},is_fraud,dispute_date", *lines]))
    found, read, tested = inspected(capsys, path)
    assert (found, read["refused_rows"], tested["labels"]["fraud"]) == (mapping, 0, 2)


def test_a_number_among_ids_that_a_spreadsheet_has_cut_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, f"event_id,cc_num,event_time,amount\ne0,4.00000E+15,{ISO.format(0)},1.5\n")
    _, told = run(capsys, "inspect", str(path))
    texts = [one["text"] for one in told["data"]["notes"]]
    assert (
        "cc_num holds '4.00000E+15': what wrote it may have cut digits off, and made one of several" in texts
    )


def test_a_file_whose_name_begins_with_a_dash_is_read_by_the_command_that_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file(tmp_path, f"{PLAIN}\ne,u,{ISO.format(0)},1.5\n", "-x.csv")
    assert inspected(capsys, f"{os.curdir}{os.sep}-x.csv")[1]["accepted"] == 1


def test_structs_of_parquet_are_looked_into(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = [{"user_id": f"u{n}", "amount": "1.50", "at": ISO.format(n)} for n in range(2)]
    pq.write_table(pa.table({"id": ["e0", "e1"], "data": inner, "tags": [["a"], []]}), tmp_path / "x.parquet")
    mapping, read, _ = inspected(capsys, tmp_path / "x.parquet")
    assert mapping == {
        "map": {
            "event_id": "id",
            "event_time": "data.at",
            "amount": "data.amount",
            "user_id": "data.user_id",
        },
        "kind": {"amount": "number"},
    }
    assert read["accepted"] == 2


def test_a_day_with_a_clock_of_zeros_has_its_clock_in_another_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,2024-05-0{n + 1} 00:00:00,10:00:0{n},1.5" for n in range(2)]
    path = file(tmp_path, "\n".join(["event_id,user_id,Date,Time,amount", *rows]))
    mapping, read, _ = inspected(capsys, path)
    assert mapping == {
        "map": {"event_time": "Date+Time"},
        "zone": "UTC",
        "time_format": ["%Y-%m-%d 00:00:00 %H:%M:%S"],
    }
    assert (read["accepted"], read["to"]) == (2, "2024-05-02T10:00:01.000Z")


def test_days_alone_are_told_to_be_of_one_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = run(capsys, "inspect", str(with_times(tmp_path, "2024-05-01", "2024-05-02")))
    texts = [one["text"] for one in told["data"]["notes"] if one["how"] == "assumed"]
    assert "event_time holds days without a clock: all rows of a day are of one moment" in texts


def test_times_under_a_name_that_says_nothing_are_found_where_no_other_column_has_any(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u{n},{ISO.format(n)},1.5,x{n}" for n in range(2)]
    path = file(tmp_path, "\n".join(["event_id,user_id,stamped,amount,note", *rows]))
    assert inspected(capsys, path)[0] == {"map": {"event_time": "stamped"}}
    rows = [f"{row},2024-05-01 10:00:00" for row in rows]
    path = file(tmp_path, "\n".join(["event_id,user_id,stamped,amount,note,loaded", *rows]))
    assert open_notes(capsys, path)[0].startswith("no column looks like a time among")


def test_an_export_of_mongodb_has_its_values_in_objects_of_their_types(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"_id": {"$oid": "a1"}, "user_id": "u", "amount": {"$numberDecimal": "1.50"}}
    one["event_time"] = {"$date": ISO.format(0)}
    mapping, read, _ = inspected(capsys, file(tmp_path, json.dumps(one), "x.jsonl"))
    assert read["accepted"] == 1
    assert mapping["map"]["event_id"] == "_id.$oid"


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("'event_id','user_id','event_time','amount'\n'e','u','{0}','1.5'\n", {"quote": "'"}),
        ("event_id,user_id,event_time,amount\ne,u,{0},1.5,\nf,u,{0},1.5,\n", {}),
        ("event_id,user_id,event_time,amount,,\ne,u,{0},1.5,x,\n", {}),
        ('"event\n_id",user_id,event_time,amount\ne,u,{0},1.5\n', {"map": {"event_id": "event _id"}}),
    ],
)
def test_headings_of_other_programs_are_found(
    text: str, mapping: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, read, _ = inspected(capsys, file(tmp_path, text.format(ISO.format(0))))
    assert (found, read["refused_rows"]) == (mapping, 0)


def test_a_heading_that_is_a_name_short_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, f"{PLAIN}\n1,e,u,{ISO.format(0)},1.5\n2,f,u,{ISO.format(1)},1.5\n")
    asked = "rows have a cell more than the heading on line 1: put a name where one lacks"
    assert open_notes(capsys, path)[0] == asked


def test_payments_in_a_list_within_an_object_are_told_how_to_be_taken_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, json.dumps({"data": [{"id": "e1"}], "tags": ["a"]}), "x.json")
    _, told = run(capsys, "inspect", str(path))
    asked = next(
        one for one in told["data"]["notes"] if one["text"].startswith("no column looks like a time")
    )
    assert asked["otherwise"] == ["--map event_time=COLUMN", "--time-format FORMAT", "--records data"]


def test_pairs_of_words_that_may_be_truth_values_are_told_to_be_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, f"{PLAIN},online\na,u,{ISO.format(0)},1.5,t\nb,u,{ISO.format(1)},1.5,f\n")
    _, told = run(capsys, "inspect", str(path))
    note = {"how": "assumed", "text": "online holds f and t: texts, no truth values"}
    assert note | {"otherwise": ["--kind online=bool"]} in told["data"]["notes"]


def test_one_amount_that_is_written_otherwise_is_refused_and_changes_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f'e{n},u,2024-05-01T10:00:{n:02d}Z,"{n}.50"' for n in range(30)]
    path = file(tmp_path, "\n".join([PLAIN, *rows, 'e99,u,2024-05-01T10:01:00Z,"1,5"']))
    mapping, read, _ = inspected(capsys, path)
    assert (mapping, read["refused_by_reason"], read["accepted"]) == ({"decimal": "."}, {"bad_amount": 1}, 30)


def test_a_column_that_is_named_as_a_label_and_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,{ISO.format(n)},1.5,{n - 1}" for n in range(3)]
    _, told = run(capsys, "inspect", str(file(tmp_path, "\n".join([f"{PLAIN},is_fraud", *rows]))))
    texts = [one["text"] for one in told["data"]["notes"]]
    assert "is_fraud is no label, for it holds other than 1 and 0: -1, 0, 1" in texts


@pytest.mark.parametrize(
    ("times", "amounts", "reasons"),
    [
        (["2024-05-01T24:00:00Z", "2024-05-01T10:00:00Z"], ["1.5", "2.5"], {"bad_event_time": 1}),
        (["2024-05-01T10:00:00Z", "2024-05-01T10:00:01Z"], ["inf", "2.5"], {"bad_amount": 1}),
        (["2024-05-01T10:00:00Z", "2024-05-01T10:00:01Z"], ["10.5 USD", "2.5 USD"], {}),
    ],
)
def test_columns_that_are_named_as_the_fields_are_these_however_many_rows_are_bad(
    times: list[str],
    amounts: list[str],
    reasons: dict[str, int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [f"e{n},u,{at},{amount}" for n, (at, amount) in enumerate(zip(times, amounts, strict=True))]
    _, read, _ = inspected(capsys, file(tmp_path, "\n".join([PLAIN, *rows])))
    assert read["refused_by_reason"] == reasons
