"""Where a backup may be put, and which names of it lead nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.backup import kept_profile, restoring
from fraudctl.backup.copying import Copies
from fraudctl.backup.manifest import Manifest
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.home import folder as homes
from fraudctl.home import jobs
from fraudctl.home.jobs import KeeperState
from fraudctl.home.stack import Stack
from fraudctl.settings import reading


def taken(folder: Path, more: dict[str, bytes]) -> Path:
    """A backup with the files that each has, and these."""
    copies = Copies(folder, lambda _: None)
    copies.put("profile.json", kept_profile.text(reading.load("default")).encode())
    copies.put("rules.json", b'{"version": "1"}')
    for name, content in more.items():
        copies.put(name, content)
    Manifest("1", 5, "/home", 3, "state/run-3/savepoint-1", True, (), copies.files).write(folder)
    return folder


def test_a_backup_becomes_a_home_whose_job_goes_on_from_its_state_alone(tmp_path: Path) -> None:
    content = {
        "log/t-0/0.log": b"records",
        "state/run-3/savepoint-1/_metadata": b"state",
        "home/jobs/live.json": b'{"format": 1, "wanted": "running", "generation": 7,'
        b' "from": "file:///gone", "hops": ["ip"]}',
        "home/audit.jsonl": b"{}\n",
    }
    home = tmp_path / "home"
    _, profile = restoring.restore(taken(tmp_path / "backup", content), home, Progress())
    assert (home / "data/kafka/t-0/0.log").read_bytes() == b"records"
    assert (home / "savepoints/run-3/savepoint-1/_metadata").read_bytes() == b"state"
    assert homes.is_home(home)
    stack = Stack(home, reading.load(profile), {})
    assert jobs.keeper_state(stack) == KeeperState(state="stopped", run=3)
    wanted = jobs.wanted_live(stack)
    assert (wanted.wanted, wanted.generation, wanted.restore, wanted.hops) == (
        "running",
        8,
        "latest",
        ("ip",),
    )
    assert stack.profile.rules == home / "restored" / "rules.json"
    open_ones = [path for path in home.rglob("*") if path.stat().st_mode & 0o077]
    assert open_ones == []
    with pytest.raises(UsageError, match="is a home already"):
        restoring.restore(tmp_path / "backup", home, Progress())


def test_nothing_is_written_outside_of_the_home(tmp_path: Path) -> None:
    backup = taken(tmp_path / "backup", {})
    (tmp_path / "evil").write_bytes(b"")
    for name in ("home/../../evil", "home//etc/evil"):
        with pytest.raises(UsageError, match="no name of a file"):
            restoring._below(tmp_path / "home", name.partition("/")[2])
    assert backup.is_dir()


def test_a_folder_with_other_things_in_it_is_no_place_for_a_home(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(UsageError, match="is not empty and not a home"):
        restoring.restore(taken(tmp_path / "backup", {}), tmp_path, Progress())
