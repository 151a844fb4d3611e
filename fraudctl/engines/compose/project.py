"""Docker Compose as a command: the project of a home, and what is asked of it.

The shipped files are resolved once, at `up`, into `run/compose.yaml` of the home: whatever is asked later
needs no variables, and a person can ask the same with `docker compose -f`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from fraudctl.engines.compose import services
from fraudctl.engines.compose.services import Override
from fraudctl.errors import Failed
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Paths

ANSWER_S = 120.0
INSTALL = "install Docker with its Compose plug-in, version 2.25 or later, or use: fraudctl up --engine local"
_LINES = 8


def project_name(home: Path) -> str:
    """The name of a home's project: two homes never share one."""
    return f"fraudctl-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"


class Project:
    """The Compose project of a home."""

    def __init__(self, paths: Paths) -> None:
        self.paths, self.name = paths, project_name(paths.home)

    @property
    def file(self) -> Path:
        """The resolved compose file of the last `up`."""
        return self.paths.run / "compose.yaml"

    def render(self, variables: Mapping[str, str], override: Override) -> None:
        """Resolve the shipped files for this stack."""
        extra = self.paths.run / "compose.override.yaml"
        write_atomically(extra, json.dumps(override, indent=2) + "\n")
        argv = ["-f", str(services.files() / "compose.yaml"), "-f", str(extra), "--profile", "*", "config"]
        write_atomically(self.file, self._ask(argv, variables))

    def up(self, names: Sequence[str], wait_s: float) -> None:
        """Create and start these services alone; those that run as they should stay."""
        if names:
            argv = ["-f", str(self.file), "up", "--detach", "--no-deps", "--no-build", "--pull", "never"]
            self._ask([*argv, *names], {}, wait_s)

    def pull(self, names: Sequence[str]) -> None:
        """Fetch the images of these services; Docker's own progress goes where ours does."""
        argv = self._argv(["-f", str(self.file), "pull", "--ignore-buildable", *names])
        if subprocess.run(argv, check=False, cwd="/", stdout=subprocess.DEVNULL).returncode != 0:
            raise Failed(
                f"the images of {', '.join(names)} cannot be pulled",
                hint="name images that can be had, see docs/compose.md: "
                + ", ".join(services.IMAGES[name] for name in names if name in services.IMAGES),
                code="no_image",
            )

    def remove(self, with_volumes: bool) -> None:
        """Stop what still runs and delete containers and network, and with them the data if so asked."""
        argv = ["-p", self.name, "down", "--remove-orphans", *(["--volumes"] if with_volumes else [])]
        self._ask(argv, {})

    def _ask(self, argv: Sequence[str], variables: Mapping[str, str], wait_s: float = ANSWER_S) -> str:
        """What Compose answers. Failed with its last words."""
        try:
            done = subprocess.run(
                self._argv(argv),
                env={**os.environ, **variables},
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                timeout=wait_s,
            )
        except FileNotFoundError as error:
            raise Failed("there is no docker on the PATH", hint=INSTALL, code="no_docker") from error
        except subprocess.TimeoutExpired as error:
            raise Failed(
                f"docker compose has not answered for {wait_s:.0f} s", hint="see: docker ps"
            ) from error
        if done.returncode != 0:
            raise _refusal(done.stderr)
        return done.stdout

    def _argv(self, argv: Sequence[str]) -> list[str]:
        return ["docker", "compose", "--ansi", "never", "-p", self.name, *argv]


def _refusal(said: str) -> Failed:
    if "is not a docker command" in said or "unknown flag" in said or "unknown shorthand flag" in said:
        return Failed("this docker has no Compose plug-in", hint=INSTALL, code="no_docker")
    lines = [line for line in said.splitlines() if line.strip()]
    told = "".join(f"\n  {line.strip()}" for line in lines[-_LINES:])
    return Failed(f"docker compose failed:{told}", hint="see: docker compose ls", code="compose")
