"""The manifests of a stack, written for those who apply them themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from fraudctl.cli import main
from fraudctl.engines.kubernetes import chart

VALUES = str(chart.folder() / "values-kind.yaml")
RELEASE: chart.Release = {"name": "fraudctl", "namespace": "risk"}


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    return ["deploy", "render", "--values", VALUES, "--namespace", "risk", "--home", str(tmp_path / "home")]


def test_what_is_written_to_the_terminal_is_what_kubectl_can_apply(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    assert list(yaml.safe_load_all(capsys.readouterr().out)) == chart.render(Path(VALUES), RELEASE)


def test_for_machines_each_object_is_a_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == chart.render(Path(VALUES), RELEASE)


def test_with_a_folder_each_object_is_a_file(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--out", str(tmp_path / "manifests")]) == 0
    found = [yaml.safe_load(file.read_text()) for file in (tmp_path / "manifests").iterdir()]
    names = [(one["kind"], one["metadata"]["name"]) for one in chart.render(Path(VALUES), RELEASE)]
    assert sorted((one["kind"], one["metadata"]["name"]) for one in found) == sorted(names)
