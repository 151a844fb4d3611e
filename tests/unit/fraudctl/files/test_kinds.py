"""The kind of a column, from all of its cells or as it is said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from fraudctl.files.rows import Row
from pipeline.records.events import encode
from tests.unit.fraudctl.files.as_read import (
    DAY,
    PLAIN,
    codes,
    csv,
    file,
    fired,
    judged,
    reading,
    refused,
    rows_of,
    sent,
    values,
)


def test_true_and_false_are_truth_values_in_any_case(tmp_path: Path) -> None:
    pairs = ["True,False", "False,True", "TRUE,FALSE", "FALSE,TRUE", "true,false", "false,true", ","]
    lines = [f"e{n},u{n},{DAY}10:00:0{n}Z,1,{pair}" for n, pair in enumerate(pairs)]
    found = judged(file(tmp_path, "\n".join([PLAIN + ",online,is_new", *lines])))
    assert fired(found) == {"not_online": 3, "new": 3}


@pytest.mark.parametrize("cells", [["0780", "6050", "5411"], ['"0780"', '"6050"', '"5411"']])
def test_a_leading_zero_anywhere_makes_a_column_text(tmp_path: Path, cells: list[str]) -> None:
    lines = [f"e{n},u{n},{DAY}10:00:0{n}Z,1,{cell}" for n, cell in enumerate(cells)]
    found = judged(file(tmp_path, "\n".join([PLAIN + ",mcc", *lines])))
    assert fired(found) == {"risky": 2}


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2.50", "-3", "1.5e-07"], ["1", "2.50", "-3", "1.5e-07"]),
        (["1", "12e5"], ['"1"', '"12e5"']),
        (["1", "1234567890123456"], ['"1"', '"1234567890123456"']),
        (["1", "x"], ['"1"', '"x"']),
        (["TRUE", ""], ["true", None]),
        (["True", "1"], ['"True"', '"1"']),
    ],
)
def test_a_column_has_one_kind(tmp_path: Path, cells: list[str], values: list[str | None]) -> None:
    lines = [f"e{n},u,{DAY}10:00:0{n}Z,1,{cell}" for n, cell in enumerate(cells)]
    rows = rows_of(file(tmp_path, "\n".join([PLAIN + ",x", *lines])))
    plain = [encode(row.transaction).decode() for row in rows if isinstance(row, Row)]
    assert [text.partition('"x":')[2].strip("}") or None for text in plain] == values


def test_the_kind_of_a_column_can_be_said(tmp_path: Path) -> None:
    path = file(tmp_path, f"{PLAIN},MCC,x\ne1,u,{DAY}10:00:00Z,1,6050,0\n")
    made = sent(rows_of(path, fields={"mcc": "MCC"}, kinds={"mcc": "text", "x": "bool"}))
    assert (made[0]["mcc"], made[0]["x"]) == ("6050", False)
    lines = file(
        tmp_path, f'{{"event_id":1,"user_id":42.0,"event_time":"{DAY}10:00Z","amount":"5"}}', "x.jsonl"
    )
    assert (
        refused(rows_of(lines))[0][1] == "wrong_type: event_id is not a string: 1; see --kind event_id=text"
    )
    made = sent(rows_of(lines, kinds={"event_id": "text", "user_id": "text", "amount": "number"}))
    assert [made[0][name] for name in ("event_id", "user_id", "amount")] == ["1", "42", 5]


def test_a_column_has_one_kind_in_all_parts_of_a_folder(tmp_path: Path) -> None:
    for n, cell in enumerate(("5411", "0742", "")):
        csv(tmp_path, [cell], "mcc", f"d/{n}.csv")
    assert values("mcc", reading(tmp_path / "d")) == ["5411", "0742", None]
    for n, cell in enumerate(("5", "7", "")):
        csv(tmp_path, [cell], "mcc", f"other/{n}.csv")
    assert values("mcc", reading(tmp_path / "other")) == [5, 7, None]
    for n, cell in enumerate(("7.0", "7", "x7")):
        csv(tmp_path, [cell], "device_id", f"ids/{n}.csv")
    assert values("device_id", reading(tmp_path / "ids")) == ["7.0", "7", "x7"]


def test_a_line_of_totals_changes_no_kind_and_no_id(tmp_path: Path) -> None:
    path = file(tmp_path, f"{PLAIN},risk\n1001.0,u,{DAY}10:00Z,1,0.5\nTotal,,,1,n/a\n")
    found = reading(path)
    assert codes(found) == [(3, "missing_field")]
    assert (values("event_id", found), values("risk", found)) == (["1001"], [Decimal("0.5")])


def test_ids_with_an_exponent_have_all_digits_and_codes_stay_as_they_are(tmp_path: Path) -> None:
    found = reading(csv(tmp_path, ["4.0000000000000113E+18", "1.0e+15", "42.0"], "card_id"))
    assert values("card_id", found) == ["4000000000000011300", "1000000000000000", "42"]
    assert values("card_id", reading(csv(tmp_path, ["12e5", "1200000"], "card_id"))) == ["12e5", "1200000"]


def test_a_column_that_is_said_to_be_bool_may_hold_the_words_of_databases(tmp_path: Path) -> None:
    found = reading(csv(tmp_path, ["t", "F", "Yes", "n", "1.0", "0"], "online"), kinds={"online": "bool"})
    assert values("online", found) == [True, False, True, False, True, False]


def test_truth_values_of_spreadsheets_in_other_languages_can_be_said(tmp_path: Path) -> None:
    for true, false in (("WAHR", "FALSCH"), ("Vrai", "Faux"), ("ja", "nein"), ("VERDADERO", "FALSO")):
        path = csv(tmp_path, [true, false], "is_new")
        assert values("is_new", reading(path, kinds={"is_new": "bool"})) == [True, False]
        assert fired(judged(path, kinds={"is_new": "bool"})) == {"new": 1}


@pytest.mark.parametrize(
    ("cells", "ids"),
    [
        (["1.2345678E7", "1234567.0"], ["12345678", "1234567"]),
        (["1e+05", "99999"], ["100000", "99999"]),
        (["1.5E0", "2"], ["1.5E0", "2"]),
        (["12e5", "3E7"], ["12e5", "3E7"]),
    ],
)
def test_ids_as_java_and_r_write_doubles_are_whole_numbers(
    tmp_path: Path, cells: list[str], ids: list[str]
) -> None:
    rows = rows_of(csv(tmp_path, cells, "card_id"))
    assert values("card_id", rows) == ids


def test_a_number_of_json_is_one_id_however_it_is_written(tmp_path: Path) -> None:
    numbers = ("42", "42.0", "4.2E1", "420e-1", "42000e-3")
    lines = (
        f'{{"event_id":"e{n}","user_id":{number},"event_time":"{DAY}10:00Z","amount":1}}'
        for n, number in enumerate(numbers)
    )
    path = file(tmp_path, "\n".join(lines), "x.jsonl")
    assert values("user_id", rows_of(path, kinds={"user_id": "text"})) == ["42"] * 5
