"""Files for `inspect`, and commands run as a user runs them."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fraudctl.cli import main
from fraudctl.files.mapping import load
from fraudctl.files.rows import Reading, Row
from pipeline.records.events import encode
from tests.unit.fraudctl.files import as_read

PLAIN, put, read = as_read.PLAIN, as_read.file, as_read.rows_of
ISO = "2024-05-01T10:00:0{}Z"


@dataclass(frozen=True)
class Export:
    """A file as a program writes it. `rows` holds what is right of each that is a payment, as far as the file
    says it; `label` is whether it is fraud."""

    file: str
    content: str
    rows: list[dict[str, Any]]
    refused: int = 0
    encoding: str = "utf-8"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main([*words, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, document


def with_times(folder: Path, *times: str) -> Path:
    return put(folder, "\n".join([PLAIN, *(f'e{n},u{n},"{at}",1.5' for n, at in enumerate(times))]))


def with_amounts(folder: Path, *amounts: str) -> Path:
    lines = (f'e{n},u{n},{ISO.format(n)},"{amount}"' for n, amount in enumerate(amounts))
    return put(folder, "\n".join([PLAIN, *lines]))


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


def exported(capsys: pytest.CaptureFixture[str], folder: Path, one: Export) -> list[dict[str, Any]]:
    """What the commands that are printed for the file read of it, as far as `rows` says what is right."""
    path = folder / one.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(one.content.encode(one.encoding))
    written = folder / "it.map.yaml"
    _, counts, _ = inspected(capsys, path, "--write", str(written))
    assert (counts["accepted"], counts["refused_rows"]) == (len(one.rows), one.refused)
    rows = [row for row in Reading(path, load(written).options(), 65_536) if isinstance(row, Row)]
    return [_as_far_as(right, row) for right, row in zip(one.rows, rows, strict=True)]


def _as_far_as(right: dict[str, Any], row: Row) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(encode(row.transaction), parse_float=str, parse_int=str)
    sent["amount"] = format(Decimal(sent["amount"]), "f")
    sent["label"] = row.label.fraud if row.label is not None else None
    return {name: sent.get(name) for name in right}
