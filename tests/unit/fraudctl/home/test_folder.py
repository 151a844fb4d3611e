"""What is a home, and what `purge` takes from it and leaves in it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudctl import cli
from fraudctl.engines.local.engine import Engine
from fraudctl.errors import UsageError
from fraudctl.home import folder
from fraudctl.home.stack import Stack
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.settings import reading

NEWER = '{"format": 99}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home as `up` makes it, with something of the stack in each of its places."""
    made = tmp_path / "home"
    folder.claim(made)
    for name in folder.ENTRIES:
        if "." not in name:
            (made / name / "deep").mkdir(parents=True)
            (made / name / "deep" / "file").write_text("x")
    Stack(made, reading.load("default"), {}).save()
    return made


@pytest.fixture
def as_user() -> Iterator[Path]:
    """A folder of an ordinary user, as whom the test runs: nobody, where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="fraudctl-user-", dir="/tmp") as name:
        if os.geteuid() != 0:
            yield Path(name)
            return
        # What a command imports late may lie where nobody may look.
        folder.claim(Path(name) / "first")
        cli.main(["purge", "--yes", "--home", f"{name}/first", "--json"])
        user = pwd.getpwnam("nobody").pw_uid
        os.chown(name, user, -1)
        os.seteuid(user)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def purge(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = cli.main(["purge", "--yes", "--home", str(home), "--json"])
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return code, answer


def refusal(home: Path, capsys: pytest.CaptureFixture[str]) -> str:
    code, answer = purge(home, capsys)
    assert code == 2
    error = answer["error"]
    assert isinstance(error, dict)
    assert error["code"] == "no_home"
    return str(error["message"])


def test_a_home_goes_with_all_that_the_stack_wrote(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = purge(home, capsys)
    gone = {"home": str(home), "deleted": True, "left": [], "not_deleted": {}}
    assert (code, answer["summary"], answer["data"]) == (0, f"deleted {home}", gone)
    assert not home.exists()


def test_what_no_stack_wrote_stays_and_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "thesis.txt").write_text("dear")
    code, answer = purge(home, capsys)
    assert (code, answer["summary"]) == (0, f"deleted what the stack wrote in {home}; left: thesis.txt")
    assert answer["data"] == {
        "home": str(home),
        "deleted": False,
        "left": [str(home / "thesis.txt")],
        "not_deleted": {},
    }
    assert sorted(path.name for path in home.iterdir()) == ["thesis.txt"]


def test_a_link_in_the_place_of_a_folder_of_ours_is_not_followed(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(home / "data")
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "precious").write_text("x")
    (home / "data").symlink_to(tmp_path / "disk")
    _, answer = purge(home, capsys)
    assert answer["summary"] == f"deleted what the stack wrote in {home}; left: data"
    assert (tmp_path / "disk" / "precious").exists()


def test_what_cannot_be_deleted_is_named_and_never_called_deleted(
    as_user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = as_user / "home"
    folder.claim(home)
    (home / "data").mkdir()
    (home / "data" / "kept").write_text("x")
    (home / "logs").mkdir()
    (home / "data").chmod(0o500)
    code, answer = purge(home, capsys)
    assert (code, answer["ok"]) == (1, False)
    assert answer["summary"] == f"not everything could be deleted: {home / 'data'}: Permission denied"
    assert answer["data"] == {
        "home": str(home),
        "deleted": False,
        "left": [],
        "not_deleted": {str(home / "data"): "Permission denied"},
    }
    assert sorted(path.name for path in home.iterdir()) == [folder.MARK, "data"]
    (home / "data").chmod(0o700)
    assert purge(home, capsys)[0] == 0


def test_a_home_that_may_not_be_entered_is_told_as_such(
    as_user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = as_user / "home"
    folder.claim(home)
    home.chmod(0)
    assert cli.main(["status", "--home", str(home), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"] == {
        "code": "not_yours",
        "message": f"{home}/stack.json is not yours to read",
        "hint": "what is in a home is for its owner alone: run this as that user",
    }
    home.chmod(0o700)


def test_a_folder_that_holds_a_folder_run_is_no_home(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    assert refusal(tmp_path, capsys) == f"{tmp_path} is not a home of fraudctl: it has no {folder.MARK}"
    assert (tmp_path / "run").is_dir()


def test_the_root_the_users_folder_a_mount_and_a_link_are_never_purged(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(Path("/"), capsys) == "/ is the root of the file system"
    assert refusal(Path("/proc"), capsys) == "/proc is a mount point"
    (tmp_path / "link").symlink_to(home)
    assert refusal(tmp_path / "link", capsys) == f"{tmp_path / 'link'} is a link"
    monkeypatch.setenv("HOME", str(home))
    assert refusal(home, capsys) == f"{home} is your home directory"
    assert (home / "data" / "deep" / "file").exists()


def test_a_home_around_the_working_directory_is_not_purged(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (home, home / "logs"):
        monkeypatch.chdir(place)
        assert refusal(home, capsys) == f"{home} holds the working directory"


def test_a_home_of_an_earlier_version_is_known_by_its_stack_file_and_marked_by_up(home: Path) -> None:
    (home / folder.MARK).unlink()
    assert folder.is_home(home)
    assert [folder.claim(home), folder.claim(home)] == [False, True]
    mark = folder.mark_of(home)
    assert mark is not None
    assert (mark.format, len(mark.id)) == (folder.FORMAT, 32)


def test_a_home_of_an_earlier_version_with_a_damaged_stack_file_is_known_by_its_supervisor(
    home: Path,
) -> None:
    (home / folder.MARK).unlink()
    (home / "stack.json").write_text("{")
    assert not folder.is_home(home)
    (home / "run" / "supervisord.conf").write_text(f'environment = FRAUDCTL_SUPERVISED_HOME="{home}"\n')
    assert folder.is_home(home)


def test_up_refuses_a_folder_with_foreign_things_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "thesis.txt").write_text("dear")
    assert cli.main(["up", "--home", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path} is not empty and not a home of fraudctl: it holds run, thesis.txt\n"
        "hint:  name an empty folder, or one that is not there yet, with --home\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "thesis.txt"]


def test_up_refuses_a_link_and_takes_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with pytest.raises(UsageError) as refused:
        folder.claim(tmp_path / "link")
    assert refused.value.hint == f"name the folder itself: --home {tmp_path / 'there'}"
    assert folder.claim(tmp_path / "there") is False


def test_a_home_of_a_newer_version_is_left_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / folder.MARK).write_text(NEWER)
    before = sorted(home.rglob("*"))
    for act in (lambda: folder.claim(home), lambda: folder.refuse_unremovable(home)):
        with pytest.raises(Newer) as refused:
            act()
        assert refused.value.hint == "use that version; nothing was changed"
    assert cli.main(["purge", "--yes", "--home", str(home)]) == 1
    assert "purge" not in capsys.readouterr().err
    assert sorted(home.rglob("*")) == before


def test_a_damaged_mark_is_named_with_its_mend(home: Path) -> None:
    (home / folder.MARK).write_text("")
    with pytest.raises(Damaged) as refused:
        folder.is_home(home)
    assert refused.value.message == f"{home / folder.MARK} is damaged: it is empty"
    (home / folder.MARK).unlink()
    assert folder.claim(home) is False


def test_a_home_that_others_could_read_is_closed_to_them(home: Path) -> None:
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    folder.close(home)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (home, *home.rglob("*"))}
    assert modes == {0o700, 0o600}


def test_purging_what_is_not_there_is_harmless(tmp_path: Path) -> None:
    assert Engine().purge(tmp_path / "none").is_gone


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_as_root_one_group_may_pass_through_a_home_and_read_nothing(home: Path) -> None:
    from fraudctl.home.stack import Paths

    folder.let_through(Paths(home), 65534)
    folder.close(home)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home, *home.iterdir())}
    assert {name for name, mode in found.items() if mode & 0o077} == {"home", "data"}
    assert (found["home"], found["data"], home.stat().st_gid) == (0o710, 0o710, 65534)


_PURGED = """
import subprocess, sys
from pathlib import Path
from typing import Any
from fraudctl.home import folder
home, other = Path(sys.argv[1]), sys.argv[2]
subprocess.run(["mount", "--bind", other, str(home / "data" / "a b")], check=True)
removed = folder.remove(home)
print({path.name: reason for path, reason in removed.kept.items()})
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_what_somebody_mounted_deep_in_a_home_is_not_deleted(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").write_text("x")
    (home / "data" / "a b").mkdir(parents=True)
    argv = ["unshare", "--mount", sys.executable, "-c", _PURGED, str(home), str(other)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("root may mount nothing here")
    mount = home.resolve() / "data" / "a b"
    assert done.stdout == f"{ {'data': f'something is mounted in it, at {mount}'} }\n", done.stderr
    assert ((other / "kept").read_text(), mount.is_dir(), folder.is_home(home)) == ("x", True, True)


def test_a_folder_that_becomes_a_link_while_it_is_deleted_leads_nowhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at it and its deletion: whoever may write to the home can be that quick."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").write_text("x")
    (home / "data").mkdir(exist_ok=True)
    whole = shutil.rmtree

    def swapped(path: Path, *more: Any, **told: Any) -> None:
        if path == home / "data" and not path.is_symlink():
            path.rename(home / "aside")
            path.symlink_to(other)
        whole(path, *more, **told)

    monkeypatch.setattr(shutil, "rmtree", swapped)
    removed = folder.remove(home)
    assert (other / "kept").read_text() == "x"
    assert home / "data" in removed.kept


def test_what_a_killed_command_has_left_half_written_goes_with_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder.claim(home)
    for name in ("audit.head", "stack.json"):
        (home / f".{name}.4242-0a1b2c3d.unfinished").write_text("{")
    (home / "mine.unfinished").write_text("a person's")
    assert folder.remove(home).left == (home / "mine.unfinished",)
    (home / "mine.unfinished").unlink()
    assert folder.remove(home).is_gone


def test_a_restore_takes_whatever_is_there_and_keeps_its_own_note_until_its_end(
    home: Path, tmp_path: Path
) -> None:
    for name in ("profile.yaml", "zz"):
        (home / "restored" / name).write_text("x")
    (home / "thesis.txt").write_text("a person's")
    folder.begin_restore(home)
    found = sorted(str(path.relative_to(home)) for path in home.rglob("*"))
    assert found == [folder.MARK, "restored", str(folder.IN_PART), "thesis.txt"]
    assert folder.is_restored_in_part(home)
    with pytest.raises(UsageError) as refused:
        folder.claim(home)
    assert refused.value.code == "restored_in_part"
    (tmp_path / "link").symlink_to(home)
    assert not folder.is_restored_in_part(tmp_path / "link")
    folder.end_restore(home)
    assert not folder.is_restored_in_part(home)
    assert folder.claim(home)


def test_a_restore_into_what_cannot_be_emptied_says_what_is_in_the_way(as_user: Path) -> None:
    home = as_user / "home"
    folder.claim(home)
    (home / "data").mkdir()
    (home / "data" / "kept").write_text("x")
    (home / "data").chmod(0o500)
    with pytest.raises(UsageError) as refused:
        folder.begin_restore(home)
    assert refused.value.message == f"{home / 'data'} cannot be deleted: Permission denied"
    assert folder.is_restored_in_part(home)
    (home / "data").chmod(0o700)
