"""What PostgreSQL is told, and where its programs lie."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fraudctl.home.stack import Paths
from fraudctl.servers import Site, postgres
from fraudctl.servers.postgres import Server, forget_stranger, quoted
from fraudctl.settings.profile import ServerSettings
from tests.waiting import await_that


@pytest.mark.parametrize(
    ("value", "text"),
    [(64, "'64'"), ("it's", "'it''s'"), ("C:\\log", "'C:\\\\log'"), ("one\nport = 1", "'one\\nport = 1'")],
)
def test_a_value_cannot_end_before_its_end(value: object, text: str) -> None:
    assert quoted(value) == text


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_pid_file_that_names_another_program_by_now_does_not_keep_the_server_from_starting(
    tmp_path: Path, is_ours: bool
) -> None:
    """As after a reboot: the number of a server that is gone is that of somebody else."""
    argv = [sys.executable, "-c", "input()", *([str(tmp_path)] if is_ours else [])]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as other:
        file = tmp_path / "postmaster.pid"
        file.write_text(f"{other.pid}\n{tmp_path}\n")
        await_that(lambda: b"input()" in Path(f"/proc/{other.pid}/cmdline").read_bytes(), "it runs")
        forget_stranger(tmp_path)
        assert file.exists() is is_ours
        other.kill()
    for text in ("", "none\n"):
        file.write_text(text)
        forget_stranger(tmp_path)
        assert file.read_text() == text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_programs_copied_to_where_that_user_reaches_them_find_their_libraries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "REACHABLE", tmp_path / "reachable")
    monkeypatch.setattr(postgres, "reachable", lambda path: path.is_relative_to(tmp_path))
    server = Server(Site(Paths(tmp_path), {"postgres": 1}, ServerSettings(), tmp_path))
    server.install()
    assert server.binaries.is_relative_to(tmp_path)
    for program in ("initdb", "postgres"):
        told = subprocess.run(
            [server.binaries / "bin" / program, "--version"], capture_output=True, text=True
        )
        assert (told.returncode, told.stderr) == (0, ""), told.stdout
