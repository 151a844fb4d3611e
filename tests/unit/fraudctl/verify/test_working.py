"""The folder of a verification that was killed: gone with the next one, and with whoever is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.verify import working
from fraudctl.verify.working import Working
from tests import dying


def left(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if path.is_dir()]


def work(home: Path) -> None:
    one = Working(home)
    (one.folder / "log").mkdir()
    one.close()


@pytest.mark.parametrize("next_one", [lambda home: Working(home).close(), working.sweep])
def test_wherever_it_was_killed_nothing_of_it_stays(tmp_path: Path, next_one: object) -> None:
    assert callable(next_one)
    seen = 0
    for _ in dying.deaths(lambda: work(tmp_path), dying.ON_DISK):
        seen += bool(left(tmp_path))
        next_one(tmp_path)
        assert left(tmp_path) == []
    assert seen > 0
    assert [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077] == []


def test_that_of_one_at_work_stays(tmp_path: Path) -> None:
    one = Working(tmp_path)
    other = Working(tmp_path)
    working.sweep(tmp_path)
    assert sorted(left(tmp_path)) == sorted([one.folder.name, other.folder.name])
    one.close()
    other.close()
    assert left(tmp_path) == []


def test_where_nothing_was_verified_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    working.sweep(tmp_path / "verify")
    assert not (tmp_path / "verify").exists()
