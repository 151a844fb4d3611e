"""What is asked before what cannot be taken back, at a terminal and without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from fraudctl.home import folder

QUESTION = b"Delete everything a stack wrote in "


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder.claim(tmp_path)
    (tmp_path / "run").mkdir()
    return tmp_path


def answered(home: Path, answer: Callable[[subprocess.Popen[bytes], int], object]) -> tuple[int, bytes]:
    """The exit code of a purge at a terminal, and what it said; `answer` acts once the question is there."""
    ours, its = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "fraudctl", "purge", "--home", home], stdin=its, stdout=its, stderr=its
    ) as asked:
        os.close(its)
        said = b""
        while QUESTION not in said:
            said += os.read(ours, 4096)
        answer(asked, ours)
        while True:
            try:
                said += os.read(ours, 4096)
            except OSError:  # nobody holds the other end any more
                break
        os.close(ours)
        return asked.wait(), said


def test_no_is_no(home: Path) -> None:
    code, said = answered(home, lambda _, terminal: os.write(terminal, b"n\n"))
    assert (code, said.rstrip().endswith(b"aborted"), (home / "run").is_dir()) == (1, True, True)


def test_yes_is_yes(home: Path) -> None:
    code, said = answered(home, lambda _, terminal: os.write(terminal, b"y\n"))
    assert (code, b"deleted" in said, (home / "run").exists()) == (0, True, False)


def interrupt(process: subprocess.Popen[bytes], _: int) -> None:
    """As somebody who tries again: one that comes between the question and the read is heard by the next."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)


def test_a_question_that_is_interrupted_ends_as_every_other_interrupt(home: Path) -> None:
    code, said = answered(home, interrupt)
    assert (code, said.rstrip().endswith(b"interrupted"), (home / "run").is_dir()) == (130, True, True)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_where_nobody_can_be_asked_the_way_to_say_yes_is_told_and_nothing_is_done(
    form: tuple[str, ...],
) -> None:
    argv = [sys.executable, "-m", "fraudctl", "aws", "down", "--name", "prod", *form]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    said = json.loads(done.stdout)["error"] if form else {"message": done.stderr, "hint": done.stderr}
    assert done.returncode == 2
    assert "nobody can be asked: Stop job and programs of prod?" in said["message"]
    assert "say so with: --yes" in said["hint"]
