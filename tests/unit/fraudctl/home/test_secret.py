"""Passwords that are made: whole from the moment they are there, whenever their maker dies."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.home import secret
from fraudctl.home.typed_files import Damaged
from tests import dying
from tests.full_disk import full_disk


def test_whoever_dies_while_a_password_is_made_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "redis"
    for _ in dying.deaths(lambda: secret.generated_password(file)):
        kept = file.read_text().strip() if file.exists() else None
        made = secret.generated_password(file)
        assert len(made) >= 40
        assert kept in (None, made)
        file.unlink()


def test_on_a_full_disk_no_password_is_made(tmp_path: Path) -> None:
    file = tmp_path / "redis"
    with full_disk(), pytest.raises(OSError, match="File too large"):
        secret.generated_password(file)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_password_is_none(tmp_path: Path) -> None:
    file = tmp_path / "redis"
    file.write_text("")
    made = secret.generated_password(file)
    assert len(made) >= 40
    assert secret.generated_password(file) == made == file.read_text().strip()


def test_one_that_is_there_stays_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "redis"
    made = secret.generated_password(file)
    assert secret.generated_password(file) == made
    assert (file.stat().st_mode & 0o777, file.stat().st_nlink) == (0o600, 1)
    assert [path.name for path in file.parent.iterdir()] == ["redis"]


@pytest.mark.parametrize("target", ["/etc/passwd", "nowhere/at-all", "other"])
def test_a_link_is_no_password_and_is_left_alone(target: str, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("somebodys-choice\n")
    file = tmp_path / "redis"
    file.symlink_to(target)
    with pytest.raises(Damaged, match=f"{file} is a link"):
        secret.generated_password(file)
    assert file.is_symlink()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xfe\x00", "no text"),
        (b"one\ntwo\n", "more than one password"),
        (b"one\x00two", "more than one"),
    ],
)
def test_what_is_no_password_is_said_and_left_alone(content: bytes, what: str, tmp_path: Path) -> None:
    file = tmp_path / "redis"
    file.write_bytes(content)
    with pytest.raises(Damaged, match=what):
        secret.generated_password(file)
    assert file.read_bytes() == content


def test_a_folder_in_the_place_of_a_password_is_said(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with pytest.raises(Damaged, match="is a folder"):
        secret.generated_password(tmp_path / "redis")
