"""Headings, delimiters and what stands around a table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from fraudctl.files.options import mapping
from fraudctl.files.rows import Row
from tests.unit.fraudctl.files.as_read import (
    DAY,
    PLAIN,
    codes,
    file,
    hint_of,
    reading,
    refused,
    rows_of,
    sent,
    values,
)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("a,b\n1,2\n", "no column event_id, user_id, event_time, amount among a, b", "--map event_id=COLUMN"),
        (f"{PLAIN},amount\n1,2,3,4,5\n", "several columns are named amount", "--drop amount"),
        (f"{PLAIN},source\n1,2,3,4,5\n", "reserved_field: source", "--map channel=source or --drop source"),
        (f"Report,,,\n,,,\n{PLAIN}\n1,2,3,4\n", "no column event_id", "line 3 looks like the heading"),
        ("", "has no heading", "names the columns"),
        (b"\xfa\xfb,\n", "is no heading in utf-8", "--encoding cp1252"),
        (f"{PLAIN};x\na,b,c,d;x\ne,f,g,h;y\n", "can be parted by ',' and ';'", "--delimiter"),
        (f"{PLAIN}\ne1,u,1767268800,1\ne2,u,1767268800000,1\n", "counts in 2 units", "--time-unit s"),
        (f"{PLAIN}\ne1,u,17,1\ne2,u,18,1\n", "is no moment since 2000", "--time-start"),
    ],
)
def test_what_every_row_would_be_refused_for_is_told_once(
    tmp_path: Path, text: str | bytes, message: str, hint: str
) -> None:
    told = hint_of(file(tmp_path, text))
    assert message in told[0]
    assert hint in told[1]


def test_a_preamble_is_skipped(tmp_path: Path) -> None:
    path = file(tmp_path, f"Report,,,\n,,,\n{PLAIN}\ne1,u,{DAY}10:00Z,1\nTotal,,,1\n")
    rows = rows_of(path, skip_lines=2)
    assert ([one["event_id"] for one in sent(rows)], refused(rows)) == (
        ["e1"],
        [(5, "missing_field: user_id")],
    )


def test_a_generated_card_file_is_read_with_a_zone_and_one_column_for_two_fields(tmp_path: Path) -> None:
    text = (
        ",when,cc,shop,amt,zip,id,fraud\n"
        '0,2026-03-01 01:02:03,4000000000000011,"A, B",4.97,02865,t1,0\n'
        "1,2026-03-01 01:02:04,4000000000000029,C,1.00,99160,t2,1\n"
    )
    fields = mapping(
        ["event_id=id", "user_id=cc", "card_id=cc", "event_time=when", "amount=amt", "merchant_id=shop"]
    )
    path = file(tmp_path, text)
    assert (
        "has no zone: give --zone UTC, or write 2026-03-01T01:02:03Z"
        in refused(rows_of(path, fields=fields))[0][1]
    )
    rows = rows_of(path, fields=fields, zone="Europe/Berlin", label="fraud")
    assert sent(rows)[0] == {
        "event_id": "t1",
        "user_id": "4000000000000011",
        "event_time": "2026-03-01T00:02:03.000Z",
        "amount": 4.97,
        "card_id": "4000000000000011",
        "merchant_id": "A, B",
        "zip": "02865",
    }
    assert [row.label and row.label.fraud for row in rows if isinstance(row, Row)] == [False, True]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_delimiter_is_recognised(tmp_path: Path, mark: str) -> None:
    text = f"{PLAIN},currency\r\ne1,u,{DAY}10:00Z,1.5,eur\r\n".replace(",", mark)
    assert sent(rows_of(file(tmp_path, text)))[0]["currency"] == "EUR"


def test_excel_s_first_line_and_carriage_returns_alone_are_read(tmp_path: Path) -> None:
    text = f"sep=;\r\n{PLAIN}\r\ne1,u,{DAY}10:00Z,1\r\n".replace(",", ";")
    assert len(sent(rows_of(file(tmp_path, text)))) == 1
    assert len(sent(rows_of(file(tmp_path, f"{PLAIN}\re1,u,{DAY}10:00Z,1\re2,u,{DAY}10:00Z,1\r")))) == 2


def test_blanks_around_a_cell_are_no_part_of_it_and_a_refusal_shows_the_value(tmp_path: Path) -> None:
    heading = "event_id, user_id, event_time, amount, note"
    text = f'{heading}\ne1, u , {DAY}10:00:00Z, 10.00, "a, b"\ne2, u, noon, 1, c\n'
    rows = rows_of(file(tmp_path, text))
    assert [(one["user_id"], one["note"]) for one in sent(rows)] == [("u", "a, b")]
    assert refused(rows)[0][1].startswith("bad_event_time: 'noon'")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_heading_in_the_middle_is_refused_and_changes_no_kind(tmp_path: Path, mark: str) -> None:
    one = f"{PLAIN},risk,device_id\ne1,u,{DAY}10:00Z,1,0.5,7.0\n"
    found = reading(file(tmp_path, one + mark + one))
    assert codes(found) == [(3, "repeated_heading")]
    assert (values("risk", found), values("device_id", found)) == ([Decimal("0.5")] * 2, ["7"] * 2)


def test_a_heading_may_go_over_lines_and_rows_end_with_a_delimiter(tmp_path: Path) -> None:
    text = (
        f'"event\n_id";user_id;"event_time";"amount\n\n(EUR)"\ne0;u;{DAY}10:00Z;1;\n"e1";u;{DAY}10:00Z;2;;\n'
    )
    text += f"e2;u;{DAY}10:00Z;3;x\n"
    fields = {"event_id": "event _id", "amount": "amount (EUR)"}
    found = reading(file(tmp_path, text), fields=fields, delimiter=";")
    assert (values("amount", found), codes(found)) == ([1, 2], [(7, "invalid_csv")])
