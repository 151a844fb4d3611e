"""Whose the files of a home are that root's commands write, and that nobody is led astray by links in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fraudctl.home.private_files import close_to_others, make_folder, open_private, write_atomically
from fraudctl.home.unprivileged import give, take_back, user_of
from pipeline.disk.files import HOME_USERS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    give(made, user(made))
    return made


def user(home: Path) -> int:
    found = user_of(home)
    assert found is not None
    return found


def owners(home: Path) -> set[int]:
    return {path.lstat().st_uid for path in (home, *home.rglob("*"))}


def test_homes_have_users_of_their_own_without_an_account() -> None:
    """Some two of fifty may meet by chance, as birthdays do; which ones is the same everywhere."""
    found = [user(Path(f"/somewhere/{number}")) for number in range(50)]
    assert len(set(found)) >= 49
    assert set(found) <= set(HOME_USERS)
    assert found == [user(Path(f"/somewhere/{number}")) for number in range(50)]


def test_what_root_writes_into_a_home_is_its_users(home: Path) -> None:
    make_folder(home / "jobs" / "below")
    write_atomically(home / "run" / "one.json", "{}")
    with open_private(home / "run" / "lock") as file:
        file.write("held")
    assert owners(home) == {user(home)}
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*")} == {0o700, 0o600}


def test_what_root_writes_elsewhere_is_roots(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "file", "x")
    assert owners(tmp_path) == {0}


def test_no_link_in_a_home_leads_root_to_another_file(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    outside.chmod(0o644)
    (home / "lock").symlink_to(outside)
    with pytest.raises(OSError, match="symbolic link"), open_private(home / "lock") as file:
        file.write("taken")
    write_atomically(home / "lock", "another")
    (home / "link").symlink_to(outside)
    give(home, user(home))
    close_to_others(home)
    found = outside.stat()
    assert (outside.read_text(), found.st_uid, stat.S_IMODE(found.st_mode)) == ("kept", 0, 0o644)


def test_a_file_that_has_another_name_elsewhere_stays_roots(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    (home / "name").hardlink_to(outside)
    (home / "file").write_text("x")
    give(home, user(home))
    assert (outside.stat().st_uid, (home / "file").stat().st_uid) == (0, user(home))


def test_a_home_of_another_user_is_closed_by_root(home: Path) -> None:
    (home / "file").write_text("x")
    (home / "file").chmod(0o644)
    give(home, user(home))
    close_to_others(home)
    assert stat.S_IMODE((home / "file").stat().st_mode) == 0o600


def test_no_folder_that_became_a_link_leads_root_to_another_one(home: Path, tmp_path: Path) -> None:
    """As a program could do that somebody has taken over: `jobs` then lies where cron looks."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (home / "jobs").symlink_to(elsewhere)
    os.chown(home / "jobs", user(home), user(home), follow_symlinks=False)
    for write in (
        lambda: write_atomically(home / "jobs" / "live.json", "{}"),
        lambda: open_private(home / "jobs" / "submit.lock", "a").close(),
        lambda: make_folder(home / "jobs" / "below" / "deeper"),
    ):
        with pytest.raises(OSError, match="root goes by no link"):
            write()
    assert list(elsewhere.iterdir()) == []


def test_a_link_of_roots_own_on_the_way_to_a_home_is_gone_by(home: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(home)
    write_atomically(tmp_path / "way" / "run" / "one.json", "{}")
    assert (home / "run" / "one.json").stat().st_uid == user(home)


def test_a_home_of_a_stack_of_this_machine_is_taken_back_for_one_in_containers(home: Path) -> None:
    write_atomically(home / "run" / "one.json", "{}")
    take_back(home)
    assert owners(home) == {0}


def test_a_home_of_somebody_else_is_not_taken(tmp_path: Path) -> None:
    give(tmp_path, 1_234)
    take_back(tmp_path)
    assert owners(tmp_path) == {1_234}
