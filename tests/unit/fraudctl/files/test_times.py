"""Event times as files write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions, moment_ms
from fraudctl.files.rows import Reading
from tests.unit.fraudctl.files.as_read import PLAIN, codes, file, reading, refused, rows_of, sent, values


def test_seconds_without_an_id_are_recognised_and_an_id_is_made(tmp_path: Path) -> None:
    path = file(tmp_path, "user_id,amount,timestamp\n1,5,1767268800\n1,6,1767268801\n1,5,1767268800\n")
    reading = Reading(path, ReadOptions({"event_time": "timestamp"}, id_from="row"), 65_536)
    assert reading.said() == "x.csv: CSV, delimiter ','; event_time in s"
    made = sent(list(reading))
    assert [(one["event_id"], one["event_time"]) for one in made] == [
        ("row-2", "2026-01-01T12:00:00.000Z"),
        ("row-3", "2026-01-01T12:00:01.000Z"),
        ("row-4", "2026-01-01T12:00:00.000Z"),
    ]
    ids = [one["event_id"] for one in sent(rows_of(path, fields={"event_time": "timestamp"}, id_from="hash"))]
    assert (ids[0] == ids[2], ids[0] == ids[1], len(ids[0])) == (True, False, 32)


def test_a_time_of_several_columns_and_a_currency_sign_are_read(tmp_path: Path) -> None:
    text = (
        "User,Card,Year,Month,Day,Time,Amount,Fraud?\n"
        "0,1,2026,3,1,06:21,$134.09,No\n0,1,2026,3,1,06:22,$-120.34,Yes\n0,1,2026,3,1,6:23,€1,No\n"
    )
    fields = {"user_id": "User", "card_id": "Card", "event_time": "Year+Month+Day+Time", "amount": "Amount"}
    rows = rows_of(file(tmp_path, text), fields=fields, id_from="row", zone="UTC", label="Fraud?")
    assert [(one["event_time"], one["amount"]) for one in sent(rows)] == [
        ("2026-03-01T06:21:00.000Z", 134.09),
        ("2026-03-01T06:22:00.000Z", -120.34),
    ]
    assert refused(rows) == [(4, "bad_amount: '€1' is in €, earlier rows are in $")]


def test_steps_from_a_start_are_times(tmp_path: Path) -> None:
    text = "user_id,step,amount\nu,1,1\nu,743,2\n"
    rows = rows_of(
        file(tmp_path, text),
        fields={"event_time": "step"},
        id_from="row",
        time_unit="h",
        time_start_ms=1_767_225_600_000,
    )
    assert [one["event_time"] for one in sent(rows)] == [
        "2026-01-01T01:00:00.000Z",
        "2026-01-31T23:00:00.000Z",
    ]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01T10:00:00,250Z", "10:00:00.250"),
        ("2026-03-01T12:00:00+0200", "10:00:00.000"),
        ("2026-03-01T12:00:00+02", "10:00:00.000"),
        ("2026-03-01 10:00:00 UTC", "10:00:00.000"),
        ("2026-03-01T12:00+02:00[Europe/Paris]", "10:00:00.000"),
        ("2026-03-01 12:00:00 +0200", "10:00:00.000"),
        ("20260301T100000Z", "10:00:00.000"),
        ("2026-03-01 9:00:00+00:00", "09:00:00.000"),
        ("2026-03-01T10:00:00.123456789Z", "10:00:00.123"),
        ("2026-03-01T10:00:00 GMT", "10:00:00.000"),
    ],
)
def test_a_time_may_be_spelt_in_many_ways(tmp_path: Path, text: str, time: str) -> None:
    rows = rows_of(file(tmp_path, f'{PLAIN}\ne,u,"{text}",1\n'))
    assert [one["event_time"] for one in sent(rows)] == [f"2026-03-01T{time}Z"]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("2016-12-31T23:59:60Z", "write 2016-12-31T23:59:59.999Z"),
        ("2026-02-28T24:00:00Z", "write 2026-03-01T00:00:00Z"),
        ("Sun, 01 Mar 2026 10:00:00 GMT", "write 2026-03-01T10:00:00.000Z"),
        ("03/01/2026 10:00", "--time-format"),
        ("2026-03-01T10:00:00\u221205:00", "write 2026-03-01T10:00:00-05:00"),
        ("2026-03-01", "--time-format %Y-%m-%d --zone UTC"),
        ("2026-02-30T10:00:00Z", "write it like"),
        ("1999-01-01T00:00:00Z", "not within 2000-01-01"),
    ],
)
def test_a_time_that_is_refused_shows_itself_and_the_nearest_right_one(
    tmp_path: Path, text: str, advice: str
) -> None:
    reason = refused(rows_of(file(tmp_path, f'{PLAIN}\ne,u,"{text}",1\n')))[0][1]
    assert repr(text) in reason
    assert advice in reason


def test_formats_are_tried_and_what_two_of_them_read_differently_is_refused(tmp_path: Path) -> None:
    text = f"{PLAIN}\na,u,13.04.2026 10:00,1\nb,u,04/13/2026 10:00,1\nc,u,01.02.2026 10:00,1\nd,u,x,1\n"
    formats = ("%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%m.%d.%Y %H:%M")
    rows = rows_of(file(tmp_path, text), time_formats=formats, zone="UTC")
    assert [one["event_time"] for one in sent(rows)] == ["2026-04-13T10:00:00.000Z"] * 2
    assert [(number, "another time by each" in reason) for number, reason in refused(rows)] == [
        (4, True),
        (5, False),
    ]


def test_local_times_know_the_hours_that_came_twice_or_never(tmp_path: Path) -> None:
    text = f"{PLAIN}\na,u,2026-10-25 02:30,1\nb,u,2026-03-29 02:30,1\nc,u,2026-07-01 02:30,1\n"
    reading = Reading(file(tmp_path, text), ReadOptions(zone="Europe/Berlin"), 65_536)
    rows = list(reading)
    assert [one["event_time"] for one in sent(rows)] == [
        "2026-10-25T00:30:00.000Z",
        "2026-07-01T00:30:00.000Z",
    ]
    assert refused(rows) == [(3, "bad_event_time: '2026-03-29 02:30' does not exist in Europe/Berlin")]
    assert reading.notes() == ["1 times lay in an hour that came twice, the first is taken"]


def test_every_time_in_an_hour_that_came_twice_is_counted(tmp_path: Path) -> None:
    found = reading(file(tmp_path, f"{PLAIN}\n" + "a,u,2026-10-25 02:30,1\n" * 3), zone="Europe/Berlin")
    assert [one["event_time"] for one in sent(found)] == ["2026-10-25T00:30:00.000Z"] * 3
    assert found.notes() == ["3 times lay in an hour that came twice, the first is taken"]


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M UTC", "%d.%m.%Y %H:%M %Z", "%d.%m.%Y %H:%MZ"])
def test_a_format_that_says_utc_is_in_utc_whatever_the_zone_of_others(tmp_path: Path, form: str) -> None:
    text = "01.03.2026 10:00Z" if form.endswith("MZ") else "01.03.2026 10:00 UTC"
    path = file(tmp_path, f"{PLAIN}\na,u,{text},1\nb,u,01.03.2026 10:00 CST,1\n")
    for zone in (None, "Europe/Berlin"):
        found = reading(path, time_formats=(form,), zone=zone)
        assert [one["event_time"] for one in sent(found)] == ["2026-03-01T10:00:00.000Z"]
        assert codes(found) == [(3, "bad_event_time")]


@pytest.mark.parametrize(
    ("cell", "time"),
    [("45413", "00:00:00.000"), ("45413.4166666667", "10:00:00.000"), ("45413.75", "18:00:00.000")],
)
def test_days_as_excel_counts_them_are_read_to_the_millisecond(tmp_path: Path, cell: str, time: str) -> None:
    path = file(tmp_path, f"{PLAIN}\na,u,{cell},1\n")
    with pytest.raises(UsageError) as caught:
        reading(path)
    assert caught.value.hint.endswith("--time-start 1899-12-30T00:00:00Z --time-unit d")
    start = moment_ms("--time-start", "1899-12-30T00:00:00Z")
    assert values("event_time", reading(path, time_unit="d", time_start_ms=start)) == [f"2024-05-01T{time}Z"]
