"""Ctrl-C in the middle of a long file leaves nothing: no temporary file, no process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fraudctl.bench.reading import write_disordered
from tests.waiting import await_that, family

ROWS = 400_000


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "payments.csv"
    write_disordered(path, ROWS)
    return path


def has_files(folder: Path, said: Path) -> bool:
    return any(folder.iterdir())


def is_reading(folder: Path, said: Path) -> bool:
    return "rows read" in said.read_text()


def is_scoring(folder: Path, said: Path) -> bool:
    return "events scored" in said.read_text()


@pytest.mark.parametrize(
    ("arguments", "moment"),
    [
        (["inspect", "--whole"], has_files),
        (["backtest", "--engine", "kernel"], is_reading),
        (["backtest", "--engine", "kernel"], is_scoring),
        (["backtest", "--engine", "reference"], is_scoring),
    ],
)
def test_an_interrupt_leaves_nothing(
    payments: Path, tmp_path: Path, arguments: list[str], moment: Callable[[Path, Path], bool]
) -> None:
    folder, said = tmp_path / "temporary", tmp_path / "said"
    folder.mkdir()
    surroundings = {**os.environ, "TMPDIR": str(folder), "FRAUDCTL_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "fraudctl", *arguments, str(payments)]
    with said.open("wb") as target:
        running = subprocess.Popen(
            command, env=surroundings, stdout=target, stderr=target, start_new_session=True
        )
    try:
        await_that(lambda: moment(folder, said) or running.poll() is not None, "the moment")
        processes = family(running.pid)
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(60) == 130, said.read_text()
    finally:
        running.kill()
    assert psutil.wait_procs(processes, 10)[1] == []
    assert list(folder.iterdir()) == []
    assert "interrupted" in said.read_text()
