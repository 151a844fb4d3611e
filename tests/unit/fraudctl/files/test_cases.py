"""Files and rules as people have them: each a kind of file that was once read wrongly or not at all."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudctl.compare.backtest import Backtest, Order, run
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions, mapping
from fraudctl.files.rows import Reading, RefusedRow, Row
from pipeline.records.events import encode
from pipeline.records.ids import IdLimits
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse

SHARED = Path(__file__).parents[5] / "shared" / "cases"
DAY = "2026-03-01T"
PLAIN = "event_id,user_id,event_time,amount"
RULES: dict[str, Any] = {
    "version": "v",
    "fields": ["mcc", "online", "is_new"],
    "features": {"n": {"by": "user_id", "agg": "count", "window": "10m"}},
    "rules": {
        "busy": {"when": "n >= 3", "points": 60},
        "large": {"when": "amount > 1000", "points": 60},
        "not_online": {"when": "not online and present(online)", "points": 60},
        "new": {"when": "is_new", "points": 60},
        "risky": {"when": 'mcc in ["0780", "6050"]', "points": 60},
    },
    "thresholds": {"review": 50, "block": 90},
}


def file(tmp_path: Path, text: str | bytes, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows_of(path: Path, **options: Any) -> list[Row | RefusedRow]:
    return list(Reading(path, ReadOptions(**options), 65_536))


def sent(rows: list[Row | RefusedRow]) -> list[dict[str, Any]]:
    return [json.loads(encode(row.transaction)) for row in rows if isinstance(row, Row)]


def refused(rows: list[Row | RefusedRow]) -> list[tuple[int, str]]:
    return [(row.number, row.reason) for row in rows if isinstance(row, RefusedRow)]


def hint_of(path: Path, **options: Any) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        rows_of(path, **options)
    return caught.value.message, caught.value.hint


def judged(path: Path, rules: Any = RULES, labels: Path | None = None, **options: Any) -> Backtest:
    order = Order(path, ReadOptions(**options), parse(rules), PlanSettings(), labels)
    return run(order, Progress())


def fired(found: Backtest) -> dict[str, int]:
    return {name: one.alerts.part for name, one in found.fired.items() if one.alerts.part}


def test_the_order_of_the_rows_changes_no_figure(tmp_path: Path) -> None:
    lines = [f"e{n},u{n // 4},{DAY}{n // 4:02d}:0{n % 4}:00Z,10,{int(n > 19)}" for n in range(24)]
    for moved, ordered in ((0, lines), (20, lines[20:] + lines[:20]), (23, lines[::-1])):
        found = judged(file(tmp_path, "\n".join([PLAIN + ",label", *ordered])))
        total = found.as_document()["total"]
        assert (found.moved, found.late, fired(found)) == (moved, 0, {"busy": 12})
        assert (total["precision"]["part"], total["precision"]["whole"]) == (2, 12)


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


def test_a_decimal_comma_is_asked_about_and_then_read(tmp_path: Path) -> None:
    cells = ['"9,50"', "-2.000", "31.000", '"1.234,56"', '"1\'000,5"']
    lines = [f"e{n},u{n},{DAY}10:00:0{n}Z,{cell}" for n, cell in enumerate(cells)]
    path = file(tmp_path, "\n".join([PLAIN, *lines]))
    message, hint = hint_of(path)
    assert message == "x.csv line 2: amount shows a comma: '9,50'"
    assert hint == "say what parts the decimals: --decimal , (or --decimal .)"
    assert [one["amount"] for one in sent(rows_of(path, decimal=","))] == [9.5, -2000, 31000, 1234.56, 1000.5]
    assert fired(judged(path, decimal=",")) == {"large": 3}


def test_commas_between_thousands_are_read_when_the_point_is_said_to_part_decimals(tmp_path: Path) -> None:
    path = file(tmp_path, f'{PLAIN}\ne1,u,{DAY}10:00Z,"1,234.5"\ne2,u,{DAY}10:00Z,"12,50"\n')
    assert hint_of(path)[1].startswith("say what parts the decimals: --decimal .")
    rows = rows_of(path, decimal=".")
    assert [one["amount"] for one in sent(rows)] == [1234.5]
    assert refused(rows) == [(3, "bad_amount: '12,50' is no number with the decimal sign '.'")]


def test_ids_written_as_doubles_match_those_that_are_not(tmp_path: Path) -> None:
    lines = [f"{100 + n},{user},{DAY}10:0{n}:00Z,1,7.0" for n, user in enumerate(("42.0", "42", "42.0"))]
    path = file(tmp_path, "\n".join([PLAIN + ",device_id", *lines]))
    labels = file(tmp_path, "event_id,label\n100.0,1\n101.0,0\n102.0,1\n103.0,1\n", "labels.csv")
    found = judged(path, labels=labels)
    assert fired(found) == {"busy": 1}
    assert (found.truths.given, found.truths.matched) == (4, 3)
    assert found.as_document()["labels"]["fraud"] == 2


def test_labels_that_match_nothing_are_told_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from fraudctl.cli import main

    path = file(tmp_path, f"{PLAIN}\ne1,u,{DAY}10:00Z,1\nbad,u,then,1\n")
    labels = file(tmp_path, "event_id,label\nE1,1\n", "labels.csv")
    assert main(["backtest", str(path), "--labels", str(labels)]) == 0
    shown = capsys.readouterr()
    assert "0 of 1 labels match an event" in shown.out
    assert "Refused rows (1)" in shown.out
    assert "'then': write it like 2026-01-31T10:00:00Z" in " ".join(shown.out.split())
    assert "x.csv: CSV, delimiter ','" in shown.err


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


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_delimiter_is_recognised(tmp_path: Path, mark: str) -> None:
    text = f"{PLAIN},currency\r\ne1,u,{DAY}10:00Z,1.5,eur\r\n".replace(",", mark)
    assert sent(rows_of(file(tmp_path, text)))[0]["currency"] == "EUR"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_other_encodings_are_recognised_or_given(tmp_path: Path, encoding: str) -> None:
    path = file(tmp_path, f"{PLAIN},merchant_id\r\ne1,u,{DAY}10:00Z,1,Café Zürich\r\n".encode(encoding))
    options = {"encoding": "cp1252"} if encoding == "cp1252" else {}
    assert sent(rows_of(path, **options))[0]["merchant_id"] == "Café Zürich"
    if encoding.startswith("utf-16"):
        assert sent(rows_of(path, encoding="utf-16"))[0]["merchant_id"] == "Café Zürich"
    if encoding == "cp1252":
        assert "see --encoding" in refused(rows_of(path))[0][1]


def test_excel_s_first_line_and_carriage_returns_alone_are_read(tmp_path: Path) -> None:
    text = f"sep=;\r\n{PLAIN}\r\ne1,u,{DAY}10:00Z,1\r\n".replace(",", ";")
    assert len(sent(rows_of(file(tmp_path, text)))) == 1
    assert len(sent(rows_of(file(tmp_path, f"{PLAIN}\re1,u,{DAY}10:00Z,1\re2,u,{DAY}10:00Z,1\r")))) == 2


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_packed_files_are_read_whatever_their_name(tmp_path: Path) -> None:
    import pyarrow

    text = f"{PLAIN}\ne1,u,{DAY}10:00Z,1\n".encode()
    zstd = pyarrow.compress(text, codec="zstd", asbytes=True)
    for data in (zipped(a=text), gzip.compress(text), zstd):
        assert len(sent(rows_of(file(tmp_path, data)))) == 1
    assert "a zip of 2 files: a, b" in hint_of(file(tmp_path, zipped(a=text, b=text)))[0]
    assert "Excel workbook" in hint_of(file(tmp_path, zipped(**{"[Content_Types].xml": b"", "b": b""})))[0]


def test_blanks_around_a_cell_are_no_part_of_it_and_a_refusal_shows_the_value(tmp_path: Path) -> None:
    heading = "event_id, user_id, event_time, amount, note"
    text = f'{heading}\ne1, u , {DAY}10:00:00Z, 10.00, "a, b"\ne2, u, noon, 1, c\n'
    rows = rows_of(file(tmp_path, text))
    assert [(one["user_id"], one["note"]) for one in sent(rows)] == [("u", "a, b")]
    assert refused(rows)[0][1].startswith("bad_event_time: 'noon'")


def test_objects_after_a_mark_or_several_on_a_line_are_events(tmp_path: Path) -> None:
    one = f'{{"event_id":"%s","user_id":"u","event_time":"{DAY}10:00Z","amount":1}}'
    text = "\ufeff" + one % "a" + "\n" + one % "b" + one % "c" + "{broken"
    rows = rows_of(file(tmp_path, text, "x.jsonl"))
    assert [made["event_id"] for made in sent(rows)] == ["a", "b", "c"]
    assert [(row.number, row.code) for row in rows if isinstance(row, RefusedRow)] == [(2, "invalid_json")]


def test_a_path_leads_into_nested_objects(tmp_path: Path) -> None:
    data = f'{{"who":{{"id":"u"}},"amount":{{"value":1.50}},"at":"{DAY}10:00Z"}}'
    text = f'{{"id":"e","data":{data},"tags":["x"]}}'
    fields = {
        "event_id": "id",
        "user_id": "data.who.id",
        "amount": "data.amount.value",
        "event_time": "data.at",
    }
    reading = Reading(file(tmp_path, text, "x.jsonl"), ReadOptions(fields), 65_536)
    assert sent(list(reading)) == [
        {"event_id": "e", "user_id": "u", "event_time": "2026-03-01T10:00:00.000Z", "amount": 1.5}
    ]
    assert (
        "x.jsonl has no column data.none" in hint_of(tmp_path / "x.jsonl", fields={"amount": "data.none"})[0]
    )


def parquet(tmp_path: Path, name: str = "x.parquet", **columns: Any) -> Path:
    import pyarrow
    import pyarrow.parquet

    times = pyarrow.array([1_772_359_200_000 + n for n in range(2)], pyarrow.timestamp("ms", "UTC"))
    table = {"event_id": ["e1", "e2"], "user_id": pyarrow.array([42.0, 7.0]), "event_time": times} | columns
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True, parents=True)
    pyarrow.parquet.write_table(pyarrow.table(table), path)
    return path


def test_floats_are_the_shortest_decimal_of_their_width_and_noise_is_rounded(tmp_path: Path) -> None:
    import pyarrow

    narrow = parquet(tmp_path, amount=pyarrow.array([12.34, 99.99], pyarrow.float32()))
    assert [(one["user_id"], one["amount"]) for one in sent(rows_of(narrow))] == [("42", 12.34), ("7", 99.99)]
    noisy = parquet(tmp_path, amount=pyarrow.array([0.1 + 0.2, 59.97]))
    assert refused(rows_of(noisy)) == [
        (1, "bad_amount: '0.30000000000000004': more than 4 digits after the point; see --round 4")
    ]
    reading = Reading(noisy, ReadOptions(round_to=4), 65_536)
    assert ([one["amount"] for one in sent(list(reading))], reading.notes()) == (
        [0.3, 59.97],
        ["1 amounts rounded"],
    )


def test_what_is_no_finite_number_is_no_field(tmp_path: Path) -> None:
    infinite = parquet(tmp_path, amount=[1.5, float("inf")], x=[float("-inf"), float("nan")], mcc=[None, 2.5])
    rows = rows_of(infinite)
    assert ["x" in one for one in sent(rows)] == [False]
    assert refused(rows) == [(2, "wrong_type: amount is not a number: 'inf'; see --kind amount=number")]


def test_what_nothing_uses_refuses_no_payment_and_what_a_rule_uses_does(tmp_path: Path) -> None:
    path = parquet(tmp_path, amount=[1, 2], mcc=[["x"], None], tags=[{"a": 1}, None])
    reading = Reading(path, ReadOptions(), 65_536)
    assert ["mcc" in one or "tags" in one for one in sent(list(reading))] == [False, False]
    assert reading.notes() == [
        f"{name} left out of 1 rows, where it is no text, number or truth value" for name in ("mcc", "tags")
    ]
    assert refused(list(Reading(path, ReadOptions(), 65_536, frozenset(["mcc"])))) == [
        (1, "not_scalar: mcc: a list")
    ]
    assert Reading(path, ReadOptions(keep=frozenset()), 65_536).notes() == []
    assert (
        refused(list(Reading(path, ReadOptions(drop=frozenset(["mcc"])), 65_536, frozenset(["mcc"])))) == []
    )


def test_a_folder_of_parts_a_pattern_and_a_list_are_one_file(tmp_path: Path) -> None:
    for day in (1, 2):
        parquet(tmp_path, f"t/day=2026-03-0{day}/part-0.parquet", amount=[day, day])
    file(tmp_path / "t", "", "_SUCCESS")
    folder = rows_of(tmp_path / "t")
    assert Counter((one["day"], one["amount"]) for one in sent(folder)) == {
        ("2026-03-01", 1): 2,
        ("2026-03-02", 2): 2,
    }
    parts = sorted((tmp_path / "t").rglob("*.parquet"))
    assert (
        list(Reading(parts, ReadOptions(), 65_536)) == folder == rows_of(tmp_path / "t" / "*" / "*.parquet")
    )
    ids = [
        one["event_id"] for one in sent(rows_of(tmp_path / "t", id_from="row", drop=frozenset(["event_id"])))
    ]
    assert ids == ["row-1", "row-2", "row-3", "row-4"]


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


def test_minor_units_follow_the_exponent_of_each_currency(tmp_path: Path) -> None:
    cells = ["1050,eur", "1050,jpy", "1050,KWD", "10.5,EUR", "7,", "105000,CLF"]
    lines = [f"e{n},u,{DAY}10:00:0{n}Z,{cell}" for n, cell in enumerate(cells)]
    path = file(tmp_path, "\n".join([PLAIN + ",currency", *lines]))
    rows = rows_of(path, minor_units=True)
    assert [(one["amount"], one["currency"]) for one in sent(rows)] == [
        (10.5, "EUR"),
        (1050, "JPY"),
        (1.05, "KWD"),
        (10.5, "CLF"),
    ]
    assert refused(rows) == [
        (5, "bad_amount: 10.5 is no whole number of minor units"),
        (6, "bad_amount: no currency says how many minor units there are; see --currency"),
    ]
    assert sent(rows_of(path, minor_units=True, currency="usd"))[3]["amount"] == 0.07


def test_a_line_of_any_length_is_refused_by_its_length(tmp_path: Path) -> None:
    good = f"e1,u,{DAY}10:00Z,1\n"
    rows = rows_of(file(tmp_path, f"{PLAIN}\n{good}{'x' * 3_000_000}\n{good}"))
    assert [(row.number, row.code) for row in rows if isinstance(row, RefusedRow)] == [(3, "too_large")]
    assert "3000000 bytes" in refused(rows)[0][1]
    one = f'{{"event_id":"e","user_id":"u","event_time":"{DAY}10:00Z","amount":1%s}}'
    lines = [one % "", one % f',"x":"{"y" * 3_000_000}"', one % "", (one % "") * 20_000, one % ""]
    rows = rows_of(file(tmp_path, "\n".join(lines), "x.jsonl"))
    assert (len(rows), [(row.number, row.code) for row in rows if isinstance(row, RefusedRow)]) == (
        20_004,
        [(2, "too_large")],
    )


SHARED_CASES: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
    ("bom.jsonl", {}, (2, 0)),
    ("eu-thousands.csv", {"decimal": ","}, (4, 0)),
    ("firehose.jsonl", {}, (3, 0)),
    ("float-ids.csv", {}, (4, 0)),
    ("float32-amount.parquet", {}, (3, 0)),
    ("float64-noise.parquet", {"round_to": 4}, (3, 0)),
    ("mixed-types.parquet", {}, (3, 0)),
    ("preamble.csv", {"skip_lines": 2}, (2, 1)),
    ("reserved.csv", {"fields": {"channel": "source"}, "drop": frozenset(["score"])}, (2, 0)),
    ("semicolon-eu.csv", {"decimal": ","}, (3, 0)),
    ("sep-line.csv", {}, (1, 0)),
    ("spaces.csv", {}, (2, 0)),
    ("times.jsonl", {}, (12, 6)),
    ("unbalanced-quote.csv", {}, (298, 2)),
    ("utf16.csv", {}, (2, 0)),
    ("zipped-as.csv", {}, (2, 0)),
    ("epoch-no-id.csv", {"fields": {"event_time": "timestamp"}, "id_from": "row"}, (3, 0)),
    (
        "sparkov-shape.csv",
        {
            "fields": mapping(
                [
                    "event_id=trans_num",
                    "user_id=cc_num",
                    "card_id=cc_num",
                    "amount=amt",
                    "event_time=trans_date_trans_time",
                ]
            ),
            "zone": "UTC",
            "label": "is_fraud",
        },
        (3, 0),
    ),
    (
        "tabformer-shape.csv",
        {
            "fields": mapping(["user_id=User", "event_time=Year+Month+Day+Time", "amount=Amount"]),
            "zone": "UTC",
            "label": "Is Fraud?",
            "id_from": "row",
        },
        (3, 0),
    ),
]


def shared(name: str) -> Path:
    if not (SHARED / name).is_file():
        pytest.skip(f"{name} is not beside this checkout")
    return SHARED / name


@pytest.mark.parametrize(("name", "options", "counts"), SHARED_CASES, ids=[one[0] for one in SHARED_CASES])
def test_reported_files_are_read_whole(name: str, options: dict[str, Any], counts: tuple[int, int]) -> None:
    rows = rows_of(shared(name), **options)
    assert (len(sent(rows)), len(refused(rows))) == counts


@pytest.mark.parametrize(
    ("name", "rules", "options", "expected"),
    [
        ("order-ascending.csv", "rules-basic.yaml", {}, {"velocity": 12}),
        ("order-fraud-first.csv", "rules-basic.yaml", {}, {"velocity": 12}),
        ("pandas-booleans.csv", "rules-basic.yaml", {}, {"not_present": 3, "new_device": 3}),
        ("mcc-leading-zero.csv", "rules-basic.yaml", {}, {"risky_mcc": 3}),
        ("mcc-quoted.csv", "rules-basic.yaml", {}, {"risky_mcc": 3}),
        ("eu-thousands.csv", "rules-large.yaml", {"decimal": ","}, {"large": 2}),
    ],
)
def test_reported_files_are_decided_right(
    name: str, rules: str, options: dict[str, Any], expected: dict[str, int]
) -> None:
    found = judged(shared(name), yaml.safe_load(shared(rules).read_text()), **options)
    assert fired(found) == expected


@pytest.mark.parametrize("name", ["duplicate-column.csv", "preamble.csv", "reserved.csv", "semicolon-eu.csv"])
def test_reported_files_that_cannot_be_read_so_are_refused_once(name: str) -> None:
    assert all(hint_of(shared(name)))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_addresses_and_codes_have_one_spelling_and_blanks_are_absent(tmp_path: Path, kind: str) -> None:
    values = {"ip": ["2001:DB8::1", "::ffff:1.2.3.4"], "country": ["de", " "], "channel": ["", "web"]}
    if kind == "parquet":
        path = parquet(tmp_path, amount=[1, 2], **values)
    else:
        rows = [
            {"event_id": f"e{n}", "user_id": "u", "event_time": f"{DAY}10:00Z", "amount": 1}
            | {name: cells[n] for name, cells in values.items()}
            for n in range(2)
        ]
        heading = ",".join(rows[0])
        lines = [",".join(map(str, row.values())) for row in rows]
        text = "\n".join([heading, *lines] if kind == "csv" else map(json.dumps, rows))
        path = file(tmp_path, text, f"x.{kind}")
    found = [row.transaction.fields for row in rows_of(path) if isinstance(row, Row)]
    assert found == [
        {"ip": "2001:db8::1", "country": "DE", "ip_as_sent": "2001:DB8::1"},
        {"ip": "1.2.3.4", "channel": "web", "ip_as_sent": "::ffff:1.2.3.4"},
    ]
    if kind == "csv":
        text = f'{PLAIN},ip\ne,u,{DAY}10:00Z,1,"1.2.3.4, 10.0.0.1"\n'
        assert refused(rows_of(file(tmp_path, text, "p.csv")))[0][1].startswith(
            "bad_ip: '1.2.3.4, 10.0.0.1': several addresses"
        )


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_ids_that_nobody_can_tell_apart_are_refused_as_the_job_refuses_them(
    tmp_path: Path, name: str
) -> None:
    cards = ["4\u200b2", "42", "x" * 257, "\u202e42"]
    if name == "x.csv":
        lines = ["event_id,user_id,event_time,amount,card_id"]
        lines += [f"e{n},u,2026-01-01T12:00:00Z,1,{card}" for n, card in enumerate(cards)]
    else:
        head = {"user_id": "u", "event_time": "2026-01-01T12:00:00Z", "amount": 1}
        lines = [json.dumps({"event_id": f"e{n}", **head, "card_id": card}) for n, card in enumerate(cards)]
    path = file(tmp_path, "\n".join(lines) + "\n", name)
    assert [one.reason for one in Reading(path, ReadOptions(), 65_536) if isinstance(one, RefusedRow)] == [
        "bad_id: card_id has U+200B, which nobody sees",
        "id_too_long: card_id has 257 bytes, at most 256",
        "bad_id: card_id has U+202E, which nobody sees",
    ]
    taken = Reading(path, ReadOptions(), 65_536, ids=IdLimits(300, True))
    assert [type(one) for one in taken] == [Row] * 4
