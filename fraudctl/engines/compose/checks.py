"""What the Compose engine needs of the machine: Docker, its Compose plug-in, our image, free ports."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from docker.errors import DockerException

from fraudctl.engines import chosen, ports
from fraudctl.engines.compose.containers import Containers
from fraudctl.engines.compose.project import INSTALL
from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.errors import FraudctlError
from fraudctl.settings import reading

OUR_IMAGE = "fraudctl:0.2.0"


def examine(home: Path, environ: Mapping[str, str]) -> list[Check]:
    """Every check, in an order for reading."""
    there = Containers(home)
    found = [_docker(there), _plugin()]
    if found[0].state == WELL:
        found.append(_image(there, environ.get("FRAUDCTL_IMAGE") or OUR_IMAGE))
    return [*found, _ports(there, environ)]


def _docker(there: Containers) -> Check:
    try:
        version = there.client.version()["Version"]
    except FraudctlError as error:
        return Check("docker", BROKEN, error.message, error.hint)
    except DockerException as error:
        return Check("docker", BROKEN, f"Docker does not answer: {error}", "start it, or set DOCKER_HOST")
    return Check("docker", WELL, f"Docker {version}")


def _plugin() -> Check:
    try:
        done = subprocess.run(
            ["docker", "compose", "version", "--short"],
            capture_output=True,
            text=True,
            check=False,
            cwd=os.sep,
        )
    except OSError as error:
        return Check("compose", BROKEN, f"docker cannot be run: {error.strerror}", INSTALL)
    if done.returncode != 0:
        return Check("compose", BROKEN, "this docker has no Compose plug-in", INSTALL)
    return Check("compose", WELL, f"Compose {done.stdout.strip()}")


def _image(there: Containers, image: str) -> Check:
    if not there.has_image(image):
        return Check("image", BROKEN, f"there is no image {image}", "run in a checkout: make compose-image")
    return Check("image", WELL, image)


def _ports(there: Containers, environ: Mapping[str, str]) -> Check:
    if there.exist():
        return Check("ports", WELL, "the stack runs on its ports")
    profile = reading.load(environ=environ)
    try:
        kinds = chosen.required(profile, ())
        asked = {name: roles for name, roles in ports.wanted(profile, kinds).items() if name in kinds}
        ports.check_free(asked)
    except FraudctlError as error:
        return Check("ports", WARNING, error.message, error.hint)
    return Check("ports", WELL, "all ports are free")
