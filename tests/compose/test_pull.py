"""Images that are not there are pulled by `up`, which says so; one is named by its digest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.engines.compose.containers import Containers
from fraudctl.servers import names
from tests.compose.conftest import data_of, docker
from tests.compose.registry import Registry, registry

VALKEY = "valkey/valkey:8.1.10"
ALONE = [word for name in names() if name != "redis" for word in ("--without", name)]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Registry]:
    """Has the image, and nobody else has it under this name."""
    if not Containers(Path()).are_here:
        pytest.skip("this Docker runs on another machine, which does not reach a registry here")
    with registry(VALKEY, tmp_path) as made:
        yield made


def test_up_pulls_what_is_not_there_with_progress_and_runs_exactly_the_image_of_that_digest(
    elsewhere: Registry, tmp_path: Path
) -> None:
    home, image = tmp_path / "home", f"{elsewhere.host}/mirror/valkey@{elsewhere.digest}"
    argv = [sys.executable, "-m", "fraudctl", "up", "--home", str(home), "--engine", "compose", "--any-port"]
    told = {**os.environ, "FRAUDCTL_IMAGE_REDIS": image}
    try:
        said = subprocess.run(
            [*argv, *ALONE], env=told, capture_output=True, text=True, check=False, timeout=400
        )
        assert said.returncode == 0, said.stderr
        assert f"pulling {image}" in said.stderr
        assert "redis Pulling" in said.stderr
        assert "redis Pulled" in said.stderr
        container = Containers(home).one("redis")
        assert container.attrs["Config"]["Image"] == image
        assert container.image.id == docker("image", "inspect", "-f", "{{.Id}}", VALKEY).strip()
        asked = len(elsewhere.asked)
        again = subprocess.run([*argv, *ALONE], env=told, capture_output=True, text=True, check=True)
        assert ("pulling" in again.stderr, len(elsewhere.asked)) == (False, asked)
    finally:
        data_of(home, "purge", "--yes")
        subprocess.run(["docker", "rmi", "--force", image], capture_output=True, check=False)


def test_an_image_that_cannot_be_pulled_is_named_with_the_variable_that_names_another(
    elsewhere: Registry, tmp_path: Path
) -> None:
    home, image = tmp_path / "home", f"{elsewhere.host}/mirror/valkey:none"
    argv = [sys.executable, "-m", "fraudctl", "up", "--home", str(home), "--engine", "compose", "--any-port"]
    told = {**os.environ, "FRAUDCTL_IMAGE_REDIS": image}
    done = subprocess.run([*argv, *ALONE], env=told, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 1
    assert "error: the images of redis cannot be pulled" in done.stderr
    assert "FRAUDCTL_IMAGE_REDIS" in done.stderr
    assert Containers(home).states() == {}
