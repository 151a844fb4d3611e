"""Old checkpoints and savepoints go; what a restart could need, or refers to, stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fraudctl.flink.file_uri import local_path
from fraudctl.jobs import pruning
from fraudctl.states.folder import Folder

A, B, C, D = (letter * 32 for letter in "abcd")


def point(home: Path, where: str, time_s: int, refers_to: str = "") -> Path:
    folder = home / where
    folder.mkdir(parents=True)
    (folder / "_metadata").write_bytes(b"\x00" + refers_to.encode() + b"\x01")
    os.utime(folder / "_metadata", (time_s, time_s))
    return folder


def doomed(
    home: Path, run: int | None = 2, named: tuple[str, ...] = (), alive: tuple[str, ...] = ()
) -> list[str]:
    place = Folder(home)
    found = pruning.doomed(place, place.jobs(), run, named, alive)
    return [str(local_path(path).relative_to(home)) for path in found]


def checkpoints(home: Path, run: int, job: str, *times_s: int, refers_to: str = "") -> None:
    for time_s in times_s:
        point(home, f"checkpoints/run-{run}/{job}/chk-{time_s}", time_s, refers_to)


def test_of_the_run_in_force_the_jobs_with_the_newest_three_points_stay(tmp_path: Path) -> None:
    checkpoints(tmp_path, 1, A, 10, 11)
    checkpoints(tmp_path, 2, B, 20, 21, 22)
    checkpoints(tmp_path, 2, C, 30, 31)
    assert doomed(tmp_path) == [f"checkpoints/run-1/{A}"]
    checkpoints(tmp_path, 2, C, 32)
    assert doomed(tmp_path) == [f"checkpoints/run-1/{A}", f"checkpoints/run-2/{B}"]


def test_what_no_job_has_put_beside_the_savepoints_stays(tmp_path: Path) -> None:
    checkpoints(tmp_path, 2, A, 30)
    for number in range(1, 5):
        point(tmp_path, f"savepoints/run-2/savepoint-{number}", number)
    point(tmp_path, "savepoints/mine/before-the-move", 1)
    point(tmp_path, "savepoints/run-2/mine", 1)
    (tmp_path / "savepoints/run-2/savepoint-0").symlink_to(tmp_path / "savepoints/mine/before-the-move")
    assert doomed(tmp_path) == ["savepoints/run-2/savepoint-1"]


def test_a_job_whose_shared_files_a_kept_point_refers_to_stays(tmp_path: Path) -> None:
    checkpoints(tmp_path, 2, A, 10)
    checkpoints(tmp_path, 2, B, 11)
    checkpoints(tmp_path, 2, C, 30, 31, 32, refers_to=f"file:{tmp_path}/checkpoints/run-2/{A}/shared/x")
    assert doomed(tmp_path) == [f"checkpoints/run-2/{B}"]


def test_a_job_that_runs_and_what_a_start_may_be_asked_to_use_stay(tmp_path: Path) -> None:
    checkpoints(tmp_path, 1, A, 10)
    checkpoints(tmp_path, 1, B, 11)
    checkpoints(tmp_path, 1, D, 12)
    (tmp_path / f"checkpoints/past-7/{D}").mkdir(parents=True)
    checkpoints(tmp_path, 2, C, 30, 31, 32)
    base = (tmp_path / f"checkpoints/run-1/{B}/chk-11").as_uri()
    assert doomed(tmp_path, named=(base, "latest", "file:/gone"), alive=(A,)) == [
        f"checkpoints/past-7/{D}",
        f"checkpoints/run-1/{D}",
    ]


def test_the_newest_three_savepoints_stay_and_unfinished_ones(tmp_path: Path) -> None:
    for number in range(1, 6):
        point(tmp_path, f"savepoints/run-1/savepoint-{number}", number)
    (tmp_path / "savepoints/run-2/savepoint-6").mkdir(parents=True)
    checkpoints(tmp_path, 2, C, 30, 31, 32)
    assert doomed(tmp_path) == ["savepoints/run-1/savepoint-1", "savepoints/run-1/savepoint-2"]


@pytest.mark.parametrize("run", [None, 3])
def test_nothing_that_the_only_run_could_need_goes_when_another_or_none_is_in_force(
    tmp_path: Path, run: int | None
) -> None:
    point(tmp_path, "savepoints/run-2/savepoint-1", 5)
    checkpoints(tmp_path, 2, A, 6)
    assert doomed(tmp_path, run=run) == []


def test_what_is_deleted_is_gone_with_the_folder_of_its_run(tmp_path: Path) -> None:
    checkpoints(tmp_path, 1, A, 10, 11)
    checkpoints(tmp_path, 2, C, 30, 31, 32)
    place = Folder(tmp_path)
    place.delete(pruning.doomed(place, place.jobs(), 2, (), ()))
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["run-2"]
    assert doomed(tmp_path) == []
