"""Rows of files as people have them: hand-written files with hand-written answers."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions, mapping
from fraudctl.files.rows import Label, Reading, RefusedRow, Row
from fraudctl.files.sources import kind_of
from fraudctl.files.survey import survey
from pipeline.records.events import encode
from pipeline.records.ids import ANY_IDS
from tests.unit.fraudctl.files.as_read import codes, file, rows_of

NOON = "2026-01-01T12:00:00.000Z"
NOON_MS = 1_767_268_800_000


def sent(rows: list[Row | RefusedRow]) -> list[str]:
    return [encode(row.transaction).decode() for row in rows if isinstance(row, Row)]


def test_json_lines_keep_every_number_as_it_was_written(tmp_path: Path) -> None:
    line = f'{{"event_id":"e1","user_id":"ü","event_time":"{NOON}","amount":%s,"score_in":0.10}}\n'
    amounts = ("0.1", "99999999999999.9999", "1e2", "-0", "12.3400")
    rows = rows_of(file(tmp_path, "".join(line % amount for amount in amounts), "x.jsonl"))
    exact = ("0.1", "99999999999999.9999", "100", "0", "12.34")
    assert sent(rows) == [line.strip() % amount for amount in exact]


def test_labels_and_their_times_never_enter_a_transaction(tmp_path: Path) -> None:
    text = (
        f'{{"event_id":"e1","user_id":"u","event_time":"{NOON}","amount":1,'
        f'"label":1,"label_time":"{NOON}","scenario":"s"}}\n'
        f'{{"event_id":"e2","user_id":"u","event_time":"{NOON}","amount":1,"label":0}}\n'
        f'{{"event_id":"e3","user_id":"u","event_time":"{NOON}","amount":1,"label":null}}\n'
    )
    rows = rows_of(file(tmp_path, text, "x.jsonl"))
    plain = f'{{"event_id":"e%d","user_id":"u","event_time":"{NOON}","amount":1}}'
    assert sent(rows) == [plain % number for number in (1, 2, 3)]
    labels = [row.label for row in rows if isinstance(row, Row)]
    assert labels == [Label(True, NOON_MS, "s"), Label(False, None, None), None]


def test_every_bad_line_is_refused_with_its_number_and_reason(tmp_path: Path) -> None:
    good = f'{{"event_id":"e","user_id":"u","event_time":"{NOON}","amount":1%s}}'.encode()
    lines = [
        b"{",
        b"",
        good.replace(b"%s", b',"x":[1]'),
        good.replace(b"%s", b',"x":{"a":1}'),
        good.replace(b"%s", b',"amount":2'),
        good.replace(b"%s", b',"label":"maybe"'),
        good.replace(b"%s", b',"label":1,"label_time":"then"'),
        good.replace(b"%s", b',"x":NaN'),
        b'["e"]',
        b'{"event_id":"\xff"}',
        b'{"event_id":"e","user_id":7}',
        b'{"event_id":"e","user_id":"u"}',
        good.replace(b'"amount":1%s', b'"amount":0.00001'),
        good.replace(b"%s", b""),
    ]
    rows = rows_of(file(tmp_path, b"\n".join(lines), "x.jsonl"))
    assert codes(rows) == [
        (1, "invalid_json"),
        (5, "duplicate_field"),
        (6, "bad_label"),
        (7, "bad_label_time"),
        (8, "invalid_json"),
        (9, "not_an_object"),
        (10, "invalid_utf8"),
        (11, "wrong_type"),
        (12, "missing_field"),
        (13, "bad_amount"),
    ]
    plain = good.replace(b"%s", b"").decode()
    assert sent(rows) == [plain] * 3, "a list or an object in a column that nothing uses refuses no payment"


def test_an_id_of_the_form_that_stores_use_for_one_used_again_is_nobodys_to_send(tmp_path: Path) -> None:
    text = "event_id,user_id,event_time,amount\n"
    text += "".join(f"{one},u,{NOON},1\n" for one in ("e1#reused-0123456789abcdef", "e1#reused-1"))
    rows = rows_of(file(tmp_path, text, "x.csv"))
    assert codes(rows) == [(2, "reserved_id")]
    assert len(sent(rows)) == 1


def test_csv_gets_types_and_its_columns_the_names_of_fields(tmp_path: Path) -> None:
    text = (
        "id,customer,when,betrag,card_id,mcc,code,online,is_fraud,country\n"
        f"e1,007,{NOON},+12.50,4711,5411,0012,true,1,\n"
        f'e2,"a, ""b""",{NOON_MS}, .5 ,,1e3,x,false,0,DE\n'
    )
    path = file(tmp_path, "\ufeff" + text, "x.csv")
    fields = {"event_id": "id", "user_id": "customer", "event_time": "when", "amount": "betrag"}
    rows = rows_of(path, label="is_fraud", fields=fields)
    assert sent(rows) == [
        f'{{"event_id":"e1","user_id":"007","event_time":"{NOON}","amount":12.5,'
        '"card_id":"4711","mcc":"5411","code":"0012","online":true}',
        f'{{"event_id":"e2","user_id":"a, \\"b\\"","event_time":"{NOON}","amount":0.5,'
        '"mcc":"1e3","code":"x","online":false,"country":"DE"}',
    ]
    assert [row.label and row.label.fraud for row in rows if isinstance(row, Row)] == [True, False]


