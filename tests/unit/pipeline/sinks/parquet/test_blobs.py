"""Blobs in a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.sinks.parquet import blobs


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
