"""Which column is which field, by its name and by what it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.fraudctl.inspection.asked import ISO, PLAIN, inspected, open_notes, put


def test_times_under_a_name_that_says_nothing_are_found_where_no_other_column_has_any(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u{n},{ISO.format(n)},1.5,x{n}" for n in range(2)]
    path = put(tmp_path, "\n".join(["event_id,user_id,stamped,amount,note", *rows]))
    assert inspected(capsys, path)[0] == {"map": {"event_time": "stamped"}}
    rows = [f"{row},2024-05-01 10:00:00" for row in rows]
    path = put(tmp_path, "\n".join(["event_id,user_id,stamped,amount,note,loaded", *rows]))
    assert open_notes(capsys, path)[0].startswith("no column looks like a time among")


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
    _, read, _ = inspected(capsys, put(tmp_path, "\n".join([PLAIN, *rows])))
    assert read["refused_by_reason"] == reasons


def test_a_column_that_is_empty_in_most_rows_is_no_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{'x1' if n == 2 else ''},{'ann' if n == 1 else ''},{ISO.format(n)},1.5" for n in range(4)]
    path = put(tmp_path, "\n".join(["reference,customer,event_time,amount", *rows]))
    mapping, read, _ = inspected(capsys, path)
    assert mapping == {"map": {"user_id": "customer"}, "id": "row", "user_from": "row"}
    assert (read["accepted"], read["refused_rows"]) == (4, 0)
    path = put(
        tmp_path,
        "\n".join(
            ["event_id,reference,user_id,event_time,amount", *(f"{n},{row}" for n, row in enumerate(rows))]
        ),
    )
    assert inspected(capsys, path, "--user-from", "row")[0] == {"user_from": "row"}


def test_what_was_paid_by_card_is_no_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"e{n},u,{ISO.format(n)},$1.50,$1.50,c{n}" for n in range(2)]
    path = put(tmp_path, "\n".join(["event_id,user_id,event_time,amount,Card,Card Number", *rows]))
    assert inspected(capsys, path)[0] == {"map": {"card_id": "Card Number"}}
