"""Replays in a cluster, under way and killed: shown, asked about, ended, cleaned up. A script is kubectl."""

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
KUBECTL = """#!{python} -IS
import json, os, sys
words, folder = sys.argv[1:], os.environ["ANSWERS"]
given = sys.stdin.read() if "-f" in words else ""
with open(f"{folder}/asked", "a") as file:
    file.write(json.dumps([words, given]) + "\\n")
asked = open(f"{folder}/asked").read()
is_down = '"scale"' in asked
notes = json.load(open(f"{folder}/notes"))
kinds = words[words.index("get") + 1] if "get" in words else ""
selector = words[words.index("-l") + 1] if "-l" in words else ""
if "logs" in words:
    print(open(f"{folder}/said").read())
elif "patch" in words:
    change = json.loads(words[-1])
    for name, text in change.get("metadata", {}).get("annotations", {}).items():
        notes.pop(name, None)
    json.dump(notes, open(f"{folder}/notes", "w"))
elif kinds == "job":
    print(json.dumps({"status": {}}))
elif kinds == "jobs":
    print(open(f"{folder}/replays").read())
elif kinds.startswith("flinkdeployments"):
    job = {"state": "running", "parallelism": 1}
    state = "SUSPENDED" if "suspended" in asked else "STABLE"
    status = {"jobStatus": {"jobId": "0a", "state": "RUNNING"}, "lifecycleState": state}
    status["observedGeneration"] = 1
    metadata = {"annotations": notes, "generation": 1}
    print(json.dumps({"items": [{"metadata": metadata, "spec": {"job": job}, "status": status}]}))
elif kinds == "pods" and "replay-flink" in selector:
    print(json.dumps({"items": []}))
elif kinds == "pods":
    state = {"terminated": {"exitCode": 0}}
    print(json.dumps({"items": [{"status": {"containerStatuses": [{"state": state}]}}]}))
elif kinds:
    labels = {"app.kubernetes.io/component": "ticker"}
    metadata = {"labels": labels, "name": "fraud-ticker"}
    it = {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 0 if is_down else 1}}
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
        self.notes([])

    def says(self, topics: list[str]) -> None:
        data = {"topics": topics, "dry_run": True}
        told = {"summary": "", "data": data, "error": None}
        (self._folder / "said").write_text(json.dumps(told))

    def runs(self, replays: list[str]) -> None:
        items = [{"metadata": {"name": name}, "status": {}} for name in replays]
        (self._folder / "replays").write_text(json.dumps({"items": items}))

    def notes(self, replays: list[str]) -> None:
        told = {f"fraudctl/replay-{number}": name for number, name in enumerate(replays)}
        (self._folder / "notes").write_text(json.dumps(told))

    def asked(self) -> list[tuple[list[str], str]]:
        """The words of every question, and what was given with it."""
        lines = (self._folder / "asked").read_text().splitlines()
        return [(words, given) for words, given in map(json.loads, lines)]

    def commands(self) -> list[list[str]]:
        """The words of the commands that ran there."""
        jobs = [yaml.safe_load(given) for words, given in self.asked() if "create" in words]
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


def test_one_that_was_killed_is_in_the_status_until_somebody_cleans_up(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown() -> dict[str, str]:
        main(["status", "--home", str(there.home), "--json"])
        servers = json.loads(capsys.readouterr().out)["data"]["servers"]
        return {it["name"]: it["reason"] for it in servers if it["title"] == "Replay"}

    there.runs(["fraud-replay-0a1b"])
    there.notes(["fraud-replay-0a1b", "fraud-replay-dead"])
    assert shown().keys() == {"fraud-replay-0a1b", "fraud-replay-dead"}
    assert "fraudctl replay --clean" in shown()["fraud-replay-dead"]
    there.runs([])
    clean(there, capsys, "--dry-run")
    assert shown().keys() == {"fraud-replay-0a1b", "fraud-replay-dead"}
    clean(there, capsys, "--yes")
    assert shown() == {}


def down(there: There, *words: str) -> int:
    return main(["down", *words, "--home", str(there.home), "--json"])


def changes(there: There) -> list[list[str]]:
    return [words for words, _ in there.asked() if not {"get", "auth"} & set(words)]


def test_down_names_a_replay_that_goes_on_and_stops_nothing_without_a_yes(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.runs(["fraud-replay-0a1b"])
    assert down(there) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], "fraud-replay-0a1b" in error["message"]) == ("replay_under_way", True)
    assert changes(there) == []


def test_down_ends_it_with_a_yes_and_says_which_may_have_left_something(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.runs(["fraud-replay-0a1b"])
    there.notes(["fraud-replay-0a1b", "fraud-replay-dead"])
    assert down(there, "--yes") == 0
    first, *_, last = changes(there)
    kinds = "jobs,configmaps,flinkdeployments.flink.apache.org"
    assert first[first.index("delete") + 1] == kinds
    assert first[first.index("-l") + 1].endswith("component in (replay,replay-flink)")
    assert "scale" in last
    said = capsys.readouterr().err
    assert "fraud-replay-0a1b is asked to end" in said
    assert "fraud-replay-dead did not come to its end" in said
    assert "fraud-replay-0a1b did not" not in said


def test_down_asks_nothing_where_no_replay_goes_on(there: There) -> None:
    assert down(there) == 0
    assert "delete" not in changes(there)[0]


def test_a_rule_set_beside_it_is_refused(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = clean(there, capsys, "--rules", "default")
    assert (code, answer["error"]["message"]) == (2, "--clean replays nothing")
