"""A secret given to `up` is found in no file but its own, in no process, in no answer and in no log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fraudctl.engines.local.engine import Engine
from tests import intruder
from tests.disclosure import contents
from tests.homes import reachable_folder

CANARY = "CANARY0f0ursecrets"
PROFILE = """\
sinks: {dynamodb: {}, redis: {}}
notify: {channels: {slack: {webhook_variable: HOOK_OF_THE_TEST}}}
"""
COMMANDS = (("status", "--json"), ("profile", "show", "--json"), ("sinks", "status", "--json"), ("logs",))


def run(home: Path, *arguments: str, **environ: str) -> str:
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home)]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=400, env={**os.environ, **environ}
    )
    return done.stdout + done.stderr


def test_a_secret_is_in_its_file_and_nowhere_else() -> None:
    with reachable_folder("up") as folder:
        home, profile = folder / "home", folder / "canary.yaml"
        profile.write_text(PROFILE)
        given = {
            "HOOK_OF_THE_TEST": f"http://127.0.0.1:1/{CANARY}",
            "FRAUDCTL_SERVERS_REDIS_EXTERNAL_ADDRESS": f"redis://me:{CANARY}@127.0.0.1:1/0",
        }
        up = ("up", "--profile", str(profile), "--any-port", "--without", "flink")
        try:
            said = run(home, *up, **given)
            assert "up in" in said
            said += "".join(run(home, *command, **given) for command in COMMANDS)
            assert CANARY not in said
            assert shown(home) == {"notify-slack-webhook", "external-redis"}
            assert [one.pid for one in intruder.processes(home) if is_told(one.pid)] == []
        finally:
            Engine().purge(home)


def shown(home: Path) -> set[str]:
    return {path.name for path, held in contents(home) if CANARY.encode() in held}


def is_told(pid: int) -> bool:
    told = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    return any(CANARY.encode() in one for one in told)
