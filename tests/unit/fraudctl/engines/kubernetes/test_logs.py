"""The logs of a release: the last lines of each program's pods, then those that come. A script is kubectl."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fraudctl.engines.contract import Line
from fraudctl.engines.kubernetes import logs
from fraudctl.engines.kubernetes.cluster import Cluster, Place
from fraudctl.errors import Failed

KUBECTL = """#!{python} -IS
import sys
words = sys.argv[1:]
assert words[:3] == ["--namespace", "risk", "logs"], words
selector = words[words.index("-l") + 1]
assert selector.startswith("app.kubernetes.io/name=fraudctl,app.kubernetes.io/instance=fraud,"), selector
component = selector.rpartition("component=")[2]
if component == "notifier":
    print("Error from server (BadRequest): container notifier is waiting to start", file=sys.stderr)
    sys.exit(1)
for number in range(int(words[words.index("--tail") + 1])):
    print(f"{component} said {number}")
if "--follow" in words:
    print(f"{component} goes on")
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    script = tmp_path / "kubectl"
    script.write_text(KUBECTL.replace("{python}", sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Cluster(Place("risk", "fraud"))


def test_the_last_lines_of_each_program_come_first_and_then_those_that_are_new(cluster: Cluster) -> None:
    found = list(logs.read(cluster, ["ticker", "flink-taskmanager"], 2, follow=True))
    assert found[:4] == [
        Line("ticker", "ticker said 0"),
        Line("ticker", "ticker said 1"),
        Line("flink-taskmanager", "taskmanager said 0"),
        Line("flink-taskmanager", "taskmanager said 1"),
    ]
    new = [Line("flink-taskmanager", "taskmanager goes on"), Line("ticker", "ticker goes on")]
    assert sorted(found[4:], key=lambda line: line.program) == new


def test_an_end_is_no_longer_than_asked_for(cluster: Cluster) -> None:
    assert logs.tail(cluster, "sink-redis", 1) == ["sink-redis said 0"]


def test_a_pod_that_has_not_begun_keeps_nobody_from_the_lines_of_others(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    found = list(logs.read(cluster, ["notifier", "ticker"], 1, follow=False))
    assert found == [Line("ticker", "ticker said 0")]
    said = "Error from server (BadRequest): container notifier is waiting to start"
    assert capsys.readouterr().err == f"notifier: {said}\n"
    with pytest.raises(Failed, match="waiting to start"):
        list(logs.read(cluster, ["notifier"], 1, follow=False))
    assert logs.tail(cluster, "notifier", 5) == [said]
