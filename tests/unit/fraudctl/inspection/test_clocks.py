"""Times with names in them: months, days, zones, and zones in a column of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fraudctl.files.rows import Row
from tests.unit.fraudctl.inspection.asked import inspected, notes, open_notes, put, read, with_times

ZONED = "2024-05-01T08:00:00.000Z"


@pytest.mark.parametrize(
    ("times", "mapping", "begin"),
    [
        (["2024-05-01 10:00:00 CEST", "2024-05-01 12:00:00 CEST"], {}, ZONED),
        (["2024-05-01 04:00:00 EDT", "2024-05-01 05:00:00 EDT"], {}, ZONED),
        (["2024-05-01 10:00:00 +0200 CEST", "2024-05-01 11:00:00 +0200 CEST"], {}, ZONED),
        (["2024-05-01 10:00:00 Europe/Berlin", "2024-05-01 11:00:00 Europe/Berlin"], {}, ZONED),
        (["2024-05-01 10:00:00 GMT+2", "2024-05-01 11:00:00 GMT+2"], {}, ZONED),
        (
            ["Wed May 01 10:00:00 CEST 2024", "Thu May 02 10:00:00 CEST 2024"],
            {"time_format": ["%a %b %d %H:%M:%S %Z %Y"]},
            ZONED,
        ),
        (
            ["01.05.2024 10:00:00 MESZ", "13.05.2024 10:00:00 MESZ"],
            {"time_format": ["%d.%m.%Y %H:%M:%S %Z"]},
            ZONED,
        ),
        (
            ["Wed May 01 2024 10:00:00 GMT+0200 (Central European Summer Time)"] * 2,
            {"time_format": ["%a %b %d %Y %H:%M:%S GMT%z"]},
            ZONED,
        ),
        (["01/May/2024:10:00:00 +0200"] * 2, {"time_format": ["%d/%b/%Y:%H:%M:%S %z"]}, ZONED),
        (
            ["1. Mai 2024 08:00", "13. M\u00e4rz 2025 08:00"],
            {"zone": "UTC", "time_format": ["%d. %b %Y %H:%M"]},
            ZONED,
        ),
        (
            ["5 janv. 2024 08:00", "13 d\u00e9cembre 2024 08:00"],
            {"zone": "UTC", "time_format": ["%d %b %Y %H:%M"]},
            "2024-01-05T08:00:00.000Z",
        ),
        (
            ["1 de mayo de 2024 08:00", "13 de octubre de 2024 08:00"],
            {"zone": "UTC", "time_format": ["%d %b %Y %H:%M"]},
            ZONED,
        ),
        (
            ["May 1st, 2024 at 8:00 AM", "Sept. 13th, 2024 at 8:00 PM"],
            {"zone": "UTC", "time_format": ["%b %d, %Y %I:%M %p"]},
            ZONED,
        ),
        (
            ["Wednesday, May 1, 2024 8:00:00 AM", "Friday, September 13, 2024 8:00:00 PM"],
            {"zone": "UTC", "time_format": ["%a, %b %d, %Y %I:%M:%S %p"]},
            ZONED,
        ),
        (
            ["01-MAI-2024 08:00", "13-DEZ-2024 08:00"],
            {"zone": "UTC", "time_format": ["%d-%b-%Y %H:%M"]},
            ZONED,
        ),
        (
            ["2024-May-01 08:00", "2024-Dec-13 08:00"],
            {"zone": "UTC", "time_format": ["%Y-%b-%d %H:%M"]},
            ZONED,
        ),
    ],
)
def test_times_with_names_in_them_are_read_as_they_are_meant(
    times: list[str], mapping: dict[str, Any], begin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, counts, _ = inspected(capsys, with_times(tmp_path, *times))
    assert (found, counts["accepted"], counts["from"]) == (mapping, len(times), begin)


@pytest.mark.parametrize(
    ("form", "words", "begin"),
    [
        ("2024-05-01 10:00:0{} CST", ["--zone-name", "CST=-06:00"], "2024-05-01T16:00:00.000Z"),
        ("2024-05-01 10:00:0{} IST", ["--zone-name", "IST=Asia/Kolkata"], "2024-05-01T04:30:00.000Z"),
        ("Wed May 01 10:00:0{} CST 2024", ["--zone-name", "CST=+08:00"], "2024-05-01T02:00:00.000Z"),
    ],
)
def test_a_name_that_several_zones_have_is_asked_about(
    form: str, words: list[str], begin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_times(tmp_path, *(form.format(n) for n in range(2)))
    name = words[1].partition("=")[0]
    assert open_notes(capsys, path) == [f"event_time is in {name}, which is the name of several zones"]
    mapping, counts, _ = inspected(capsys, path, *words)
    assert (mapping["zone_name"], counts["accepted"], counts["from"]) == ({name: words[1][4:]}, 2, begin)


def test_zones_that_were_recognised_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = with_times(tmp_path, "2024-05-01 10:00:00 CEST", "2024-11-01 10:00:00 CET")
    assert "event_time names its zones: CEST is +02:00, CET is +01:00" in notes(capsys, path, "recognised")


@pytest.mark.parametrize(
    ("cells", "begin"),
    [
        ("CEST", "2024-05-01T08:00:00.000Z"),
        ("Europe/Berlin", "2024-05-01T08:00:00.000Z"),
        ("-04:00", "2024-05-01T14:00:00.000Z"),
        ("America/New_York", "2024-05-01T14:00:00.000Z"),
    ],
)
@pytest.mark.parametrize(
    ("names", "values", "form"),
    [
        ("created_at", "2024-05-{} 10:00:00", None),
        ("Datum,Uhrzeit", "{}.05.2024,10:00:00", "%d.%m.%Y %H:%M:%S"),
    ],
)
def test_a_column_of_zones_beside_local_times_counts(
    names: str,
    values: str,
    form: str | None,
    cells: str,
    begin: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [f"e{day},u,{values.format(day)},{cells},1.5" for day in ("01", "13")]
    path = put(tmp_path, "\n".join([f"event_id,user_id,{names},timezone,amount", *rows]))
    mapping, counts, _ = inspected(capsys, path)
    joined = f"{names.replace(',', '+')}+timezone"
    assert (mapping["map"], counts["accepted"], counts["from"]) == ({"event_time": joined}, 2, begin)
    alone, counts, _ = inspected(capsys, path, "--map", f"event_time={names.replace(',', '+')}")
    assert (alone["zone"], counts["from"]) == ("UTC", "2024-05-01T10:00:00.000Z")


def with_clock(folder: Path, clock: str, *cells: str) -> Path:
    rows = (f"e{n},u,{day},{cell},1.5" for n, (day, cell) in enumerate(one.split() for one in cells))
    return put(folder, "\n".join([f"event_id,user_id,date,{clock},amount", *rows]))


@pytest.mark.parametrize(
    "cells", [("20240501 93000", "20240501 100000"), ("20240501 100000", "20240501 13000")]
)
def test_clocks_that_have_lost_their_zeros_are_asked_about(
    cells: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_clock(tmp_path, "time", *cells)
    assert open_notes(capsys, path) == ["time may be the clock of date, without zeros and colons"]


def test_a_number_without_its_zero_takes_no_digit_of_the_next(tmp_path: Path) -> None:
    path = with_clock(tmp_path, "time", "20240501 013000", "20240501 13000")
    rows = read(path, fields={"event_time": "date+time"}, time_formats=("%Y%m%d %H%M%S",), zone="UTC")
    assert [isinstance(row, Row) for row in rows] == [True, False]


def test_days_and_hours_in_columns_of_their_own_are_a_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping, found, _ = inspected(capsys, with_clock(tmp_path, "hour", "2024-05-01 9", "2024-05-01 23"))
    assert (mapping["map"], mapping["time_format"]) == ({"event_time": "date+hour"}, ["%Y-%m-%d %H"])
    assert (found["from"], found["to"]) == ("2024-05-01T09:00:00.000Z", "2024-05-01T23:00:00.000Z")


def test_what_a_column_of_that_name_holds_is_told_where_it_is_no_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = open_notes(capsys, with_times(tmp_path, "2024-W18"))
    assert asked == ["event_time holds '2024-W18', which is not read as a time"]


@pytest.mark.parametrize(
    ("cells", "form", "begin", "end"),
    [
        (["01/31/2024 1:05 p.m.", "01/31/2024 11:05 P.M."], "%m/%d/%Y %I:%M %p", "31T13:05", "31T23:05"),
        (
            ["Jan 30, 2024, 12:05 a. m.", "Jan 31, 2024, 9:30 p. m."],
            "%b %d, %Y, %I:%M %p",
            "30T00:05",
            "31T21:30",
        ),
        (["30 Jan. 2024 à 9:30", "31 janv. 2024 à 21:30"], "%d %b %Y %H:%M", "30T09:30", "31T21:30"),
        (["30/01/2024 9h30", "31/01/2024 21h30"], "%d/%m/%Y %Hh%M", "30T09:30", "31T21:30"),
        (["2024-W05-2T09:30:00", "2024-W05-3T21:30:00"], "%G-W%V-%uT%H:%M:%S", "30T09:30", "31T21:30"),
        (["2024-W05-2T09:30:00Z", "2024-W05-3T21:30:00Z"], "%G-W%V-%uT%H:%M:%S%z", "30T09:30", "31T21:30"),
        (["2024W052T093000Z", "2024W053T213000Z"], "%GW%V%uT%H%M%S%z", "30T09:30", "31T21:30"),
        (["2024-030T09:30:00Z", "2024-031T21:30:00Z"], "%Y-%jT%H:%M:%S%z", "30T09:30", "31T21:30"),
        (
            ["30-JAN-24 09.30.00.000000 AM", "31-JAN-24 09.30.00.000000 PM"],
            "%d-%b-%y %I.%M.%S.%f %p",
            "30T09:30",
            "31T21:30",
        ),
        (
            ["2024-01-30-09.30.00.000000", "2024-01-31-21.30.00.000000"],
            "%Y-%m-%d-%H.%M.%S.%f",
            "30T09:30",
            "31T21:30",
        ),
        (["01/30/2024 09:30:00Z", "01/31/2024 21:30:00Z"], "%m/%d/%Y %H:%M:%S%z", "30T09:30", "31T21:30"),
    ],
)
def test_halves_of_the_day_weeks_and_days_of_the_year_are_read(
    cells: list[str], form: str, begin: str, end: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_times(tmp_path, *cells)
    mapping, found, _ = inspected(capsys, path)
    assert mapping["time_format"] == [form]
    assert (found["from"], found["to"]) == (f"2024-01-{begin}:00.000Z", f"2024-01-{end}:00.000Z")
    assert not any("without a clock" in one for one in notes(capsys, path, "assumed"))


def test_a_day_of_a_week_that_its_year_has_not_is_refused(tmp_path: Path) -> None:
    cells = ("2024-W05-2 09:30", "2024-W53-1 09:30", "2024-W05-0 09:30")
    rows = read(with_times(tmp_path, *cells), time_formats=("%G-W%V-%u %H:%M",), zone="UTC")
    assert [isinstance(row, Row) for row in rows] == [True, False, False]


def test_a_column_of_zones_that_nobody_knows_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f'e{n},u,2024-05-01,10:00:0{n},"Eastern Time (US & Canada)",1.5' for n in range(2)]
    path = put(tmp_path, "\n".join(["event_id,user_id,date,time,Time Zone,amount", *rows]))
    asked = "Time Zone holds 'Eastern Time (US & Canada)', which is no zone that is known"
    assert open_notes(capsys, path) == [asked]
    _, counts, _ = inspected(capsys, path, "--zone", "America/New_York")
    assert counts["from"] == "2024-05-01T14:00:00.000Z"


def test_of_one_time_in_two_zones_the_one_in_utc_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,2024-05-01 12:00:0{n},2024-05-01 10:00:0{n},1.5" for n in range(2)]
    for local, utc in (("date_created", "date_created_gmt"), ("created_local", "created_utc")):
        path = put(tmp_path, "\n".join([f"event_id,user_id,{local},{utc},amount", *rows]))
        mapping, counts, _ = inspected(capsys, path)
        assert (mapping["map"]["event_time"], counts["from"]) == (utc, "2024-05-01T10:00:00.000Z")
        assert f"{utc} has no zone; its name says UTC" in notes(capsys, path, "recognised")


@pytest.mark.parametrize(
    "heading",
    ["Data,Ora", "fecha,hora", "Tarih,Saat", "\u65e5\u4ed8,\u6642\u523b", "\ub0a0\uc9dc,\uc2dc\uac04"],
)
def test_a_day_and_its_clock_stand_beside_each_other_in_other_languages_too(
    heading: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,13/05/2024,10:00:0{n},1.5" for n in range(2)]
    path = put(tmp_path, "\n".join([f"event_id,user_id,{heading},amount", *rows]))
    mapping, counts, _ = inspected(capsys, path)
    assert (mapping["map"]["event_time"], counts["to"]) == (
        heading.replace(",", "+"),
        "2024-05-13T10:00:01.000Z",
    )
