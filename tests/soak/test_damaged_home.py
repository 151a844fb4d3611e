"""Every file that `up` writes into a home, damaged in every way: commands say which and how it is mended, or
mend it; none ends by an error of its own, and the stack comes up again once the file is as it was."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.homes import reachable_folder
from tests.stack.cli import fraudctl

pytestmark = pytest.mark.timeout(7_200)
LEFT_OUT = ("flink", "kafka", "postgres")
UP = ("up", "--any-port", *(f"--without={name}" for name in LEFT_OUT), "--wait", "120")
"""One server alone, since it comes up once for each file and damage; of the files about jobs
`tests/unit/fraudctl/home/test_damaged_files.py` knows."""
SERVERS_OWN = ("data", "logs")
"""what servers and programs write there themselves"""


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def halved(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def garbled(path: Path) -> None:
    path.write_bytes(random.Random(path.name).randbytes(max(64, path.stat().st_size)))


def of_another_kind(path: Path) -> None:
    path.write_bytes(b"[]\n")


def of_later(path: Path) -> None:
    path.write_bytes(b'{"format": 99}\n')


def as_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_a_link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "nowhere" / "at all")


def as_a_link_elsewhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def of_another_owner(path: Path) -> None:
    os.chown(path, 65534, 65534)


DAMAGES = [emptied, halved, garbled, of_another_kind, of_later]
DAMAGES += [as_a_folder, as_a_link_to_nothing, as_a_link_elsewhere]
if os.geteuid() == 0:
    DAMAGES.append(of_another_owner)


def answer(home: Path, *arguments: str) -> dict[str, Any]:
    """The envelope of a command; an error that it did not expect fails the test."""
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=400)
    assert "Traceback" not in done.stderr, done.stderr
    envelope: dict[str, Any] = json.loads(done.stdout)
    assert (envelope["error"] or {}).get("code") != "unexpected", envelope
    return envelope


def says(envelope: dict[str, Any], path: Path) -> bool:
    """Whether it names the file, or the folder that it lies in, and something to do."""
    error = envelope["error"] or {}
    text = json.dumps([error, envelope["data"]])
    return any(str(one) in text for one in (path, path.parent)) and bool(error.get("hint"))


class Kept:
    """A file as it was, to be put back."""

    def __init__(self, path: Path) -> None:
        self.path, self._found, self._bytes = path, path.stat(), path.read_bytes()

    def put_back(self) -> None:
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        self.path.unlink(missing_ok=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self._bytes)
        os.chown(self.path, self._found.st_uid, self._found.st_gid)
        self.path.chmod(stat.S_IMODE(self._found.st_mode))


def written(home: Path) -> list[Path]:
    """What `up` and the commands write into a home, of which servers' own files are no part."""
    found = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    return sorted(path for path in found if path.relative_to(home).parts[0] not in SERVERS_OWN)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with reachable_folder("damaged") as place:
        made = place / "home"
        try:
            fraudctl(made, *UP)
            fraudctl(made, "down")
            yield made
        finally:
            fraudctl(made, "purge", "--yes")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_a_home_that_stands_is_told_or_mended(
    home: Path, damage: Callable[[Path], None]
) -> None:
    unsaid = []
    for path in written(home):
        kept = Kept(path)
        damage(path)
        for command in ("status", "doctor", "down", "audit", "secrets list"):
            answer(home, *command.split())
        came_up = answer(home, *UP)
        if not came_up["ok"] and not says(came_up, path):
            unsaid.append(f"{path.relative_to(home)}: {came_up['error']}")
        answer(home, "status")
        answer(home, "down")
        if path.exists() or not came_up["ok"]:
            kept.put_back()
    assert unsaid == []
    assert answer(home, *UP)["ok"]
    assert [one["healthy"] for one in answer(home, "status")["data"]["servers"]] == [True]
    fraudctl(home, "down")
