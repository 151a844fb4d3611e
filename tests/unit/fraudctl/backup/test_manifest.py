"""A backup is whole, or it is none: what is missing, was changed or does not belong there is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fraudctl.backup import manifest
from fraudctl.backup.copying import Copies
from fraudctl.backup.manifest import Manifest
from fraudctl.errors import Difference, UsageError
from fraudctl.home.typed_files import Newer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A backup of three files."""
    (tmp_path / "source").write_bytes(b"payments")
    copies = Copies(tmp_path / "backup", lambda _: None)
    copies.take(tmp_path / "source", "log/t-0/0.log")
    copies.put("profile.json", b"{}")
    copies.put("empty", b"")
    Manifest("1", 5, "/home", 3, "state/run-3/s", True, (), copies.files).write(tmp_path / "backup")
    return tmp_path / "backup"


def test_a_backup_that_nobody_touched_is_whole(folder: Path) -> None:
    read: list[int] = []
    found = manifest.verify(folder, read.append)
    assert (found.size, sum(read), sorted(found.files)) == (
        10,
        10,
        ["empty", "log/t-0/0.log", "profile.json"],
    )
    assert found == manifest.read(folder)
    assert [oct(path.stat().st_mode & 0o777) for path in sorted(folder.rglob("*")) if path.is_file()] == [
        "0o600"
    ] * 4


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / "log/t-0/0.log").write_bytes(b"paymentz"), "log/t-0/0.log was changed"),
        (lambda folder: (folder / "log/t-0/0.log").write_bytes(b"pay"), "log/t-0/0.log was changed"),
        (lambda folder: (folder / "empty").unlink(), "empty is missing"),
        (lambda folder: (folder / "more").write_bytes(b""), "more does not belong to it"),
        (
            lambda folder: [(folder / "empty").unlink(), (folder / "empty").symlink_to("/dev/null")],
            "empty was changed",
        ),
    ],
)
def test_whatever_was_done_to_a_file_is_named(
    folder: Path, harm: Callable[[Path], object], said: str
) -> None:
    harm(folder)
    with pytest.raises(Difference) as raised:
        manifest.verify(folder)
    assert (raised.value.code, said in raised.value.message) == ("backup_changed", True)


def test_a_backup_that_was_never_completed_is_none(folder: Path) -> None:
    (folder / manifest.NAME).unlink()
    with pytest.raises(UsageError, match="never completed"):
        manifest.verify(folder)


def test_a_backup_of_a_later_version_is_left_to_that(folder: Path) -> None:
    text = (folder / manifest.NAME).read_text()
    (folder / manifest.NAME).write_text(text.replace('"format": 1', '"format": 2'))
    with pytest.raises(Newer):
        manifest.verify(folder)


def test_a_file_that_grows_while_it_is_copied_is_copied_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "0.log"
    source.write_bytes(b"x" * (3 << 20))

    def step(size: int) -> None:
        with source.open("ab") as more:
            more.write(b"y" * size)

    copies = Copies(tmp_path / "backup", step)
    copies.take(source, "0.log")
    assert (tmp_path / "backup" / "0.log").read_bytes() == b"x" * (3 << 20)
    assert manifest.digest(tmp_path / "backup" / "0.log") == copies.files["0.log"].sha256
