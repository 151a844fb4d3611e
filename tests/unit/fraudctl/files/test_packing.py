"""Where the bytes of a file come from."""

from __future__ import annotations

import io
import json
import sys

import pytest

from fraudctl.cli import main


def test_standard_input_is_read_as_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b'{"event_id":"e","user_id":"u","event_time":"2026-03-01T10:00:00Z","amount":1}\n'
    for data in (text, b"event_id,user_id,event_time,amount\ne,u,2026-03-01T10:00:00Z,1\n"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert main(["backtest", "-", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["data"]["events"] == 1
