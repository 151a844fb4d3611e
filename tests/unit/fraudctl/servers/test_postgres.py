"""What PostgreSQL is told, and where its programs lie."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fraudctl.home.stack import Paths
from fraudctl.servers import Site, postgres
from fraudctl.servers.postgres import Server, quoted
from fraudctl.settings.profile import ServerSettings


@pytest.mark.parametrize(
    ("value", "text"),
    [(64, "'64'"), ("it's", "'it''s'"), ("C:\\log", "'C:\\\\log'"), ("one\nport = 1", "'one\\nport = 1'")],
)
def test_a_value_cannot_end_before_its_end(value: object, text: str) -> None:
    assert quoted(value) == text


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
