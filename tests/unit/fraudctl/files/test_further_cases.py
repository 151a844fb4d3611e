"""Further files as people have them: each a kind of which a figure was wrong or a row lost in silence."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudctl.compare.backtest import Backtest, Order, run
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions, kinds, moment_ms
from fraudctl.files.rows import Reading, RefusedRow, Row
from pipeline.records.events import encode
from pipeline.records.quantities import format_time
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse

DAY = "2026-03-01T"
PLAIN = "event_id,user_id,event_time,amount"
RULES = parse(
    {
        "version": "v",
        "features": {"n": {"by": "user_id", "agg": "count", "window": "10m"}},
        "rules": {"busy": {"when": "n >= 2", "points": 60}},
        "thresholds": {"review": 50, "block": 90},
    }
)


def file(folder: Path, text: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def reading(path: Path, **options: Any) -> Reading:
    return Reading(path, ReadOptions(**options), 65_536)


def sent(rows: Reading | list[Row | RefusedRow]) -> list[dict[str, Any]]:
    plain = (encode(row.transaction) for row in rows if isinstance(row, Row))
    return [json.loads(one, parse_float=Decimal) for one in plain]


def values(name: str, rows: Reading) -> list[Any]:
    return [one.get(name) for one in sent(rows)]


def refused(rows: Reading) -> list[tuple[int, str]]:
    return [(row.number, row.code) for row in rows if isinstance(row, RefusedRow)]


def csv(folder: Path, cells: list[str], column: str = "note", name: str = "x.csv") -> Path:
    lines = [f"e{n},u{n},{DAY}10:00:0{n}Z,1,{cell}" for n, cell in enumerate(cells)]
    return file(folder, "\n".join([f"{PLAIN},{column}", *lines, ""]), name)


def amounts(folder: Path, cells: list[str], **options: Any) -> list[Decimal]:
    lines = [f"e{n}|u|{DAY}10:00Z|{cell}" for n, cell in enumerate(cells)]
    found = reading(file(folder, "\n".join([PLAIN.replace(",", "|"), *lines])), **options)
    return [Decimal(one) for one in values("amount", found)]


def judged(path: Path, labels: Path | None = None, **options: Any) -> Backtest:
    order = Order([path], ReadOptions(**options), RULES, PlanSettings(), labels)
    return run(order, Progress())


def test_rows_that_are_users_of_their_own_are_so_in_all_files_together(tmp_path: Path) -> None:
    for part in range(2):
        file(tmp_path, f"event_id,event_time,amount\ne{part},{DAY}10:00Z,1\n", f"d/{part}.csv")
    assert values("user_id", reading(tmp_path / "d", user_from="row")) == ["row-2", "row-4"]
    assert judged(tmp_path / "d", user_from="row").fired["busy"].alerts.part == 0


@pytest.mark.parametrize("between", [",", "", " "])
def test_rows_that_stand_on_one_line_get_ids_and_users_of_their_own(tmp_path: Path, between: str) -> None:
    one = json.dumps({"event_time": f"{DAY}10:00Z", "amount": 1})
    path = file(tmp_path, f"{between.join([one] * 3)}\n{one}", "x.jsonl")
    found = reading(path, id_from="row", user_from="row")
    ids = ["row-1", "row-1.2", "row-1.3", "row-2"]
    assert (values("event_id", found), values("user_id", found)) == (ids, ids)


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


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_heading_in_the_middle_is_refused_and_changes_no_kind(tmp_path: Path, mark: str) -> None:
    one = f"{PLAIN},risk,device_id\ne1,u,{DAY}10:00Z,1,0.5,7.0\n"
    found = reading(file(tmp_path, one + mark + one))
    assert refused(found) == [(3, "repeated_heading")]
    assert (values("risk", found), values("device_id", found)) == ([Decimal("0.5")] * 2, ["7"] * 2)


def test_a_line_of_totals_changes_no_kind_and_no_id(tmp_path: Path) -> None:
    path = file(tmp_path, f"{PLAIN},risk\n1001.0,u,{DAY}10:00Z,1,0.5\nTotal,,,1,n/a\n")
    found = reading(path)
    assert refused(found) == [(3, "missing_field")]
    assert (values("event_id", found), values("risk", found)) == (["1001"], [Decimal("0.5")])


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
        assert refused(found) == [(3, "bad_event_time")]


@pytest.mark.parametrize(
    ("cells", "options", "expected"),
    [
        (
            ["12.50-", "(3)", "($7.25)", "$(1)", "\u22124", "- 5"],
            {},
            ["-12.5", "-3", "-7.25", "-1", "-4", "-5"],
        ),
        (["1'234.50", "1\u2009234", "2 000.5"], {"decimal": "."}, ["1234.5", "1234", "2000.5"]),
        (["1.234.567", "25.000", "(1,5)"], {"decimal": ","}, ["1234567", "25000", "-1.5"]),
        (["12.50 EUR", "EUR -3", "4 EUR-"], {"currency": "eur"}, ["12.5", "-3", "-4"]),
    ],
)
def test_amounts_are_read_as_bookkeepers_write_them(
    tmp_path: Path, cells: list[str], options: dict[str, Any], expected: list[str]
) -> None:
    assert amounts(tmp_path, cells, **options) == [Decimal(one) for one in expected]


@pytest.mark.parametrize(
    "cell", ["(-3)", "-3-", "(3", "3)", "()", "-(3)", "$3 EUR", "12 EUR", "12 USD", "1 2", "- -3"]
)
def test_what_is_no_amount_or_says_two_things_is_refused(tmp_path: Path, cell: str) -> None:
    assert amounts(tmp_path, [cell, "5"], currency="gbp", decimal=".") == [5]


def test_blanks_between_thousands_are_refused_with_the_option_that_reads_them(tmp_path: Path) -> None:
    found = list(reading(file(tmp_path, f"{PLAIN}\na,u,{DAY}10:00Z,1'234.50\n")))
    assert isinstance(found[0], RefusedRow)
    assert "say what parts the decimals: --decimal . (or --decimal ,)" in found[0].reason


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(("cell", "shown"), [("1.234.567", "several points"), ("12,50", "a comma")])
def test_nothing_is_guessed_of_a_column_that_shows_thousands(
    tmp_path: Path, ending: str, cell: str, shown: str
) -> None:
    cells = ["25.000", cell]
    rows = [
        {"event_id": f"e{n}", "user_id": "u", "event_time": f"{DAY}10:00Z", "amount": one}
        for n, one in enumerate(cells)
    ]
    path = tmp_path / f"x.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif ending == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        path.write_text("\n".join([PLAIN, *(f'e,u,{DAY}10:00Z,"{one}"' for one in cells)]))
    with pytest.raises(UsageError, match=f"amount shows {shown}: '{cell}'") as caught:
        reading(path, kinds={"amount": "number"})
    assert caught.value.hint == "say what parts the decimals: --decimal , (or --decimal .)"
    found = reading(path, kinds={"amount": "number"}, decimal=",")
    assert values("amount", found) == [
        25_000,
        1_234_567 if "1" in cell[:2] and "." in cell else Decimal("12.5"),
    ]


def test_ids_with_an_exponent_have_all_digits_and_codes_stay_as_they_are(tmp_path: Path) -> None:
    found = reading(csv(tmp_path, ["4.0000000000000113E+18", "1.0e+15", "42.0"], "card_id"))
    assert values("card_id", found) == ["4000000000000011300", "1000000000000000", "42"]
    assert values("card_id", reading(csv(tmp_path, ["12e5", "1200000"], "card_id"))) == ["12e5", "1200000"]


def test_doubles_of_parquet_with_an_exponent_are_the_numbers_they_are(tmp_path: Path) -> None:
    table = pa.table(
        {
            "event_id": pa.array([4.0000000000000113e18, None]),
            "user_id": ["u", "u"],
            "event_time": pa.array([1.7724e18, None]),
            "amount": pa.array([1.5, 2.0]),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    found = sent(reading(tmp_path / "x.parquet"))
    assert [(one["event_id"], one["event_time"]) for one in found] == [
        ("4000000000000011300", "2026-03-01T21:20:00.000Z")
    ]


def test_a_time_of_parquet_that_no_calendar_has_refuses_its_row_alone(tmp_path: Path) -> None:
    at = pa.array([1_772_359_200_000_000, 9_000_000_000_000_000_000], pa.timestamp("us", "UTC"))
    table = pa.table(
        {"event_id": ["a", "b"], "user_id": ["u", "u"], "event_time": at, "amount": [1, 2], "until": at[::-1]}
    )
    pq.write_table(table, tmp_path / "x.parquet")
    found = reading(tmp_path / "x.parquet")
    assert (values("event_id", found), refused(found)) == (["a"], [(2, "bad_event_time")])


def test_a_blank_label_is_none_and_refuses_no_payment(tmp_path: Path) -> None:
    rows = [
        {"event_id": "e", "user_id": "u", "event_time": f"{DAY}10:00Z", "amount": 1, **more}
        for more in ({"label": ""}, {"label": " "}, {"label": 1, "label_time": "", "scenario": ""})
    ]
    path = file(tmp_path, "\n".join(map(json.dumps, rows)), "x.jsonl")
    labels = [row.label for row in reading(path) if isinstance(row, Row)]
    assert labels[:2] == [None, None]
    assert labels[2] is not None
    assert (labels[2].fraud, labels[2].time_ms, labels[2].scenario) == (True, None, None)


@pytest.mark.parametrize(
    ("text", "options", "known"),
    [
        ("2026-03-05", {}, "2026-03-06T00:00:00.000Z"),
        ("2026-03-05", {"zone": "Europe/Berlin"}, "2026-03-05T23:00:00.000Z"),
        ("05.03.2026", {"time_formats": ("%d.%m.%Y %H:%M", "%d.%m.%Y")}, "2026-03-06T00:00:00.000Z"),
        ("2026-03-05T10:00Z", {"time_formats": ("%d.%m.%Y %H:%M",)}, "2026-03-05T10:00:00.000Z"),
        ("1772704800", {}, "2026-03-05T10:00:00.000Z"),
        ("1772704800000", {}, "2026-03-05T10:00:00.000Z"),
    ],
)
def test_when_a_label_became_known_need_not_be_written_as_event_times_are(
    tmp_path: Path, text: str, options: dict[str, Any], known: str
) -> None:
    at = "01.03.2026 10:00" if "time_formats" in options else f"{DAY}10:00Z"
    zone = {"zone": "UTC"} if "time_formats" in options else {}
    path = file(tmp_path, f"{PLAIN},label,label_time\ne,u,{at},1,1,{text}\n")
    found = reading(path, **zone | options)
    (row,) = list(found)
    assert isinstance(row, Row)
    assert row.label is not None
    assert row.label.time_ms is not None
    assert format_time(row.label.time_ms) == known
    days = (
        ["1 labels are dated by the day, and known from its end on"]
        if len(text) == 10 and "1772" not in text
        else []
    )
    assert found.notes() == days


def test_folders_that_say_no_value_or_escape_it_are_read_as_their_writers_mean(tmp_path: Path) -> None:
    for n, folder in enumerate(("country=__HIVE_DEFAULT_PARTITION__", "country=de", "merchant_id=A%2FB %25")):
        file(tmp_path, f"{PLAIN}\ne{n},u,{DAY}10:00Z,1\n", f"d/{folder}/part.csv")
    found = {one["event_id"]: one for one in sent(reading(tmp_path / "d"))}
    assert [found[f"e{n}"].get("country") for n in range(3)] == [None, "DE", None]
    assert found["e2"]["merchant_id"] == "A/B %"


def test_a_pattern_and_a_folder_leave_markers_and_parts_without_a_byte_aside(tmp_path: Path) -> None:
    for n, text in enumerate((f"{PLAIN}\ne,u,{DAY}10:00Z,1\n", "")):
        file(tmp_path, text, f"d/part-{n}.csv")
    file(tmp_path, "", "d/_SUCCESS")
    for path in (tmp_path / "d", tmp_path / "d" / "*", tmp_path / "d" / "part-*"):
        assert values("event_id", reading(path)) == ["e"]
    with pytest.raises(UsageError, match="has no heading"):
        reading(tmp_path / "d" / "part-1.csv")


def test_an_unknown_currency_has_no_minor_units(tmp_path: Path) -> None:
    text = "".join(f"{code},u,{DAY}10:00Z,1050,{code}\n" for code in ("trl", "XYZ", "XAU", "USD"))
    found = reading(file(tmp_path, f"{PLAIN},currency\n{text}"), minor_units=True)
    assert (values("amount", found), refused(found)) == (
        [1050, Decimal("10.5")],
        [(3, "bad_amount"), (4, "bad_amount")],
    )


def test_a_file_of_labels_may_name_its_columns_as_the_payments_do_or_plainly(tmp_path: Path) -> None:
    lines = "".join(f"t{n},u{n},{DAY}10:00:0{n}Z,1\n" for n in range(3))
    path = file(tmp_path, f"tx,user_id,event_time,amount\n{lines}")
    for heading in ("tx,is_fraud", "event_id,is_fraud", "event_id,label"):
        labels = file(tmp_path, f"{heading}\nt0,1\nt1,0\n", "labels.csv")
        said = {} if heading.endswith("label") else {"label": "is_fraud"}
        found = judged(path, labels, fields={"event_id": "tx"}, **said)
        assert (found.truths.matched, found.known["fraud"], found.known["legit"]) == (2, 1, 1)
    with pytest.raises(UsageError, match="no column event_id"):
        judged(path, file(tmp_path, "a,label\n1,1\n", "l.csv"), fields={"event_id": "tx"})
    with pytest.raises(UsageError, match="has no column nowhere"):
        judged(path, file(tmp_path, "tx,label\nt0,1\n", "l.csv"), fields={"event_id": "tx", "by": "nowhere"})


def test_labels_may_lie_in_objects_within_objects_under_names_of_their_own(tmp_path: Path) -> None:
    path = file(tmp_path, f"{PLAIN}\nt0,u,{DAY}10:00Z,1\n")
    labels = file(tmp_path, '{"data":{"tx":"t0","bad":true}}\n{"data":{"tx":"t9"}}\n', "labels.jsonl")
    found = judged(path, labels, fields={"event_id": "data.tx", "label": "data.bad"})
    assert (found.truths.matched, found.known["fraud"]) == (1, 1)
    assert found.truths.refused.reasons() == {"missing_field": 1}


def test_what_is_said_of_kinds_and_times_counts_for_labels_too(tmp_path: Path) -> None:
    payment = {"event_id": 17, "user_id": "u", "event_time": f"{DAY}10:00Z", "amount": 1}
    path = file(tmp_path, json.dumps(payment), "x.jsonl")
    labels = file(tmp_path, '{"event_id":17.0,"label":1}\n{"event_id":17,"label":1,"label":0}\n', "l.jsonl")
    found = judged(path, labels, kinds={"event_id": "text"})
    assert (found.truths.matched, found.truths.refused.reasons()) == (1, {"duplicate_field": 1})


def test_a_kind_is_said_of_a_column_with_any_name_and_a_start_may_lie_long_ago() -> None:
    assert kinds(["a=b=text", "c=bool"]) == {"a=b": "text", "c": "bool"}
    assert moment_ms("--time-start", "1899-12-30T00:00:00Z") == -2_209_161_600_000
    assert moment_ms("--time-start", "1970-01-01T00:00:00Z") == 0
    for text in ("1899-12-30T00:00:00", "yesterday", "0000-01-01T00:00:00Z"):
        with pytest.raises(UsageError):
            moment_ms("--time-start", text)


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


def test_a_heading_may_go_over_lines_and_rows_end_with_a_delimiter(tmp_path: Path) -> None:
    text = (
        f'"event\n_id";user_id;"event_time";"amount\n\n(EUR)"\ne0;u;{DAY}10:00Z;1;\n"e1";u;{DAY}10:00Z;2;;\n'
    )
    text += f"e2;u;{DAY}10:00Z;3;x\n"
    fields = {"event_id": "event _id", "amount": "amount (EUR)"}
    found = reading(file(tmp_path, text), fields=fields, delimiter=";")
    assert (values("amount", found), refused(found)) == ([1, 2], [(7, "invalid_csv")])


@pytest.mark.parametrize(
    "pack", [bz2.compress, lzma.compress, lambda data: gzip.compress(gzip.compress(data))]
)
def test_files_that_are_packed_otherwise_or_twice_are_read(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(f"{PLAIN}\ne,u,{DAY}10:00Z,1\n".encode())
    assert values("event_id", reading(file(tmp_path, packed))) == ["e"]
    with pytest.raises(UsageError, match="cannot be read"):
        reading(file(tmp_path, packed[:-9]))


def test_a_zip_of_a_packed_file_is_read_and_one_of_a_zip_is_not(tmp_path: Path) -> None:
    def zipped(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("inner", data)
        return out.getvalue()

    plain = f"{PLAIN}\ne,u,{DAY}10:00Z,1\n".encode()
    assert values("event_id", reading(file(tmp_path, zipped(gzip.compress(plain))))) == ["e"]
    with pytest.raises(UsageError, match="is packed twice"):
        reading(file(tmp_path, zipped(zipped(plain))))


def test_a_column_that_is_said_to_be_bool_may_hold_the_words_of_databases(tmp_path: Path) -> None:
    found = reading(csv(tmp_path, ["t", "F", "Yes", "n", "1.0", "0"], "online"), kinds={"online": "bool"})
    assert values("online", found) == [True, False, True, False, True, False]


def test_a_text_that_is_kept_from_excel_is_that_text(tmp_path: Path) -> None:
    path = file(tmp_path, f'{PLAIN}\ne,="007",{DAY}10:00Z,1\nf,"=""008""",{DAY}10:00Z,1\n')
    assert values("user_id", reading(path)) == ["007", "008"]


def test_links_in_a_folder_are_followed_and_one_to_nowhere_is_no_file_that_may_lack(tmp_path: Path) -> None:
    one = f"{PLAIN}\ne{{}},u,{DAY}10:00Z,1\n"
    file(tmp_path, one.format(0), "d/0.csv")
    file(tmp_path, one.format(1), "elsewhere/1.csv")
    (tmp_path / "d" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "d")
    assert sorted(values("event_id", reading(tmp_path / "d"))) == ["e0", "e1"]
    (tmp_path / "d" / "2.csv").symlink_to(tmp_path / "nowhere.csv")
    with pytest.raises(UsageError, match=r"2\.csv is not a file"):
        reading(tmp_path / "d")


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
    assert (values("note", found), refused(found)) == (["x", text, "y"], [])
