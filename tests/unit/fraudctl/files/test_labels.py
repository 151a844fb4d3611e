"""Labels, in a file of payments or of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.errors import UsageError
from fraudctl.files.rows import Row
from pipeline.records.quantities import format_time
from tests.unit.fraudctl.files.as_read import DAY, PLAIN, file, fired, judged, reading


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


def test_a_file_of_labels_may_name_its_columns_as_the_payments_do_or_plainly(tmp_path: Path) -> None:
    lines = "".join(f"t{n},u{n},{DAY}10:00:0{n}Z,1\n" for n in range(3))
    path = file(tmp_path, f"tx,user_id,event_time,amount\n{lines}")
    for heading in ("tx,is_fraud", "event_id,is_fraud", "event_id,label"):
        labels = file(tmp_path, f"{heading}\nt0,1\nt1,0\n", "labels.csv")
        said = {} if heading.endswith("label") else {"label": "is_fraud"}
        found = judged(path, labels=labels, fields={"event_id": "tx"}, **said)
        assert (found.truths.matched, found.known["fraud"], found.known["legit"]) == (2, 1, 1)
    with pytest.raises(UsageError, match="no column event_id"):
        judged(path, labels=file(tmp_path, "a,label\n1,1\n", "l.csv"), fields={"event_id": "tx"})
    with pytest.raises(UsageError, match="has no column nowhere"):
        judged(
            path,
            labels=file(tmp_path, "tx,label\nt0,1\n", "l.csv"),
            fields={"event_id": "tx", "by": "nowhere"},
        )


def test_labels_may_lie_in_objects_within_objects_under_names_of_their_own(tmp_path: Path) -> None:
    path = file(tmp_path, f"{PLAIN}\nt0,u,{DAY}10:00Z,1\n")
    labels = file(tmp_path, '{"data":{"tx":"t0","bad":true}}\n{"data":{"tx":"t9"}}\n', "labels.jsonl")
    found = judged(path, labels=labels, fields={"event_id": "data.tx", "label": "data.bad"})
    assert (found.truths.matched, found.known["fraud"]) == (1, 1)
    assert found.truths.refused.reasons() == {"missing_field": 1}


def test_what_is_said_of_kinds_and_times_counts_for_labels_too(tmp_path: Path) -> None:
    payment = {"event_id": 17, "user_id": "u", "event_time": f"{DAY}10:00Z", "amount": 1}
    path = file(tmp_path, json.dumps(payment), "x.jsonl")
    labels = file(tmp_path, '{"event_id":17.0,"label":1}\n{"event_id":17,"label":1,"label":0}\n', "l.jsonl")
    found = judged(path, labels=labels, kinds={"event_id": "text"})
    assert (found.truths.matched, found.truths.refused.reasons()) == (1, {"duplicate_field": 1})
