"""A stopped stack whose log is gone, as by a deleted volume of Docker: `up` says so, and how to go on."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from fraudctl.home.stack import Paths
from tests.homes import reachable_folder
from tests.stack.cli import fraudctl

UP = ("up", "--any-port", "--wait", "600")


def answer(home: Path, *arguments: str) -> dict[str, Any]:
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=900)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_up_says_that_the_log_is_gone_and_what_it_prints_goes_on(tmp_path: Path) -> None:
    with reachable_folder("gone") as place:
        home = place / "home"
        try:
            fraudctl(home, *UP)
            fraudctl(home, "simulate", "--duration", "5s")
            fraudctl(home, "down")
            shutil.rmtree(Paths(home).data("kafka"))
            came_up = answer(home, *UP)
            assert not came_up["ok"]
            assert "no longer holds what was to be read next" in came_up["error"]["message"]
            proposed = re.findall(r"fraudctl (job [a-z][^,;]*)", came_up["error"]["message"])
            assert proposed, came_up["error"]
            for command in proposed:
                asked = ["--yes"] if "reset-offsets" in command else []
                fraudctl(home, *shlex.split(command), *asked)
            assert answer(home, "status")["ok"]
            assert answer(home, *UP)["ok"]
        finally:
            fraudctl(home, "purge", "--yes")
