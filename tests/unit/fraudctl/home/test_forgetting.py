"""Somebody who is half forgotten: told until the command has been given again."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.errors import Failed
from fraudctl.home import forgetting, undertakings
from fraudctl.observe import doctor
from tests import dying

USER = "Anna O'Hara"
MEND = """fraudctl forget user 'Anna O'"'"'Hara' --yes"""


def forget(home: Path) -> None:
    with forgetting.begun(home, USER):
        home.joinpath("noted").mkdir()
        home.joinpath("erased").mkdir()


def test_a_killed_command_is_told_from_its_first_step_to_its_last_and_by_nothing_else(tmp_path: Path) -> None:
    for number in dying.deaths(lambda: forget(tmp_path / str(number_of(tmp_path))), dying.ON_DISK):
        home = tmp_path / str(number_of(tmp_path))
        is_begun = (home / "noted").exists()
        left = undertakings.told(home)
        assert left is not None or not is_begun
        if left is not None:
            assert left[1] == f"give it again: {MEND}"
            assert [one.state for one in doctor._cut_off(home)] == [doctor.BROKEN]
        assert [path for path in home.rglob("jobs/**/*") if path.stat().st_mode & 0o077] == []
        (tmp_path / f"done-{number}").touch()
    assert undertakings.told(tmp_path / str(number_of(tmp_path))) is None


def number_of(folder: Path) -> int:
    """A home of its own for each death."""
    return len(list(folder.glob("done-*")))


def test_nobody_else_forgets_the_same_user_meanwhile_and_that_is_not_cut_off(tmp_path: Path) -> None:
    with forgetting.begun(tmp_path, USER):
        assert undertakings.told(tmp_path) is None
        with pytest.raises(Failed, match="by another command"), forgetting.begun(tmp_path, USER):
            pass
        with forgetting.begun(tmp_path, "another"):
            pass
    assert undertakings.told(tmp_path) is None


def test_one_that_failed_is_told_as_well(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no store"), forgetting.begun(tmp_path, USER):
        raise OSError("no store")
    assert undertakings.told(tmp_path) == (f"{MEND} was cut off", f"give it again: {MEND}")
