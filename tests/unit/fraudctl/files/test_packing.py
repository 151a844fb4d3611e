"""Where the bytes of a file come from."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from fraudctl.cli import main
from fraudctl.errors import UsageError
from fraudctl.files import packing
from tests.unit.fraudctl.files.as_read import DAY, PLAIN, file, hint_of, reading, rows_of, sent, values


def test_standard_input_is_read_as_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b'{"event_id":"e","user_id":"u","event_time":"2026-03-01T10:00:00Z","amount":1}\n'
    table = b"event_id,user_id,event_time,amount\ne,u,2026-03-01T10:00:00Z,1\n"
    for data in (text, text.decode().encode("utf-16"), text.decode().encode("utf-16-be"), table):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert main(["backtest", "-", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["data"]["events"] == 1


def drained(stream: BinaryIO) -> int:
    """How many bytes there were."""
    return sum(map(len, iter(lambda: stream.read(1 << 16), b"")))


def test_a_bomb_is_refused_before_it_fills_disk_or_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 1 << 20)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(gzip.compress(b"0" * (1 << 25))))
    for read in (packing.opened, packing.seekable):
        with pytest.raises(UsageError, match="holds more than 200 times its own size"), read(bomb) as stream:
            drained(stream)
    usual = tmp_path / "usual.csv.gz"
    usual.write_bytes(gzip.compress(b"0" * (1 << 20)))
    with packing.opened(usual) as stream:
        assert drained(stream) == 1 << 20


def test_a_frame_of_zstd_with_a_long_window_says_how_to_unpack_it(tmp_path: Path) -> None:
    path = tmp_path / "x y.csv.zst"
    window, last_block_of_one_byte = b"\0\xa8", b"\x09\0\0a"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + window + last_block_of_one_byte)
    what, hint = hint_of(path)
    assert "requires too much memory" in what
    assert hint == f"unpack it first: zstd -d --long=31 '{path}'"


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
    plain = f"{PLAIN}\ne,u,{DAY}10:00Z,1\n".encode()
    assert values("event_id", reading(file(tmp_path, zipped(inner=gzip.compress(plain))))) == ["e"]
    with pytest.raises(UsageError, match="is packed twice"):
        reading(file(tmp_path, zipped(inner=zipped(inner=plain))))


ROWS = f"{PLAIN}\ne1,u,{DAY}10:00Z,1\n".encode()
MORE = f"e2,u,{DAY}10:01Z,2\n".encode()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_one_behind_the_other_are_one_and_what_else_follows_is_no_loss(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    both = pack(ROWS) + pack(MORE)
    for data in (both, both + bytes(4_096)):
        assert values("event_id", rows_of(file(tmp_path, data))) == ["e1", "e2"]
    with pytest.raises(UsageError, match="cannot be read"):
        rows_of(file(tmp_path, pack(ROWS) + MORE))


def test_a_frame_of_zstd_that_is_to_be_skipped_is(tmp_path: Path) -> None:
    import pyarrow

    skipped = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    first, second = (pyarrow.compress(data, codec="zstd", asbytes=True) for data in (ROWS, MORE))
    path = file(tmp_path, skipped + first + skipped + second)
    assert values("event_id", rows_of(path)) == ["e1", "e2"]
    with pytest.raises(UsageError, match="cannot be read"):
        rows_of(file(tmp_path, first + MORE))


def test_of_zips_one_behind_the_other_none_is_lost(tmp_path: Path) -> None:
    path = file(tmp_path, zipped(a=ROWS) + zipped(b=ROWS))
    assert hint_of(path)[0] == "x.csv holds more than one zip, one behind the other"


@pytest.mark.parametrize("name", ["ORCID", "BZhlung", "Rar!", "ARROW1", "PGDMP"])
def test_the_name_of_a_column_is_no_mark_of_a_format(tmp_path: Path, name: str) -> None:
    path = file(tmp_path, f"{name},{PLAIN}\n1,e,u,{DAY}10:00Z,1\n")
    assert sent(rows_of(path))[0][name] == 1
