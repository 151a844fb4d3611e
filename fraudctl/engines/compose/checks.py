"""What the Compose engine needs of the machine: Docker, its Compose plug-in, our image, free ports."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from docker.errors import DockerException

from fraudctl.engines import chosen, ports
from fraudctl.engines.compose import services
from fraudctl.engines.compose.containers import Containers
from fraudctl.engines.compose.project import INSTALL
from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.errors import Failed, FraudctlError
from fraudctl.settings import reading

OUR_IMAGE = "fraudctl:0.2.0"
BUILD = "build it from a checkout: make compose-image; or name another: FRAUDCTL_IMAGE"
OLDEST = (2, 25)
"""The first version of the Compose plug-in from which on they read the shipped files, with something on top,
as these are meant: some before it do, 2.24.5 and 2.24.7 do not."""
UNUSABLE = ("2.29.0",)
"""later ones that end by themselves over two files of which one includes others"""
_CODES = {"docker": "no_docker", "compose": "no_docker", "image": "no_image"}


def examine(home: Path, environ: Mapping[str, str]) -> list[Check]:
    """Every check, in an order for reading."""
    there = Containers(home)
    return [*_of_docker(there), *_of_image(there, environ), _ports(there, environ)]


def refuse_without_docker(home: Path) -> None:
    """Failed where Docker, or its Compose plug-in, could not be told anything."""
    _refuse(_of_docker(Containers(home)))


def refuse_unable(home: Path, environ: Mapping[str, str]) -> None:
    """The same, and where our own image is not there, which nobody can pull."""
    refuse_without_docker(home)
    _refuse(_of_image(Containers(home), environ))


def _refuse(found: Sequence[Check]) -> None:
    for one in found:
        if one.state == BROKEN:
            raise Failed(one.finding, hint=one.mend, code=_CODES[one.name])


def _of_docker(there: Containers) -> list[Check]:
    return [_docker(there), _plugin()]


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
    version = done.stdout.strip().removeprefix("v")
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST:
        return Check("compose", BROKEN, f"Compose {version} is too old", INSTALL)
    if version in UNUSABLE:
        return Check("compose", BROKEN, f"Compose {version} cannot read the shipped files", INSTALL)
    return Check("compose", WELL, f"Compose {version}")


def _of_image(there: Containers, environ: Mapping[str, str]) -> list[Check]:
    """Nothing where no Docker answers, of which is told beside."""
    image = environ.get("FRAUDCTL_IMAGE") or OUR_IMAGE
    try:
        is_there = there.has_image(image)
    except (FraudctlError, DockerException):
        return []
    if not is_there:
        return [Check("image", BROKEN, f"there is no image {image}", BUILD)]
    return [Check("image", WELL, image)]


def _ports(there: Containers, environ: Mapping[str, str]) -> Check:
    with suppress(FraudctlError):
        if there.exist():
            return Check("ports", WELL, "the stack runs on its ports")
    profile = reading.load(environ=environ)
    try:
        ports.check_free(services.published(profile, chosen.required(profile, ())))
    except FraudctlError as error:
        return Check("ports", WARNING, error.message, error.hint)
    return Check("ports", WELL, "all ports are free")
