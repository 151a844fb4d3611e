"""What a program can do that root runs as the user of a home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from fraudctl.engines.local import become
from fraudctl.engines.local.become import REFUSED, Wanted

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
USER = 61_300
_TRIES = """
import json, os, pwd, sys
def tried(act):
    try:
        return act()
    except OSError as error:
        return type(error).__name__
place = sys.argv[1]
lines = open("/proc/self/status").read().splitlines()
status = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
print(json.dumps({
    "ids": sorted({*os.getresuid(), *os.getresgid(), *os.getgroups()}),
    "rights": int(status["CapPrm"], 16),
    "no_new_privileges": status["NoNewPrivs"],
    "account": pwd.getpwuid(os.getuid()).pw_name,
    "reads what it is to see": open(place + "/seen/file").read(),
    "changes what it sees": tried(lambda: open(place + "/seen/file", "w").close()),
    "sees beside it": tried(lambda: open(place + "/other/secret").read()),
    "lists": sorted(os.listdir(place)),
    "writes to its home": tried(lambda: open(place + "/home/file", "w").write("mine")),
    "changes accounts": tried(lambda: open("/etc/passwd", "a").close()),
    "reads passwords": tried(lambda: open("/etc/shadow").read()),
    "becomes root": tried(lambda: os.setuid(0)),
}))
"""


@dataclass(frozen=True)
class Place:
    """A folder of root's alone, in which there is what a stack needs, and a secret."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def wanted(self, **more: list[str]) -> Wanted:
        return Wanted(USER, str(self.home), [str(self.folder / "seen"), sys.prefix, sys.base_prefix], **more)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "closed"
    for name in ("home", "seen", "other"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o700)
    (folder / "seen" / "file").write_text("for all")
    (folder / "seen" / "file").chmod(0o666)
    (folder / "other" / "secret").write_text("for root")
    os.chown(folder / "home", USER, USER)
    (folder / "home").chmod(0o700)
    return Place(folder)


def run(wanted: Wanted, *program: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-S", str(become.__file__), json.dumps(asdict(wanted)), *program]
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")


def tries(place: Place) -> dict[str, Any]:
    done = run(place.wanted(), sys.executable, "-I", "-S", "-c", _TRIES, str(place.folder))
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_program_in_a_closed_folder_has_what_it_needs_and_nothing_of_roots(place: Place) -> None:
    assert tries(place) == {
        "ids": [USER],
        "rights": 0,
        "no_new_privileges": "1",
        "account": f"fraudctl-{USER}",
        "reads what it is to see": "for all",
        "changes what it sees": "OSError",  # the file system is for reading alone there
        "sees beside it": "FileNotFoundError",
        "lists": ["home", "seen"],
        "writes to its home": 4,
        "changes accounts": "PermissionError",
        "reads passwords": "PermissionError",
        "becomes root": "PermissionError",
    }


def test_nobody_else_sees_the_file_system_otherwise(place: Place) -> None:
    before = Path("/etc/passwd").read_bytes()
    tries(place)
    assert sorted(one.name for one in place.folder.iterdir()) == ["home", "other", "seen"]
    assert ((place.home / "file").read_text(), (place.home / "file").stat().st_uid) == ("mine", USER)
    assert Path("/etc/passwd").read_bytes() == before
    assert str(place.folder) not in Path("/proc/self/mounts").read_text()


def test_a_file_for_root_alone_is_named_by_whom_it_keeps_from_running(place: Place) -> None:
    key = place.folder / "other" / "secret"
    key.chmod(0o600)
    done = run(place.wanted(read=[str(key)]), "/bin/true")
    assert (done.returncode, done.stdout) == (REFUSED, f"user {USER} cannot read {key}\n")


def test_a_file_that_is_replaced_is_seen_as_it_is_now(place: Place) -> None:
    """As a secret is that somebody changes while the stack runs."""
    key = place.folder / "other" / "secret"
    key.chmod(0o644)
    script = "import os, sys; os.read(0, 1); print(open(sys.argv[1]).read())"
    argv = [
        sys.executable,
        "-I",
        "-S",
        str(become.__file__),
        json.dumps(asdict(place.wanted(read=[str(key)]))),
    ]
    argv += [sys.executable, "-I", "-S", "-c", "print('in', flush=True);" + script, str(key)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "in\n"
        (key.parent / "next").write_text("another")
        (key.parent / "next").chmod(0o644)
        (key.parent / "next").replace(key)
        child.stdin.write("g")
        child.stdin.close()
        assert child.stdout.read() == "another\n"
