"""What is in the image, layer by layer, and what is not."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from typing import Any

from fraudctl import __version__
from fraudctl.engines.compose.checks import OUR_IMAGE
from tests.compose.conftest import FILES, docker

MOST_BYTES = 900_000_000
SECRET = re.compile(r"(^|/)(\.netrc|\.pypirc|\.docker/|pip\.conf|uv\.toml|id_rsa|secrets/.)|\.(key|p12|jks)$")
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def inspected(image: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker("image", "inspect", image))
    return found[0]


def base() -> str:
    """The image that ours is based on, as its Dockerfile says."""
    found = re.search(r"^ARG FRAUDCTL_IMAGE_PYTHON=(\S+)", (FILES / "Dockerfile").read_text("utf-8"), re.M)
    assert found is not None
    return found[1]


def files_of_our_layers() -> Iterator[str]:
    """The path of every file that a layer above the base has, also of those that a later layer deletes."""
    below = len(inspected(base())["RootFS"]["Layers"])
    with subprocess.Popen(["docker", "save", OUR_IMAGE], stdout=subprocess.PIPE) as saving:
        layers: dict[str, list[str]] = {}
        manifest: list[dict[str, Any]] = []
        with tarfile.open(fileobj=saving.stdout, mode="r|") as image:
            for member in image:
                if member.name == "manifest.json":
                    manifest = json.load(image.extractfile(member) or iter(()))  # type: ignore[arg-type]
                elif member.name.endswith("layer.tar"):
                    with tarfile.open(fileobj=image.extractfile(member), mode="r|") as layer:
                        layers[member.name] = [one.name for one in layer if not one.isdir()]
    for name in manifest[0]["Layers"][below:]:
        yield from layers[name]


def test_no_layer_carries_a_secret_or_the_certificates_of_the_build() -> None:
    files = list(files_of_our_layers())
    assert len(files) > 1_000
    assert [name for name in files if SECRET.search(name)] == []
    assert CERTIFICATES not in files
    assert {name.partition("/")[0] for name in files} <= {"opt", "var"}


def test_neither_its_environment_nor_its_history_names_a_secret() -> None:
    told = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", OUR_IMAGE)
    environment = inspected(OUR_IMAGE)["Config"]["Env"]
    assert [one for one in environment if re.search("PASSWORD|SECRET|TOKEN|_KEY", one)] == []
    assert not re.search(r"://[^/\s]*@|password=|token=", told)


def test_it_is_small_belongs_to_no_root_and_says_what_it_is() -> None:
    image = inspected(OUR_IMAGE)
    assert image["Size"] < MOST_BYTES
    assert image["Config"]["User"] == "10001:10001"
    labels = image["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert docker("run", "--rm", OUR_IMAGE, "--version").split() == ["fraudctl", __version__]


def test_no_compiler_is_in_it() -> None:
    tools = "gcc cc g++ javac make uv pip"
    script = f"for one in {tools}; do command -v $one; done; ls /opt/cache/jars/*/ecj-*.jar 2>/dev/null; true"
    assert docker("run", "--rm", "--network", "none", "--entrypoint", "sh", OUR_IMAGE, "-c", script) == ""


def test_countries_are_known_by_their_names_in_every_language() -> None:
    script = "from fraudctl.files.countries import code_of; print(code_of('Deutschland'), code_of('Norge'))"
    there = ("run", "--rm", "--network", "none", "--entrypoint", "python", OUR_IMAGE, "-c", script)
    assert docker(*there).split() == ["DE", "NO"]
