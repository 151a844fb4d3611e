"""Files for `inspect`, and commands run as a user runs them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from fraudctl.cli import main
from tests.unit.fraudctl.files.as_read import PLAIN, file

ISO = "2024-05-01T10:00:0{}Z"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main([*words, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, document


def with_times(folder: Path, *times: str) -> Path:
    return file(folder, "\n".join([PLAIN, *(f'e{n},u{n},"{at}",1.5' for n, at in enumerate(times))]))


def with_amounts(folder: Path, *amounts: str) -> Path:
    lines = (f'e{n},u{n},{ISO.format(n)},"{amount}"' for n, amount in enumerate(amounts))
    return file(folder, "\n".join([PLAIN, *lines]))


def inspected(
    capsys: pytest.CaptureFixture[str], path: Path | str, *words: str
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The mapping, what was read, and what the printed backtest says."""
    code, told = run(capsys, "inspect", str(path), *words)
    assert code == 0, told
    code, tested = run(capsys, *shlex.split(told["data"]["commands"]["backtest"])[1:])
    assert (code, tested["data"]["events"]) == (0, told["data"]["read"]["accepted"])
    return told["data"]["mapping"], told["data"]["read"], tested["data"]


def open_notes(capsys: pytest.CaptureFixture[str], path: Path) -> list[str]:
    code, told = run(capsys, "inspect", str(path))
    assert (code, told["data"]["commands"]) == (1, {})
    return [one["text"] for one in told["data"]["notes"] if one["how"] == "open"]


def notes(capsys: pytest.CaptureFixture[str], path: Path, how: str, *words: str) -> list[str]:
    _, told = run(capsys, "inspect", str(path), *words)
    return [one["text"] for one in told["data"]["notes"] if one["how"] == how]
