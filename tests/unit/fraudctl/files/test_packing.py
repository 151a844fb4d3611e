"""Where the bytes of a file come from."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from fraudctl.cli import main
from fraudctl.errors import UsageError
from fraudctl.files import packing


def test_standard_input_is_read_as_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b'{"event_id":"e","user_id":"u","event_time":"2026-03-01T10:00:00Z","amount":1}\n'
    for data in (text, b"event_id,user_id,event_time,amount\ne,u,2026-03-01T10:00:00Z,1\n"):
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
