"""Whoever builds the image of the same sources gets the same files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.compose.conftest import FILES, docker

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
MIRRORS = ("PIP_INDEX_URL", "FRAUDCTL_MAVEN_URL")
SUMS = "find /opt /var/lib/fraudctl -xdev -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum"


@contextmanager
def built(name: str) -> Iterator[str]:
    """An image of these sources in which nothing is taken over from another build."""
    secrets = ["--secret", f"id=ca,src={CERTIFICATES}"] if CERTIFICATES.exists() else []
    mirrors = [word for one in MIRRORS if os.environ.get(one) for word in ("--build-arg", one)]
    words = ("--no-cache", *secrets, *mirrors, "-f", str(FILES / "Dockerfile"), "-t", name)
    docker("build", *words, str(FILES.parent), wait_s=900)
    try:
        yield name
    finally:
        docker("rmi", "--force", name)


def files_of(image: str) -> dict[str, str]:
    """The sum of every file that the base does not have, by its path."""
    told = docker("run", "--rm", "--user", "0", "--entrypoint", "sh", image, "-c", SUMS)
    return {path: found for found, path in (line.split(maxsplit=1) for line in told.splitlines())}


@pytest.mark.timeout(2_000)
def test_two_builds_hold_the_same_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_BUILDKIT", "1")
    with built("fraudctl-once:test") as once, built("fraudctl-again:test") as again:
        found, other = files_of(once), files_of(again)
    assert len(found) > 5_000
    assert {path for path in found.keys() | other.keys() if found.get(path) != other.get(path)} == set()
