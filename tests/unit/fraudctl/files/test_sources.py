"""Folders, patterns and lists that stand for several files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading
from tests.unit.fraudctl.files.as_read import (
    DAY,
    PLAIN,
    RULES,
    file,
    fired,
    judged,
    parquet,
    reading,
    rows_of,
    sent,
    values,
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


def test_rows_that_are_users_of_their_own_are_so_in_all_files_together(tmp_path: Path) -> None:
    for part in range(2):
        file(tmp_path, f"event_id,event_time,amount\ne{part},{DAY}10:00Z,1\n", f"d/{part}.csv")
    assert values("user_id", reading(tmp_path / "d", user_from="row")) == ["row-2", "row-4"]
    two = {**RULES, "rules": {"busy": {"when": "n >= 2", "points": 60}}}
    assert judged(tmp_path / "d", two, user_from="row").fired["busy"].alerts.part == 0


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


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json", "x.parquet"])
def test_what_a_folder_says_is_a_column_of_files_of_any_format(name: str, tmp_path: Path) -> None:
    rows = [
        {"event_id": f"e{n}", "user_id": "u", "event_time": f"{DAY}10:0{n}:00Z", "amount": n}
        for n in range(2)
    ]
    folder = tmp_path / "country=DE" / "merchant_id=m"
    if name.endswith("csv"):
        lines = (",".join(map(str, row.values())) for row in rows)
        file(folder, "\n".join([PLAIN, *lines]), name)
    elif name.endswith("parquet"):
        folder.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / name)
    else:
        text = json.dumps(rows) if name == "x.json" else "\n".join(map(json.dumps, rows))
        file(folder, text, name)
    found = reading(folder / name)
    assert (values("country", found), values("merchant_id", found)) == (["DE", "DE"], ["m", "m"])
    german = {**RULES, "rules": {"german": {"when": 'country == "DE" and merchant_id == "m"', "points": 60}}}
    assert fired(judged(folder / name, german)) == {"german": 2}


def test_what_an_object_says_itself_counts_before_its_folder(tmp_path: Path) -> None:
    lines = [
        {"event_id": f"e{n}", "user_id": "u", "event_time": f"{DAY}10:0{n}:00Z", "amount": 1} | own
        for n, own in enumerate(({"country": "FR"}, {}, {"country": None}))
    ]
    path = file(tmp_path / "country=DE", "\n".join(map(json.dumps, lines)), "x.jsonl")
    assert values("country", reading(path)) == ["FR", "DE", None]
    assert values("user_id", reading(path, fields={"user_id": "country"})) == ["FR", "DE"]
