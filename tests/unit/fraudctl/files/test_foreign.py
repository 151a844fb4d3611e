"""Files of formats that are not read are told by name, once, whatever they are called and packed in."""

from __future__ import annotations

import gzip
import io
import lzma
import sqlite3
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pytest

from tests.unit.fraudctl.files.as_read import file, hint_of
from tests.unit.fraudctl.inspection.asked import run


def tar(folder: Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(file(folder, "event_id\n1\n", "in.csv"), "in.csv")
    return out.getvalue()


def database(folder: Path) -> bytes:
    path = folder / "it.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE payments (event_id)")
    return path.read_bytes()


def written(folder: Path, write: object) -> bytes:
    assert callable(write)
    write(pa.table({"event_id": ["e"]}), str(folder / "it"))
    return (folder / "it").read_bytes()


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("an ORC file", lambda folder: written(folder, pyarrow.orc.write_table)),
        (
            "an Arrow (Feather) file",
            lambda folder: written(folder, lambda table, path: pyarrow.feather.write_feather(table, path)),
        ),
        ("a database of SQLite", database),
        ("a tar archive", tar),
        ("a tar archive", lambda folder: gzip.compress(tar(folder))),
        ("an Avro file", lambda _: b"Obj\x01\x04avro.schema"),
        ("an old Excel workbook", lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)),
        ("XML", lambda _: b'\xef\xbb\xbf<?xml version="1.0"?><Document/>'),
        ("packed by lzma", lambda _: lzma.compress(b"event_id\n1\n", format=lzma.FORMAT_ALONE)),
        ("a 7-Zip archive", lambda _: b"7z\xbc\xaf\x27\x1c"),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet", "x"])
def test_a_file_of_another_format_is_told_by_its_name(
    what: str, content: object, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(content)
    path = file(tmp_path, content(tmp_path), name)
    assert hint_of(path)[0] == f"{name} is {what}"
    for command in ("inspect", "backtest"):
        code, told = run(capsys, command, str(path))
        assert (code, told["error"]["code"]) == (2, "foreign_format")
