"""The beginning of `up` in a cluster: what is looked at here, and a cluster that cannot be asked."""

from __future__ import annotations

import json
import os
import sys
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


SETUP = """#!{python}
import json, sys
words = sys.argv[1:]
if "diff" in words:
    print("+ all")
    sys.exit(1)
if "logs" in words:
    print({said!r}, file=sys.stderr if {said!r}.startswith("Error") else sys.stdout)
    sys.exit({said!r}.startswith("Error"))
kinds = words[words.index("get") + 1] if "get" in words else ""
conditions = [{{"type": kind, "status": "True"}} for kind in {conditions!r}]
waiting = [{{"state": {{"waiting": {{"reason": reason}}}}}} for reason in {reasons!r}]
if kinds == "job":
    print(json.dumps({{"status": {{"conditions": conditions}}}}))
elif kinds:
    pods = [{{"status": {{"containerStatuses": waiting}}}}]
    print(json.dumps({{"items": pods if kinds == "pods" else []}}))
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


@pytest.mark.parametrize(
    ("conditions", "reasons", "said", "told"),
    [
        (
            [],
            ["ErrImagePull"],
            "Error from server (BadRequest): waiting to start",
            "could not be made as the setup's pod cannot start: ErrImagePull\n  Error from server",
        ),
        (
            ["FailureTarget", "Failed"],
            [],
            "error: Kafka at kafka:9092: nothing listens there",
            "could not be made at the last of several tries\n  error: Kafka at kafka:9092",
        ),
    ],
)
def test_a_setup_that_cannot_come_to_its_end_is_not_waited_for(
    values: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    conditions: list[str],
    reasons: list[str],
    said: str,
    told: str,
) -> None:
    script = tmp_path / "bin" / "kubectl"
    script.parent.mkdir()
    script.write_text(SETUP.format(python=sys.executable, conditions=conditions, reasons=reasons, said=said))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    words = ["--engine", "kubernetes", "--values", str(values), "--home", str(tmp_path / "home")]
    assert main(["up", *words, "--wait", "600", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], told in error["message"]) == ("setup", True), error
    assert "kubectl describe job fraudctl-setup-" in error["hint"]
