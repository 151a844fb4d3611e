"""A backup that is cut off before each of its steps: the same command makes it whole, nothing takes it."""

from __future__ import annotations

import shutil
from itertools import cycle
from pathlib import Path

import pytest

from fraudctl.backup import manifest, restoring, taking
from fraudctl.console.progress import Progress
from fraudctl.engines.local.engine import Engine
from fraudctl.errors import UsageError
from fraudctl.home import folder as homes
from fraudctl.home import stack as stacks
from fraudctl.home.stack import Stack
from fraudctl.settings import reading
from tests import dying
from tests.unit.fraudctl.backup.test_restoring import taken

CONTENT = {
    "log/t-0/0.log": b"records",
    "home/jobs/live.json": b'{"format": 1, "wanted": "running", "generation": 7}',
    "home/secrets/kafka": b"secret",
    "home/audit.jsonl": b"{}\n",
}


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def restored(backup: Path, home: Path) -> dict[str, bytes]:
    restoring.restore(backup, home, Progress())
    return {name: content for name, content in held(home).items() if name != homes.MARK}


@pytest.mark.slow
def test_a_restore_that_was_cut_off_is_taken_by_nothing_and_done_by_giving_it_again_or_purged(
    tmp_path: Path,
) -> None:
    backup, home = taken(tmp_path / "backup", CONTENT), tmp_path / "home"
    other = taken(tmp_path / "other", {"home/secrets/kafka": b"another"})
    whole, of_the_other = restored(backup, home), restored(other, tmp_path / "plain")
    shutil.rmtree(home)
    ways = cycle(("again", "other", "purge"))
    seen = set()
    for _ in dying.deaths(lambda: restoring.restore(backup, home, Progress()), dying.ON_DISK):
        assert [path for path in home.rglob("*") if path.stat().st_mode & 0o077] == []
        way = next(ways) if homes.is_restored_in_part(home) else "nothing yet"
        if way in ("again", "other", "purge"):
            seen.add(way)
            with pytest.raises(UsageError, match="holds a part of a backup"):
                homes.claim(home)
        if way == "purge":
            assert Engine().purge(home).is_gone
        elif way == "other":
            assert restored(other, home).keys() == of_the_other.keys()
            assert held(home)["secrets/kafka"] == b"another"
        elif way == "again" or not homes.is_used(home):
            assert restored(backup, home) == whole
        shutil.rmtree(home, ignore_errors=True)
    assert seen == {"again", "other", "purge"}


@pytest.fixture
def stopped(tmp_path: Path) -> Stack:
    """A stack that does not run, and never had a job."""
    home = tmp_path / "taken-from"
    homes.claim(home)
    made = Stack(home, reading.load("default"), {"kafka": "127.0.0.1:9"})
    made.save()
    log = made.paths.data("kafka")
    for name in ("risk.transactions-0", "__cluster_metadata-0"):
        (log / name).mkdir(parents=True)
        (log / name / "00000000000000000000.log").write_bytes(b"records")
    (log / "meta.properties").write_text("node.id=1\n")
    made.paths.secrets.mkdir()
    made.paths.secret_file("kafka").write_text("secret\n")
    found = stacks.read(home)
    assert found is not None
    return found


@pytest.mark.slow
def test_a_backup_that_was_cut_off_is_none_and_is_taken_by_giving_it_again(
    stopped: Stack, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    taking.create(stopped, folder, Progress())
    whole = set(held(folder))
    shutil.rmtree(folder)
    for _ in dying.deaths(lambda: taking.create(stopped, folder, Progress()), dying.ON_DISK):
        if (folder / manifest.NAME).exists():
            manifest.verify(folder)
        else:
            with pytest.raises(UsageError, match=r"cut off while it was taken|is no backup"):
                manifest.verify(folder)
            taking.create(stopped, folder, Progress())
        manifest.verify(folder)
        assert set(held(folder)) - {manifest.UNFINISHED} == whole
        assert [path for path in folder.rglob("*") if path.stat().st_mode & 0o077] == []
        shutil.rmtree(folder)


def test_a_folder_with_something_else_in_it_is_never_taken_for_one_that_was_cut_off(
    stopped: Stack, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "log").write_text("of a year")
    with pytest.raises(UsageError, match="is not an empty folder"):
        taking.create(stopped, tmp_path / "mine", Progress())
    assert (tmp_path / "mine" / "log").read_text() == "of a year"
