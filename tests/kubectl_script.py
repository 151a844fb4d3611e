"""A cluster of which a script in the place of kubectl tells, and a home that `up` has left for it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudctl.engines.kubernetes import kept, start
from fraudctl.engines.kubernetes.cluster import Place
from fraudctl.home import folder as homes
from tests.chart import example

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
if "create" in words and "json" in words:
    sys.path.append("{packages}")
    import yaml
    made = next(yaml.safe_load_all(given))
    made["metadata"]["uid"] = "0a1b"
    print(json.dumps(made))
elif "logs" in words:
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
    state = {"terminated": {"exitCode": int(open(f"{folder}/code").read())}}
    print(json.dumps({"items": [{"status": {"containerStatuses": [{"state": state}]}}]}))
elif kinds:
    labels = {"app.kubernetes.io/component": "ticker"}
    metadata = {"labels": labels, "name": "fraud-ticker"}
    it = {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 0 if is_down else 1}}
    print(json.dumps({"items": [it]}))
"""
"""It is asked half a dozen times by a command, so it starts without what an environment has in its start."""


class There:
    """A cluster whose commands say this, and in which these replays are under way."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder, self.home = folder, folder / "home"
        script = folder / "bin" / "kubectl"
        script.parent.mkdir()
        packages = str(Path(yaml.__file__).parents[1])
        script.write_text(KUBECTL.replace("{python}", sys.executable).replace("{packages}", packages))
        script.chmod(0o755)
        patch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("ANSWERS", str(folder))
        homes.claim(self.home)
        self.up()
        self.says([])
        self.runs([])
        self.notes([])

    def up(self, **changes: Any) -> None:
        """What `up` leaves here, of those values."""
        file, place = self._folder / "values.yaml", Place("risk", "fraud")
        found = example("kind", **changes)
        file.write_text(yaml.safe_dump(found))
        values = kept.keep(self.home, place, file)
        trusted = kept.keep_trusted(self.home, found["trusted"])
        start.stack_of(self.home, start.profile_of(values, trusted), place).save()

    def says(self, topics: list[str]) -> None:
        self.answers({"summary": "", "data": {"topics": topics, "dry_run": True}, "error": None})

    def answers(self, told: Mapping[str, Any], code: int = 0) -> None:
        """What a command says there, and its exit code."""
        (self._folder / "said").write_text(json.dumps(told))
        (self._folder / "code").write_text(str(code))

    def runs(self, replays: list[str]) -> None:
        items = [{"metadata": {"name": name}, "status": {}} for name in replays]
        (self._folder / "replays").write_text(json.dumps({"items": items}))

    def notes(self, replays: list[str]) -> None:
        told = {f"fraudctl/replay-{number}": name for number, name in enumerate(replays)}
        (self._folder / "notes").write_text(json.dumps(told))

    def asked(self) -> list[tuple[list[str], str]]:
        """The words of every question, and what was given with it."""
        file = self._folder / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(words, given) for words, given in map(json.loads, lines)]

    def commands(self) -> list[list[str]]:
        """The words of the commands that ran there."""
        jobs = [it for it in self.made() if it["kind"] == "Job"]
        words = [job["spec"]["template"]["spec"]["containers"][0]["command"] for job in jobs]
        return [one[4:] for one in words]

    def made(self) -> list[dict[str, Any]]:
        """Every object that was made there."""
        given = [text for words, text in self.asked() if "create" in words]
        return [it for text in given for it in yaml.safe_load_all(text)]
