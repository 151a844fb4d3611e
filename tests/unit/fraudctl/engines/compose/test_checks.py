"""What is said of a Docker that is not there, is too old or lacks our image: before a home is made."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl import cli
from fraudctl.console import options
from fraudctl.engines.compose import checks
from fraudctl.engines.compose.project import INSTALL
from fraudctl.engines.contract import BROKEN, WARNING, WELL
from tests.docker_double import docker
from tests.ports import free_port


@pytest.fixture(autouse=True)
def _fresh_options() -> Iterator[None]:
    yield
    options.reset()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """The error a command ends with."""
    assert cli.main([*words, "--json"]) != 0
    error: dict[str, object] = json.loads(capsys.readouterr().out)["error"]
    return error


def found(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, tuple[str, str, str]]:
    """What doctor says: state, finding and mend by the name of the check."""
    cli.main(["doctor", *words, "--json"])
    told = json.loads(capsys.readouterr().out)["data"]["checks"]
    return {one["name"]: (one["state"], one["finding"], one["mend"]) for one in told}


def use(monkeypatch: pytest.MonkeyPatch, told: dict[str, str]) -> None:
    for name, value in told.items():
        monkeypatch.setenv(name, value)


def test_without_a_docker_up_makes_no_home_and_says_what_to_do(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/nobody"})
    assert said(capsys, "up", "--engine", "compose", "--home", str(home)) == {
        "code": "no_docker",
        "message": f"Docker does not answer: {tmp_path}/nobody: no such file or directory",
        "hint": "start it, or set DOCKER_HOST",
    }
    assert not home.exists()


@pytest.mark.parametrize(
    ("version", "said_of_it"),
    [
        ("2.24.7", " is too old"),
        ("v2.17.2", " is too old"),
        ("1.29.2", " is too old"),
        ("2.29.0", " cannot read the shipped files"),
        ("2.25.0", ""),
        ("2.29.1", ""),
        ("v2.40.3", ""),
        ("5.1.0-desktop.1", ""),
        ("dev", ""),
    ],
)
def test_a_compose_that_is_of_no_use_is_told_by_doctor_and_refused_by_up(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
    said_of_it: str,
) -> None:
    with docker(tmp_path, version=version) as told:
        use(monkeypatch, told)
        there = found(capsys, "--engine", "compose", "--home", str(home))["compose"]
        refused = said(capsys, "up", "--engine", "compose", "--home", str(home))
    finding = f"Compose {version.removeprefix('v')}{said_of_it}"
    if said_of_it:
        assert there == (BROKEN, finding, INSTALL)
        assert refused == {"code": "no_docker", "message": finding, "hint": INSTALL}
    else:
        assert there == (WELL, finding, "")
        assert refused["code"] == "no_image"
    assert not home.exists()


def test_without_our_image_up_makes_no_home_and_doctor_says_so_before(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with docker(tmp_path, images=[checks.OUR_IMAGE]) as told:
        use(monkeypatch, told)
        assert found(capsys, "--engine", "compose", "--home", str(home))["image"][0] == WELL
        monkeypatch.setenv("FRAUDCTL_IMAGE", "ours:other")
        there = found(capsys, "--engine", "compose", "--home", str(home))["image"]
        refused = said(capsys, "up", "--engine", "compose", "--home", str(home))
    assert there == (BROKEN, "there is no image ours:other", checks.BUILD)
    assert refused == {"code": "no_image", "message": there[1], "hint": checks.BUILD}
    assert not home.exists()


def test_a_foreign_folder_is_named_before_docker_is_asked(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/nobody"})
    home.mkdir()
    (home / "thesis.txt").write_text("dear")
    assert said(capsys, "up", "--engine", "compose", "--home", str(home))["code"] == "no_home"


def test_a_port_that_no_container_publishes_may_be_taken(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/nobody"})
    for name in ("kafka", "flink", "postgres", "redis"):
        monkeypatch.setenv(f"FRAUDCTL_SERVERS_{name.upper()}_PORT", str(free_port()))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        # Flink's processes speak to each other there; in containers that is nobody's port of this machine
        profile = tmp_path / "profile.yaml"
        profile.write_text(f"servers: {{flink: {{ports: {{rpc: {taken.getsockname()[1]}}}}}}}\n")
        monkeypatch.setenv("FRAUDCTL_PROFILE", str(profile))
        assert found(capsys, "--engine", "compose", "--home", str(home))["ports"][0] == WELL
        assert found(capsys, "--engine", "local", "--home", str(home))["ports"][0] == WARNING
