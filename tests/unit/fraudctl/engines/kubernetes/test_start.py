"""The beginning of `up` in a cluster: what is looked at here, and a cluster that cannot be asked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from fraudctl.cli import main
from fraudctl.engines.kubernetes import start
from tests.chart import example

NO_CONTEXT = """#!/bin/sh
echo 'E1129 01:02:44.867152 20239 memcache.go:265] "Unhandled Error"' >&2
echo 'error: context "prod" does not exist' >&2
echo 'error: context "prod" does not exist' >&2
exit 1
"""


@pytest.fixture
def values(tmp_path: Path) -> Path:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(example("kind", profile={"approval": {"required": 1}})))
    return file


@pytest.fixture
def no_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "bin" / "kubectl"
    script.parent.mkdir()
    script.write_text(NO_CONTEXT)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")


def test_a_profile_that_wants_approval_is_taken_though_those_who_approve_are_in_no_file_here(
    values: Path,
) -> None:
    assert start.profile_of(values).partitions == 4


def test_a_cluster_that_cannot_be_asked_leaves_no_home_that_names_it_and_is_told_once(
    values: Path, no_context: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    words = ["--engine", "kubernetes", "--values", str(values), "--context", "prod", "--home", str(home)]
    assert main(["up", *words, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)["error"]["message"]
    assert said == 'the cluster refused:\n  error: context "prod" does not exist'
    assert not home.exists()


def test_a_plan_of_a_cluster_that_cannot_be_asked_does_not_say_that_nothing_differs(
    values: Path, no_context: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--values", str(values), "--context", "prod", "--home", str(tmp_path / "home")]
    assert main(["deploy", "plan", *words, "--json"]) == 1
    assert 'context "prod" does not exist' in json.loads(capsys.readouterr().out)["error"]["message"]
