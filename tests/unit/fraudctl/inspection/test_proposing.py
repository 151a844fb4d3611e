"""What is proposed for columns that no field has a test for: words for nothing, truth values, ids, labels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fraudctl.files.rows import Row
from tests.unit.fraudctl.inspection.asked import ISO, PLAIN, inspected, put, read, run


def test_words_for_nothing_among_numbers_and_labels_are_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["0.5,1,2024-06-01", "NULL,NULL,NULL", "0.7,0,NULL"]
    lines = [f"e{n},u,{ISO.format(n)},1.5,{row}" for n, row in enumerate(rows)]
    path = put(tmp_path, "\n".join([f"{PLAIN},risk,is_fraud,chargeback_date", *lines]))
    mapping, read, tested = inspected(capsys, path)
    assert mapping == {"map": {"label_time": "chargeback_date"}, "label": "is_fraud", "absent": ["NULL"]}
    assert (read["accepted"], read["labelled"], read["fraud"]) == (3, 2, 1)
    assert (tested["labels"]["fraud"], tested["labels"]["legit"]) == (1, 1)


def test_a_number_among_ids_that_a_spreadsheet_has_cut_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, f"event_id,cc_num,event_time,amount\ne0,4.00000E+15,{ISO.format(0)},1.5\n")
    _, told = run(capsys, "inspect", str(path))
    texts = [one["text"] for one in told["data"]["notes"]]
    assert (
        "cc_num holds '4.00000E+15': what wrote it may have cut digits off, and made one of several" in texts
    )


def test_a_file_whose_name_begins_with_a_dash_is_read_by_the_command_that_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, f"{PLAIN}\ne,u,{ISO.format(0)},1.5\n", "-x.csv")
    assert inspected(capsys, f"{os.curdir}{os.sep}-x.csv")[1]["accepted"] == 1


def test_pairs_of_words_that_may_be_truth_values_are_told_to_be_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, f"{PLAIN},online\na,u,{ISO.format(0)},1.5,t\nb,u,{ISO.format(1)},1.5,f\n")
    _, told = run(capsys, "inspect", str(path))
    note = {"how": "assumed", "text": "online holds f and t: texts, no truth values"}
    assert note | {"otherwise": ["--kind online=bool"]} in told["data"]["notes"]


def test_a_column_that_is_named_as_a_label_and_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,{ISO.format(n)},1.5,{n - 1}" for n in range(3)]
    _, told = run(capsys, "inspect", str(put(tmp_path, "\n".join([f"{PLAIN},is_fraud", *rows]))))
    texts = [one["text"] for one in told["data"]["notes"]]
    assert "is_fraud is no label, for it holds other than 1 and 0: -1, 0, 1" in texts


def test_words_for_nothing_among_truth_values_are_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,{ISO.format(n)},1.5,{word}" for n, word in enumerate(("True", "nan", "False"))]
    path = put(tmp_path, "\n".join([f"{PLAIN},is_new", *rows]))
    assert inspected(capsys, path)[0] == {"absent": ["nan"]}
    rows = [row for row in read(path, absent=frozenset(["nan"])) if isinstance(row, Row)]
    assert [row.transaction.fields.get("is_new") for row in rows] == [True, None, False]
