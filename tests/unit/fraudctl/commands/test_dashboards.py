"""Dashboards and rules are written as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraudctl import cli
from fraudctl.monitoring import dashboards


def test_everything_is_written_into_a_folder_that_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "grafana"
    assert cli.main(["dashboards", "export", str(folder), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data == {"folder": str(folder), "files": sorted(dashboards.files())}
    written = {name: (folder / name).read_text(encoding="utf-8") for name in dashboards.files()}
    assert written == dashboards.files()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert cli.main(["dashboards", "export", str(tmp_path / "file"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["hint"] == "name another folder"
