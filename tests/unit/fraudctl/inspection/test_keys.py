"""What columns hold beside what their names say is said, and none is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.fraudctl.inspection.asked import ISO, PLAIN, inspected, notes, put


def with_column(folder: Path, name: str, cells: list[str]) -> Path:
    """A file of payments, with the cells in a column of that name."""
    lines = (f"e{n},u{n % 2},{ISO.format(n % 10)},1.5,{cell}" for n, cell in enumerate(cells))
    return put(folder, "\n".join([f"{PLAIN},{name}", *lines]))


@pytest.mark.parametrize(
    ("name", "cells", "note"),
    [
        (
            "card",
            ["a@x.org", "b@x.org"],
            "card holds 'a@x.org', which is no card: it is not taken as card_id",
        ),
        ("card_id", ["a@x.org"], "card_id holds 'a@x.org', which is no card: taken as it is written"),
        ("card", ["Visa", "Visa"], "card holds 'Visa', which is no card: it is not taken as card_id"),
        (
            "country_code",
            ["256"],
            "country_code holds '256', which is no country: it is not taken as country",
        ),
        ("country", ["44"], "country holds '44', of a country or of its telephones: taken as it is written"),
        ("ip", ["3221225985"], "ip holds '3221225985', which is no address: taken as it is written"),
        (
            "ip",
            ["192.0.2.1", "10.0.0.0/8"],
            "ip holds '10.0.0.0/8', which is no address: taken as it is written",
        ),
        (
            "ip",
            [*(f"192.0.2.{n}" for n in range(9)), "010.0.0.1"],
            "ip holds '010.0.0.1', which is no address: taken as it is written, in no network",
        ),
        (
            "card_number",
            ["**** 1234", "xxxx-5678"],
            "card_number shows four digits of a card: cards that have the same four count as one",
        ),
    ],
)
def test_what_contradicts_the_name_of_a_column_is_told(
    name: str, cells: list[str], note: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_column(tmp_path, name, cells)
    assert note in notes(capsys, path, "assumed")
    assert inspected(capsys, path)[1]["accepted"] == len(cells)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("ip", ["192.0.2.1:443", "[2001:DB8::1]", "fe80::1%eth0", "::ffff:192.0.2.1"]),
        ("card", ["4111111111111111", "tok_1"]),
        ("country", ["DE", "fr"]),
    ],
)
def test_nothing_is_told_of_a_column_that_holds_what_its_name_says(
    name: str, cells: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert notes(capsys, with_column(tmp_path, name, cells), "assumed") == []


@pytest.mark.parametrize(
    ("users", "note"),
    [
        (["shop"] * 20, "account is 'shop' in every row: all of them count as one user's"),
        (
            [f"c{n}" for n in range(20)],
            "account is another in every row: no user has two payments, so nothing is counted by user",
        ),
        ([f"c{n // 2}" for n in range(20)], None),
        (
            [f"2024-05-01 09:00:{n:02}" for n in range(20)],
            "account holds '2024-05-01 09:00:00', which is no user:",
        ),
        (
            [f"{n}.25" for n in range(20)],
            "account holds '0.25', which is no user: it is not taken as user_id",
        ),
    ],
)
def test_a_user_whom_nothing_can_be_counted_by_is_told(
    users: list[str], note: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (f"e{n},{user},{ISO.format(n % 10)},1.5" for n, user in enumerate(users))
    path = put(tmp_path, "\n".join(["event_id,account,event_time,amount", *lines]))
    told = [text for text in notes(capsys, path, "assumed") if text.startswith("account")]
    assert [text[: len(note or "")] for text in told] == ([] if note is None else [note])
    assert inspected(capsys, path)[1]["accepted"] == 20
