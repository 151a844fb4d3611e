"""Files and folders of a home are for their owner alone, whatever the umask."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.home import private_files


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_for_the_owner_alone_and_so_are_the_folders_on_the_way(tmp_path: Path) -> None:
    file = tmp_path / "one" / "two" / "file"
    private_files.write_atomically(file, "payments")
    assert [mode(path) for path in (file, file.parent, file.parent.parent)] == [0o600, 0o700, 0o700]


def test_a_file_that_others_could_read_is_closed_when_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o644)
    private_files.write_atomically(tmp_path / "file", "new")
    assert ((tmp_path / "file").read_text(), mode(tmp_path / "file")) == ("new", 0o600)


def test_a_file_that_is_opened_for_writing_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    with private_files.open_private(tmp_path / "text") as text:
        text.write("x")
    with private_files.open_private(tmp_path / "bytes", "ab") as raw:
        raw.write(b"x")
    assert [mode(tmp_path / name) for name in ("text", "bytes")] == [0o600, 0o600]


def test_threads_that_write_one_file_leave_one_whole_text_and_nothing_else(tmp_path: Path) -> None:
    texts = [letter * 100_000 for letter in "abcdefgh"]
    writers = [
        threading.Thread(target=private_files.write_atomically, args=(tmp_path / "file", t)) for t in texts
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (tmp_path / "file").read_text() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        private_files.write_atomically(tmp_path / "file", "\ud800")
    assert list(tmp_path.iterdir()) == []


def test_closing_a_tree_follows_no_link_and_spares_what_is_excepted(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir(mode=0o755)
    (root / "spared").mkdir(parents=True, mode=0o755)
    (root / "spared" / "tool").touch(mode=0o755)
    (root / "link").symlink_to(outside)
    private_files.close_to_others(root, [root / "spared"])
    found = [mode(path) for path in (root, root / "spared", root / "spared" / "tool", outside)]
    assert found == [0o700, 0o755, 0o700, 0o755]
