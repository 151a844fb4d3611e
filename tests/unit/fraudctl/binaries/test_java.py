"""The classes that a JVM keeps from one start to the next."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from fraudctl.binaries.java import server_command, share_classes

SHARED = "source: shared objects file (top)"
PROGRAM = ("sun.net.httpserver.simpleserver.Main", "--version")
"""A class of the runtime that is not in its own archive, and that ends by itself."""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the runtime's own archive, which takes a second to make."""
    cache = tmp_path_factory.mktemp("runtime")
    share_classes(cache)
    return cache


@pytest.fixture
def cache(runtime: Path, tmp_path: Path) -> Path:
    return shutil.copytree(runtime, tmp_path / "cache")


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "own.jar", "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    return tmp_path / "own.jar"


def started(jar: Path, cache: Path) -> str:
    command = [*server_command("program", ["-Xlog:class+load"], [jar], cache), *PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "java 21" in done.stdout
    return done.stdout


def archives(cache: Path) -> set[str]:
    return {path.name for path in cache.rglob("*-*.jsa")}


@pytest.mark.slow
def test_a_second_start_finds_the_classes_of_the_first(jar: Path, cache: Path) -> None:
    assert SHARED not in started(jar, cache)
    (first,) = archives(cache)
    assert SHARED in started(jar, cache)

    moved = jar.rename(jar.with_name("moved.jar"))
    assert SHARED not in started(moved, cache)
    assert SHARED in started(moved, cache)
    assert len(archives(cache) - {first}) == 1


def test_a_broken_archive_is_replaced(jar: Path, cache: Path) -> None:
    started(jar, cache)
    (archive,) = cache.rglob("program-*.jsa")
    archive.chmod(0o600)
    archive.write_bytes(b"no archive")
    assert SHARED not in started(jar, cache)
    assert SHARED in started(jar, cache)


def test_without_the_runtimes_own_archive_a_program_starts_all_the_same(jar: Path, tmp_path: Path) -> None:
    started(jar, tmp_path)
    assert archives(tmp_path) == set()


def test_only_the_newest_archives_of_a_program_are_kept(cache: Path) -> None:
    (runtime,) = (cache / "classes").iterdir()
    for age in range(5):
        for name in ("kafka", "flink-taskmanager"):
            archive = runtime.with_name(f"{name}-{age:012x}.jsa")
            archive.touch()
            os.utime(archive, (1_000_000_000 - age, 1_000_000_000 - age))
    share_classes(cache)
    kept = {f"{name}-{age:012x}.jsa" for age in range(3) for name in ("kafka", "flink-taskmanager")}
    assert {path.name for path in runtime.parent.iterdir()} == {runtime.name, *kept}
