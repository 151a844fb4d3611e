"""What killed replays left in a cluster: shown and asked about here, deleted there. A script is `kubectl`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudctl.cli import main
from fraudctl.engines.kubernetes import kept, start
from fraudctl.engines.kubernetes.cluster import Place
from fraudctl.home import folder as homes
from tests.chart import example

LEFT = ["risk.decisions.replay-0a1b", "risk.decisions.replay-0a1b.dlq"]
KUBECTL = """#!{python}
import json, os, sys
words, folder = sys.argv[1:], os.environ["ANSWERS"]
given = sys.stdin.read() if "-f" in words else ""
with open(f"{folder}/asked", "a") as file:
    file.write(json.dumps([words, given]) + "\\n")
kinds = words[words.index("get") + 1] if "get" in words else ""
selector = words[words.index("-l") + 1] if "-l" in words else ""
if "logs" in words:
    print(open(f"{folder}/said").read())
elif kinds == "jobs":
    print(open(f"{folder}/replays").read())
elif kinds.startswith("flinkdeployments"):
    job = {"state": "running", "parallelism": 1}
    status = {"jobStatus": {"jobId": "0a", "state": "RUNNING"}, "lifecycleState": "STABLE"}
    print(json.dumps({"items": [{"metadata": {}, "spec": {"job": job}, "status": status}]}))
elif kinds == "pods":
    state = {"terminated": {"exitCode": 0}}
    print(json.dumps({"items": [{"status": {"containerStatuses": [{"state": state}]}}]}))
elif kinds:
    labels = {"app.kubernetes.io/component": "ticker"}
    it = {"kind": "Deployment", "metadata": {"labels": labels}, "spec": {"replicas": 1}}
    print(json.dumps({"items": [it]}))
"""


class There:
    """A cluster whose commands say this, and in which these replays are under way."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder, self.home = folder, folder / "home"
        script = folder / "bin" / "kubectl"
        script.parent.mkdir()
        script.write_text(KUBECTL.replace("{python}", sys.executable))
        script.chmod(0o755)
        patch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("ANSWERS", str(folder))
        (folder / "values.yaml").write_text(yaml.safe_dump(example("kind")))
        homes.claim(self.home)
        values = kept.keep(self.home, Place("risk", "fraud"), folder / "values.yaml")
        start.stack_of(self.home, start.profile_of(values), Place("risk", "fraud")).save()
        self.says([])
        self.runs([])

    def says(self, topics: list[str]) -> None:
        data = {"topics": topics, "dry_run": True}
        told = {"summary": "", "data": data, "error": None}
        (self._folder / "said").write_text(json.dumps(told))

    def runs(self, replays: list[str]) -> None:
        items = [{"metadata": {"name": name}, "status": {}} for name in replays]
        (self._folder / "replays").write_text(json.dumps({"items": items}))

    def commands(self) -> list[list[str]]:
        """The words of the commands that ran there."""
        asked = [json.loads(line) for line in (self._folder / "asked").read_text().splitlines()]
        jobs = [yaml.safe_load(given) for words, given in asked if "create" in words]
        words = [job["spec"]["template"]["spec"]["containers"][0]["command"] for job in jobs]
        return [one[one.index("command") + 1 :] for one in words]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> There:
    return There(tmp_path, monkeypatch)


def clean(there: There, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["replay", "--clean", *words, "--home", str(there.home), "--json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, answer


LOOK = ["replay", "--clean", "--dry-run", "--json"]
DELETE = ["replay", "--clean", "--yes", "--json"]


def test_what_is_left_is_deleted_there_by_who_says_yes(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.says(LEFT)
    code, answer = clean(there, capsys, "--yes")
    assert (code, answer["data"]) == (0, {"topics": LEFT, "dry_run": False})
    assert there.commands() == [LOOK, DELETE]


def test_without_a_yes_it_is_shown_and_stays(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    there.says(LEFT)
    code, _ = clean(there, capsys)
    assert (code != 0, there.commands()) == (True, [LOOK])
    code, answer = clean(there, capsys, "--dry-run")
    assert (code, answer["data"]) == (0, {"topics": LEFT, "dry_run": True})
    assert there.commands() == [LOOK, LOOK]


def test_where_nothing_is_left_nothing_is_asked(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = clean(there, capsys)
    assert (code, answer["summary"]) == (0, "no replay has left anything")
    assert there.commands() == [LOOK]


def test_topics_of_a_replay_that_goes_on_are_not_touched(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.runs(["fraud-replay-0a1b"])
    code, answer = clean(there, capsys, "--yes")
    assert (code, answer["error"]["code"]) == (1, "replay_under_way")
    assert "fraud-replay-0a1b" in answer["error"]["message"]
    assert there.commands() == []


def test_a_replay_that_goes_on_is_in_the_status(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    there.runs(["fraud-replay-0a1b"])
    main(["status", "--home", str(there.home), "--json"])
    servers = json.loads(capsys.readouterr().out)["data"]["servers"]
    assert [(it["name"], it["healthy"]) for it in servers] == [
        ("flink", True),
        ("ticker", False),
        ("fraud-replay-0a1b", True),
    ]


def test_a_rule_set_beside_it_is_refused(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = clean(there, capsys, "--rules", "default")
    assert (code, answer["error"]["message"]) == (2, "--clean replays nothing")
