"""A cache that others could write to, by its modes and its owner."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fraudctl.binaries import owned
from fraudctl.errors import Failed


def filled(cache: Path) -> Path:
    for name in ("kernel-1.jar", "jars/12ab/lib.jar", "classes/kafka-1.jsa"):
        (cache / name).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        (cache / name).write_bytes(b"x")
    return cache


def files(cache: Path) -> set[str]:
    return {path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file()}


def test_a_cache_of_our_own_stays_as_it_is(tmp_path: Path) -> None:
    owned.close(filled(tmp_path))
    assert files(tmp_path) == {"kernel-1.jar", "jars/12ab/lib.jar", "classes/kafka-1.jsa"}


@pytest.mark.parametrize("folder", [".", "jars", "jars/12ab", "classes"])
@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_what_others_could_have_built_is_not_run(tmp_path: Path, folder: str, mode: int) -> None:
    (filled(tmp_path) / folder).chmod(mode)
    owned.close(tmp_path)
    assert files(tmp_path) == {"jars/12ab/lib.jar"}
    left = [path for path in (tmp_path, *tmp_path.rglob("*")) if path.is_dir()]
    assert [path for path in left if stat.S_IMODE(path.stat().st_mode) & 0o022] == []


def test_a_cache_that_is_not_there_is_made(tmp_path: Path) -> None:
    owned.close(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("folder", [".", "jars", "jars/12ab", "classes"])
def test_a_cache_of_another_user_is_refused(tmp_path: Path, folder: str) -> None:
    os.chown(filled(tmp_path) / folder, 65534, 65534)
    with pytest.raises(Failed, match="belongs to another user") as caught:
        owned.close(tmp_path)
    assert "FRAUDCTL_CACHE" in caught.value.hint
