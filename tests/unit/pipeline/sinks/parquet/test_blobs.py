"""Blobs in a folder."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.sinks.parquet import blobs
from tests.waiting import await_that


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize(("root", "folder", "file"), [(0o700, 0o700, 0o600), (0o755, 0o755, 0o644)])
def test_what_is_written_is_no_more_open_than_the_folder_of_the_store(
    tmp_path: Path, root: int, folder: int, file: int
) -> None:
    (tmp_path / "store").mkdir(root)
    store = blobs.connect((tmp_path / "store").as_uri(), None, {})
    store.write("day=1/a.parquet", b"x", None)
    modes = {
        path.relative_to(tmp_path / "store").as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "store").rglob("*")
    }
    assert modes == {".lock": file, "day=1": folder, "day=1/a.parquet": file}


def test_a_file_is_on_disk_before_its_name_is_and_so_are_the_folders_that_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, file, sync = list[tuple[str, bool]](), tmp_path / "day=1" / "a.parquet", os.fsync

    def noted(number: int) -> None:
        told.append((str(Path(f"/proc/self/fd/{number}").readlink()), file.exists()))
        sync(number)

    monkeypatch.setattr(os, "fsync", noted)
    blobs.connect(tmp_path.as_uri(), None, {}).write("day=1/a.parquet", b"x", None)
    root, fresh, folder = told
    assert (root, folder) == ((str(tmp_path), False), (str(file.parent), True))
    assert (Path(fresh[0]).parent, Path(fresh[0]).suffix, fresh[1]) == (file.parent, ".unfinished", False)


def test_whoever_replaces_a_file_waits_until_another_process_has_let_go(tmp_path: Path) -> None:
    store = blobs.connect(tmp_path.as_uri(), None, {})
    tag = store.write("a.parquet", b"first", None)
    lock = tmp_path / ".lock"

    def is_waited_for() -> bool:
        lines = Path("/proc/locks").read_text().splitlines()
        return any("->" in line and f":{lock.stat().st_ino} " in line for line in lines)

    with ThreadPoolExecutor(1) as pool:
        with lock.open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            writing = pool.submit(store.write, "a.parquet", b"second", tag)
            await_that(is_waited_for, "the writer waits")
            assert (tmp_path / "a.parquet").read_bytes() == b"first"
        writing.result(30)
    assert (tmp_path / "a.parquet").read_bytes() == b"second"
