"""A stack in containers is purged whole, or marked as what nothing goes on with, or left as it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl import cli, engines
from fraudctl.console import options
from fraudctl.engines.compose.engine import Engine
from fraudctl.errors import Failed, NotRunning, UsageError
from fraudctl.home import folder
from fraudctl.home.stack import Inside, Stack
from fraudctl.settings import reading
from tests.docker_double import docker


@pytest.fixture(autouse=True)
def _fresh_options() -> Iterator[None]:
    yield
    options.reset()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """That of a stack in containers, which has ended."""
    place = tmp_path / "home"
    folder.claim(place)
    inside = Inside({}, {}, place / "rules.json", ("docker", "exec", "keeper"))
    Stack(place, reading.load("default"), {}, {}, engine="compose", inside=inside).save()
    return place


def purge(home: Path, told: dict[str, str]) -> int:
    argv = [sys.executable, "-m", "fraudctl", "purge", "--yes", "--home", str(home)]
    return subprocess.run(argv, env={**os.environ, **told}, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_killed_when_docker_has_deleted_the_volumes_nothing_goes_on_with_the_rest_and_purge_ends_it(
    home: Path, tmp_path: Path
) -> None:
    with docker(tmp_path, down="kill -KILL $PPID") as told:
        assert purge(home, told) == -signal.SIGKILL
    assert (home / "stack.json").exists()
    with pytest.raises(UsageError, match="was not purged to its end"):
        folder.claim(home)
    with docker(tmp_path) as told:
        assert purge(home, told) == 0
    assert not home.exists()


def test_where_docker_cannot_be_asked_all_is_left_as_it_is(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(home.iterdir())
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    with pytest.raises(Failed, match="Docker does not answer"):
        Engine().purge(home)
    with docker(tmp_path, version="2.1.0") as told:
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(Failed, match=r"Compose 2\.1\.0 is too old"):
            Engine().purge(home)
    assert sorted(home.iterdir()) == before
    assert folder.claim(home)


def test_where_docker_cannot_be_asked_nobody_says_that_the_stack_is_stopped_or_starts_another_in_its_home(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "run").mkdir()
    nobody = f"Docker does not answer: {tmp_path}/nobody: no such file or directory"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    assert cli.main(["status", "--home", str(home)]) == 4
    assert f"whether the stack in {home} runs is not known: {nobody}" in capsys.readouterr().err
    assert cli.main(["down", "--home", str(home)]) == 1
    assert nobody in capsys.readouterr().err
    with pytest.raises(NotRunning, match="is not known"):
        engines.for_up(home, "local")
    assert engines.running(home) is None


def test_of_a_home_without_a_stack_of_containers_no_docker_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    (tmp_path / "home" / "run").mkdir(parents=True)
    assert not Engine().is_running(tmp_path / "home")
    assert engines.of_home(tmp_path / "home").has_processes
