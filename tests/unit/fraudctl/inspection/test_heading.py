"""Headings of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.fraudctl.inspection.asked import ISO, PLAIN, inspected, open_notes, put


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("'event_id','user_id','event_time','amount'\n'e','u','{0}','1.5'\n", {"quote": "'"}),
        ("event_id,user_id,event_time,amount\ne,u,{0},1.5,\nf,u,{0},1.5,\n", {}),
        ("event_id,user_id,event_time,amount,,\ne,u,{0},1.5,x,\n", {}),
        ('"event\n_id",user_id,event_time,amount\ne,u,{0},1.5\n', {"map": {"event_id": "event _id"}}),
    ],
)
def test_headings_of_other_programs_are_found(
    text: str, mapping: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, read, _ = inspected(capsys, put(tmp_path, text.format(ISO.format(0))))
    assert (found, read["refused_rows"]) == (mapping, 0)


def test_a_heading_that_is_a_name_short_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, f"{PLAIN}\n1,e,u,{ISO.format(0)},1.5\n2,f,u,{ISO.format(1)},1.5\n")
    asked = "rows have a cell more than the heading on line 1: put a name where one lacks"
    assert open_notes(capsys, path)[0] == asked
