"""Quotes, and the lines that those without an end touch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.fraudctl.files.as_read import (
    DAY,
    PLAIN,
    codes,
    csv,
    file,
    reading,
    refused,
    rows_of,
    sent,
    values,
)


def test_a_quote_that_does_not_end_refuses_the_lines_it_touches(tmp_path: Path) -> None:
    lines = [f"e{n},u,{DAY}00:{n // 60:02d}:{n % 60:02d}Z,1,shop" for n in range(300)]
    lines[30] = lines[30].replace("shop", '"Anna wool')
    lines[120] = lines[120].replace("shop", '"9 inch" pans')
    lines[200] = lines[200].replace("shop", '"two\nlines, and "" a quote"')
    rows = rows_of(file(tmp_path, "\n".join([PLAIN + ",channel", *lines])))
    assert (len(rows), [number for number, _ in refused(rows)]) == (300, [32, 122])
    assert sent(rows)[198]["channel"] == 'two\nlines, and " a quote'


def test_two_quotes_that_do_not_end_swallow_no_row_between_them(tmp_path: Path) -> None:
    lines = [f"e{n},u,{DAY}00:00:{n:02d}Z,1,shop,x" for n in range(20)]
    lines[3] = lines[3].replace("shop", '"shop')
    lines[17] = lines[17].replace("shop", 'shop"')
    rows = rows_of(file(tmp_path, "\n".join([PLAIN + ",merchant_id,note", *lines])))
    assert (len(rows), [number for number, _ in refused(rows)]) == (20, [5])


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (r'"say \"hi\""', 'say "hi"'),
        (r'"a \",\" b"', 'a "," b'),
        (r'"back\\\" slash"', 'back\\" slash'),
        ('"two \\"lines\\", and,\nmore \\"of them\\""', 'two "lines", and,\nmore "of them"'),
        (r'"C:\"', "C:\\"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_quotes_with_a_backslash_are_read_where_no_other_reading_fits(
    tmp_path: Path, cell: str, text: str
) -> None:
    found = reading(csv(tmp_path, ["x", cell, "y"]))
    assert (values("note", found), codes(found)) == (["x", text, "y"], [])


def test_a_quote_with_a_backslash_before_a_line_end_does_not_end_the_cell(tmp_path: Path) -> None:
    lines = [f"{PLAIN},note,channel", f'e,u,{DAY}10:00Z,1,"\\"\n0",web', f"f,u,{DAY}10:00Z,1,x,app"]
    found = sent(rows_of(file(tmp_path, "\n".join(lines))))
    assert [(row["note"], row["channel"]) for row in found] == [('"\n0', "web"), ("x", "app")]


def test_a_text_that_is_kept_from_excel_is_that_text(tmp_path: Path) -> None:
    path = file(tmp_path, f'{PLAIN}\ne,="007",{DAY}10:00Z,1\nf,"=""008""",{DAY}10:00Z,1\n')
    assert values("user_id", reading(path)) == ["007", "008"]


def test_lines_that_begin_with_a_mark_or_a_carriage_return_lose_nothing(tmp_path: Path) -> None:
    rows = [f"e{n},u,{DAY}10:00:0{n}Z,1" for n in range(2)]
    for between in ("\n\ufeff", "\n\r", "\r\r\n", f"\n\ufeff{PLAIN}\n"):
        found = rows_of(file(tmp_path, between.join([PLAIN, *rows])))
        assert values("event_id", found) == ["e0", "e1"]
