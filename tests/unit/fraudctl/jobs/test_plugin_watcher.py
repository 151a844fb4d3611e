"""A plug-in that holds its interpreter is named, stopped for good, and its process ended, from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from fraudctl.errors import Failed
from fraudctl.jobs import plugin_watcher
from fraudctl.jobs.plugin_watcher import Watcher
from fraudctl.waiting import until
from pipeline.rules import ruleset
from pipeline.rules.plugins import watch
from pipeline.rules.plugins.watch import Desk
from pipeline.scoring.scorer import Scorer
from tests.full_disk import full_disk

SOURCE = """\
import re

def lock(transaction, features):
    if transaction["amount"] > 5:
        return re.match("(a+)+$", "a" * 60 + "b") is not None
    return True
"""
CRASHING = """\
def lock(transaction, features):
    nested = iter([True])
    for _ in range(1_000_000 if transaction["amount"] > 5 else 1):
        nested = map(bool, nested)
    return next(nested)
"""
CONTENT = {
    "version": "v1",
    "rules": {"locks": {"plugin": "own.py:lock", "uses": ["amount"], "points": 60}},
    "thresholds": {"review": 50, "block": 80},
    "plugins": {"own.py": SOURCE},
}
RULES = ruleset.parse(CONTENT)
CHILD = """
import json, sys
from pathlib import Path
from pipeline.rules import ruleset
from pipeline.rules.plugins.watch import Desk
from pipeline.scoring.scorer import Scorer
rules = ruleset.parse(json.loads(sys.argv[1]))
scorer = Scorer(rules, Desk(Path(sys.argv[2]), rules.version, rules.hash))
for units in (10_000, 60_000):
    print(scorer.score([units]).score, flush=True)
"""


@pytest.fixture
def child(tmp_path: Path) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-c", CHILD, json.dumps(CONTENT), str(tmp_path)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE)


@pytest.mark.slow
def test_a_call_that_holds_the_interpreter_is_named_and_its_process_is_ended(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    paused: list[watch.Running] = []
    watcher, found = Watcher(tmp_path, paused.append), []

    def is_stopped() -> bool:
        found.extend(watcher.look())
        return bool(found)

    try:
        until(is_stopped, 120, lambda: Failed("nothing was stopped"))
        assert child.wait(30) == -9
    finally:
        child.kill()
        said = child.communicate()[0]
    (call,) = found
    assert (call.rule, call.place, call.version, call.hash) == ("locks", "own.py:lock", "v1", RULES.hash)
    assert (paused, said) == ([call], b"60\n")
    (entry,) = plugin_watcher.stopped(tmp_path)
    reason = "was stopped: it held the interpreter beyond its limit of 1 s"
    assert {key: entry[key] for key in ("rule", "place", "reason")} == {
        "rule": "locks",
        "place": "own.py:lock",
        "reason": reason,
    }
    assert Scorer(RULES, Desk(tmp_path, "v1", RULES.hash)).score([10_000]).errors == {"locks": reason}
    changed = ruleset.parse(CONTENT | {"plugins": {"own.py": SOURCE + "# mended\n"}})
    assert Scorer(changed, Desk(tmp_path, "v1", changed.hash)).score([10_000]).score == 60


def test_a_desk_shows_a_call_only_while_it_lasts_and_goes_with_its_process(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "v1", RULES.hash)
    (path,) = tmp_path.glob(watch.DESKS)
    (rule,) = RULES.rules
    assert rule.plugin is not None
    assert watch.running(path) is None
    desk.begin("locks", rule.plugin, 1.0)
    call = watch.running(path)
    assert call is not None
    assert (call.number, call.rule, call.key) == (1, "locks", rule.plugin.key)
    assert Watcher(tmp_path).look() == []
    desk.end()
    assert watch.running(path) is None
    gone = path.rename(tmp_path / "4194305-dead.desk")
    assert Watcher(tmp_path).look() == []
    assert not gone.exists()


def test_on_a_full_disk_plugins_are_called_unwatched(tmp_path: Path) -> None:
    with full_disk():
        desk = Desk(tmp_path, "v1", RULES.hash)
    assert Scorer(RULES, desk).score([10_000]).score == 60
    desk.close()
    assert list(tmp_path.iterdir()) == []


def test_a_call_that_cannot_be_noted_as_stopped_is_ended_and_its_rule_paused(tmp_path: Path) -> None:
    paused: list[watch.Running] = []
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        began = watch.began(process.pid)
        call = watch.Running(
            1, process.pid, process.pid, began, "locks", "own.py:lock", "key", 1.0, "v1", RULES.hash
        )
        with full_disk():
            Watcher(tmp_path, paused.append).end(call)
        assert process.wait(30) == -9
    assert (paused, list(tmp_path.iterdir())) == ([call], [])


def test_a_desk_of_whom_nobody_has_started_as_a_worker_ends_nobody(tmp_path: Path) -> None:
    """A plug-in that got past its checks writes that the keeper itself, or a shell, is where it hangs."""
    desks = tmp_path / "plugins"
    (rule,) = (one for one in RULES.rules if one.plugin is not None)
    desk = Desk(desks, RULES.version, RULES.hash)
    assert rule.plugin is not None
    desk.begin(rule.name, rule.plugin, 1.0)
    try:
        (call,) = (watch.running(path) for path in desks.glob(watch.DESKS))
        assert call is not None
        assert not plugin_watcher.is_of_flink(tmp_path, call)
        assert Watcher(desks, is_worker=partial(plugin_watcher.is_of_flink, tmp_path)).look() == []
    finally:
        desk.close()


def test_a_worker_of_this_home_and_of_no_other_is_one(tmp_path: Path) -> None:
    words = [
        "-c",
        'print("in", flush=True); input()',
        "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
        "--configDir",
    ]
    argv = [sys.executable, *words, str(tmp_path / "flink" / "conf")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"in\n"
        call = watch.Running(1, worker.pid, worker.pid, watch.began(worker.pid), "r", "p", "k", 1.0, "v", "h")
        assert plugin_watcher.is_of_flink(tmp_path, call)
        assert not plugin_watcher.is_of_flink(tmp_path / "other", call)
        worker.kill()


@pytest.mark.slow
def test_a_plugin_that_takes_its_worker_along_again_and_again_is_called_no_more(tmp_path: Path) -> None:
    content = CONTENT | {"plugins": {"own.py": CRASHING}}
    rules = ruleset.parse(content)
    paused: list[watch.Running] = []
    watcher = Watcher(tmp_path, paused.append)
    for _ in range(plugin_watcher.DEATHS):
        assert paused == []
        assert Scorer(rules, Desk(tmp_path, "v1", rules.hash)).score([10_000]).score == 60
        arguments = [sys.executable, "-c", CHILD, json.dumps(content), str(tmp_path)]
        assert subprocess.run(arguments, capture_output=True, check=False).returncode == -11
        watcher.look()
    (call,) = paused
    assert (call.rule, call.place) == ("locks", "own.py:lock")
    reason = "was stopped: 3 processes ended within it"
    assert Scorer(rules, Desk(tmp_path, "v1", rules.hash)).score([60_000]).errors == {"locks": reason}
    assert watcher.look() == []
