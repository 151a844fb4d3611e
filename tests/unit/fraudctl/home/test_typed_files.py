"""A file of a home is read as its type, or named with what is wrong and the mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from fraudctl.home import typed_files
from fraudctl.home.typed_files import Damaged, Newer


@dataclass(frozen=True)
class Thing:
    run: int
    offsets: Mapping[str, int]
    name: str | None = None


KIND = TypeAdapter(Thing)


def read(file: Path, text: str | bytes) -> Thing | None:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return typed_files.read(file, KIND, "mend it")


@pytest.mark.parametrize("format_", ["", '"format": 1, '])
def test_a_file_of_this_format_is_read_and_fields_of_later_versions_are_left_out(
    tmp_path: Path, format_: str
) -> None:
    text = f'{{{format_}"run": 3, "offsets": {{"0": 4}}, "later": true}}'
    assert read(tmp_path / "file", text) == Thing(3, {"0": 4})


def test_no_file_is_nothing(tmp_path: Path) -> None:
    assert typed_files.read(tmp_path / "file", KIND, "") is None
    (tmp_path / "folder").write_text("")
    assert typed_files.read(tmp_path / "folder" / "file", KIND, "") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is damaged: it is empty"),
        ("[]", "is damaged: it holds no object"),
        ("[" * 100_000, "is damaged: maximum recursion depth"),
        (b"\xff\xfe{", "is damaged: "),
        ('{"run": 3', "is damaged: Expecting"),
        ('{"format": "one"}', "is damaged: format: 'one' is no format"),
        (
            '{"run": "3", "offsets": {"0": 1.5}}',
            "is damaged: run: input should be a valid integer; offsets.0: input should be a valid integer",
        ),
        ('{"offsets": {}}', "is damaged: run: field required"),
    ],
)
def test_a_damaged_file_is_named_with_every_problem_by_its_path(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    with pytest.raises(Damaged) as refused:
        read(tmp_path / "file", text)
    assert refused.value.message.startswith(f"{tmp_path / 'file'} {said}")
    assert (refused.value.code, refused.value.hint) == ("damaged", "mend it")


def test_a_file_that_cannot_be_opened_is_damaged_as_well(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(Damaged, match="cannot be read: Is a directory"):
        typed_files.read(tmp_path / "file", KIND, "mend it")


def test_a_newer_format_is_refused_whatever_else_it_holds(tmp_path: Path) -> None:
    with pytest.raises(Newer) as refused:
        read(tmp_path / "file", '{"format": 2, "all": "new"}')
    assert (refused.value.message, refused.value.hint) == (
        f"{tmp_path / 'file'} was written by a newer fraudctl (format 2, this one knows 1)",
        "use that version; nothing was changed",
    )
