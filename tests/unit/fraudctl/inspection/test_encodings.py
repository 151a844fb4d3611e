"""Which encoding a file is in, where nothing in it says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraudctl.inspection.encodings import encoding_of
from tests.unit.fraudctl.inspection.asked import ISO, inspected, put

GERMAN = "Konto;Empf\u00e4nger\n1;M\u00fcller\n2;Stra\u00dfe\n"
RUSSIAN = "\u0414\u0430\u0442\u0430;\u0421\u0443\u043c\u043c\u0430\n01.05.2024;12,50\n"
JAPANESE = "\u6c7a\u6e08ID,\u6c7a\u6e08\u65e5\u6642,\u91d1\u984d\n1,2024/05/01 10:00:00,500\n"
POLISH = "Konto;Klient\n1;\u0141ukasz Wi\u015bniewski\n2;Ma\u0142gorzata D\u0105browska\n"
CHINESE = "\u4ea4\u6613\u53f7,\u4ea4\u6613\u65f6\u95f4,\u91d1\u989d\n1,2024-05-01 10:00:00,12.50\n"


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (GERMAN, "utf-8", None),
        (GERMAN, "utf-16", None),
        (GERMAN, "cp1252", "cp1252"),
        (GERMAN, "cp850", "cp850"),
        (GERMAN, "mac_roman", "mac_roman"),
        (GERMAN.replace("M\u00fcller", "O\u2019Brien \u2013 caf\u00e9\u2026"), "cp1252", "cp1252"),
        (POLISH, "cp1250", "cp1250"),
        (RUSSIAN, "cp866", "cp866"),
        (RUSSIAN, "cp1251", "cp1251"),
        (RUSSIAN, "koi8_r", "koi8_r"),
        (JAPANESE, "cp932", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE.replace("\n1,", "\n" + "1," * 70_000, 1), "gb18030", "gb18030"),
        ("Konto;Name\n" + "1;a\n" * 500_000 + GERMAN, "cp1252", "cp1252"),
        ("id,name\n" + "1,a\n" * 500_000 + JAPANESE * 20, "cp932", "cp932"),
    ],
)
def test_the_encoding_is_the_one_whose_letters_and_names_belong_together(
    text: str, encoding: str, found: str | None, tmp_path: Path
) -> None:
    assert encoding_of(put(tmp_path, text.encode(encoding))).name == found


def test_a_line_that_is_broken_makes_no_other_encoding_of_a_file(tmp_path: Path) -> None:
    whole = GERMAN.encode() * 10
    assert encoding_of(put(tmp_path, whole + b"3;\xe4\xf6\n")).name is None
    assert encoding_of(put(tmp_path, b"id;n\n1;\xe4\xf6\xfc\xdf\n")).name == "cp1252"


def test_of_what_could_be_several_the_others_are_told(tmp_path: Path) -> None:
    found = encoding_of(put(tmp_path, "id;n\n1;\u017b\u00f3\u0142\u0107\n".encode("cp1250")))
    assert {"cp1250"} <= {found.name, *found.others}


def test_objects_of_json_may_be_in_another_encoding_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"event_id": "e", "user_id": "J\u00fcrgen", "event_time": ISO.format(0), "amount": 1.5}
    text = json.dumps(one, ensure_ascii=False)
    assert inspected(capsys, put(tmp_path, text.encode("cp1252"), "x.jsonl"))[0] == {"encoding": "cp1252"}
    assert inspected(capsys, put(tmp_path, text, "x.jsonl"))[0] == {}