def test_bad_csv_rows_are_refused_by_the_line_they_begin_on(tmp_path: Path) -> None:
    text = (
        "event_id,user_id,event_time,amount\n"
        f'"a\nb",u,{NOON},1\n'
        f"e2,u,{NOON}\n"
        f"e3,u,{NOON},12 EUR\n"
        f"e4,u,{NOON},\n"
        "e5,u,2026-01-01 12:00:00,1\n"
    )
    path = file(tmp_path, text.encode() + b"e6,\xff," + NOON.encode() + b",1\n", "x.csv")
    rows = list(Reading(path, ReadOptions(), 65_536, ids=ANY_IDS))
    assert codes(rows) == [
        (4, "invalid_csv"),
        (5, "bad_amount"),
        (6, "missing_field"),
        (7, "bad_event_time"),
        (8, "invalid_utf8"),
    ]
    assert [row.number for row in rows if isinstance(row, Row)] == [2]


def test_parquet_decimals_floats_times_and_numeric_ids_arrive_exactly(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table(
        {
            "event_id": pyarrow.array([1, 2]),
            "user_id": pyarrow.array(["u", "u"]),
            "event_time": pyarrow.array(
                [datetime(2026, 1, 1, 12, tzinfo=UTC)] * 2, pyarrow.timestamp("ms", "UTC")
            ),
            "amount": pyarrow.array(
                [Decimal("0.1000"), Decimal("99999999999999.9999")], pyarrow.decimal128(20, 4)
            ),
            "lat": pyarrow.array([0.1, float("nan")]),
            "label": pyarrow.array([1.0, 0.0]),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    rows = rows_of(tmp_path / "x.parquet")
    assert sent(rows) == [
        f'{{"event_id":"1","user_id":"u","event_time":"{NOON}","amount":0.1,"lat":0.1}}',
        f'{{"event_id":"2","user_id":"u","event_time":"{NOON}","amount":99999999999999.9999}}',
    ]
    assert [row.label and row.label.fraud for row in rows if isinstance(row, Row)] == [True, False]


def test_a_gzipped_file_is_read_as_the_plain_one(tmp_path: Path) -> None:
    text = f'{{"event_id":"e","user_id":"u","event_time":"{NOON}","amount":1}}\n'.encode()
    packed = file(tmp_path, gzip.compress(text), "x.jsonl.gz")
    assert sent(rows_of(packed)) == sent(rows_of(file(tmp_path, text, "x.jsonl")))


def test_a_broken_gzip_ends_in_words(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"a":1}\n' * 10_000)
    with pytest.raises(UsageError, match="cannot be read"):
        rows_of(file(tmp_path, packed[: len(packed) // 2], "x.jsonl.gz"))


@pytest.mark.parametrize("name", ["x.txt", "x", "x.gz", "x.xlsx"])
def test_a_name_that_says_nothing_of_its_kind_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="neither JSON lines, CSV nor Parquet"):
        kind_of(Path(name))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a file"):
        rows_of(tmp_path / "none.csv")


@pytest.mark.parametrize("pairs", [["amount"], ["=x"], ["a="], ["a=x", "a=y"], ["a=x", "a=x"]])
def test_a_mapping_that_says_nothing_or_two_things_is_refused(pairs: list[str]) -> None:
    with pytest.raises(UsageError):
        mapping(pairs)


def test_a_column_that_the_file_does_not_have_is_told_with_those_it_has(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    csv_file = file(tmp_path, b"id, when ,value\n1,2,3\n", "x.csv")
    lines = file(tmp_path, gzip.compress(b'{"id":1,"when":2}\nbroken\n{"value":3}\n'), "x.jsonl.gz")
    pyarrow.parquet.write_table(pyarrow.table({"id": [1], "when": [2], "value": [3]}), tmp_path / "x.parquet")
    for path in (csv_file, lines, tmp_path / "x.parquet"):
        survey(path, ReadOptions({"event_id": "id", "amount": "value"}, "when"), ("event_id", "amount"))
        with pytest.raises(UsageError) as caught:
            survey(path, ReadOptions({"event_id": "id", "amount": "betrag"}, "is_fraud"), ("amount",))
        assert caught.value.message == f"{path.name} has no column betrag, is_fraud"
        assert caught.value.hint == "it has: id, value, when"
