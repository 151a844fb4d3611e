"""A user of the machine who is not root, with an account and a folder of its own: played by root.

Where the interpreter or the checkout lie in a folder that is closed to others, as below `/root`, that user
sees them there all the same, by the view that `become.py` makes for who runs what root starts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fraudctl.binaries import artifacts
from fraudctl.engines.local import become
from fraudctl.engines.local.become import REFUSED, Wanted
from fraudctl.engines.local.runner import PACKAGES, interpreter
from fraudctl.home.unprivileged import give
from tests.homes import reachable_folder

NUMBER = 61_001
"""neither that of `nobody` nor one that a home of root's may get"""
NOT_OURS = ("classes", "kubernetes", "kube-score*", "cfn-guard*", "versitygw", "wheels")
"""what of root's cache the user does without, or makes itself"""


@dataclass(frozen=True)
class OrdinaryUser:
    """Everything of it lies in the folder, which others may enter; so its home is closed by itself alone."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def put(self, name: str, text: str, mode: int = 0o600) -> Path:
        """A file of the user's."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, NUMBER, NUMBER)
        return path

    def command(self, *arguments: str) -> list[str]:
        """That of `fraudctl`, as the user runs it."""
        return [*self._become(), sys.executable, "-m", "fraudctl", *arguments, "--home", str(self.home)]

    def hindrance(self) -> str:
        """Why nobody can be that user here, as in a container whose root may make no view; else empty."""
        tried = subprocess.run(self._become(), capture_output=True, text=True, check=False)
        return tried.stdout.strip() if tried.returncode == REFUSED else ""

    def _become(self) -> list[str]:
        seen = [one for one in dict.fromkeys([*interpreter(), str(PACKAGES)]) if Path(one).is_dir()]
        told = json.dumps(asdict(Wanted(NUMBER, str(self.folder), seen)))
        return [sys.executable, "-I", "-S", str(become.__file__), told]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.folder), "FRAUDCTL_CACHE": str(self.folder / "cache")}

    def fraudctl(self, *arguments: str) -> dict[str, Any]:
        """What a command answers, which must succeed."""
        argv = self.command(*arguments, "--json")
        done = subprocess.run(
            argv, env=self.environment, cwd="/", capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr
        data: dict[str, Any] = json.loads(done.stdout)["data"]
        return data

    @contextmanager
    def started(self, *options: str) -> Iterator[None]:
        """A stack with these options; purged at the end."""
        try:
            self.fraudctl("up", "--any-port", "--wait", "300", *options)
            yield
        finally:
            self.fraudctl("purge", "--yes")


@contextmanager
def ordinary_user() -> Iterator[OrdinaryUser]:
    """Its cache has what root's has, so that nothing is fetched again."""
    with reachable_folder("user") as place:
        made = OrdinaryUser(place / "user")
        made.folder.mkdir(mode=0o755)
        if (cache := artifacts.cache_dir()).is_dir():
            ignored = shutil.ignore_patterns(*NOT_OURS)
            shutil.copytree(cache, made.folder / "cache", symlinks=True, ignore=ignored)
        give(made.folder, NUMBER)
        yield made
