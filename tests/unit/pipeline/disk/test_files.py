from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.disk.files import fill, unfinished, write_atomically
from tests.full_disk import full_disk


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_as_a_whole_and_its_folder_made(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "deep" / "file"
    for data in ("first, longer", "zwölf", b"\x00\xff", memoryview(b"view")):
        write_atomically(path, data, durable=durable)
    assert (path.read_bytes(), names(path.parent)) == (b"view", ["file"])


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_file_has_the_mode_asked_for_whatever_was_there(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o666)
    write_atomically(path, "new", mode)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("durable", [True, False])
def test_on_a_full_disk_the_old_file_stays_and_nothing_lies_beside_it(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with full_disk(), pytest.raises(OSError, match="File too large") as failure:
        write_atomically(path, "new", durable=durable)
    assert failure.value.filename == str(path)
    assert (path.read_text(), names(tmp_path)) == ("old", ["file"])


def test_what_shall_outlive_a_power_cut_is_on_disk_before_its_name_is_and_then_the_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, told = tmp_path / "file", list[tuple[str, str]]()
    path.write_text("old")
    sync = os.fsync

    def noted(number: int) -> None:
        told.append((str(Path(f"/proc/self/fd/{number}").readlink()), path.read_text()))
        sync(number)

    monkeypatch.setattr(os, "fsync", noted)
    write_atomically(path, "new")
    (fresh, at_first), folder = told
    assert (Path(fresh).parent, Path(fresh).suffix, at_first) == (tmp_path, ".unfinished", "old")
    assert folder == (str(tmp_path), "new")
    write_atomically(path, "newer", durable=False)
    assert len(told) == 2


def test_a_file_that_cannot_take_its_place_goes(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        write_atomically(tmp_path / "file", "new")
    assert names(tmp_path) == ["file"]


def test_threads_that_replace_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "file"
    texts = [str(number) * 50_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            list(pool.map(lambda text: write_atomically(path, text, durable=False), texts))
            assert path.read_text() in texts
    assert names(tmp_path) == ["file"]


def test_what_the_file_system_says_is_of_the_file_that_takes_the_place(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with unfinished(path) as fresh:
        said = fill(fresh, b"four")
        fresh.replace(path)
    assert (said.st_ino, said.st_size) == (path.stat().st_ino, 4)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
