"""The Python packages of the zip are those that everything else is tested with."""

from __future__ import annotations

import re
from pathlib import Path

from fraudctl.aws import wheels

ROOT = Path(wheels.__file__).parents[2]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_each_is_locked_in_the_version_that_the_project_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    versions = {canonical(name): version for name, version in pinned.items()}
    locked = {canonical(one.name): one.version for one in wheels.lock()}
    assert locked == {name: versions[name] for name in locked}


def test_each_has_the_hashes_of_its_wheels_and_a_use() -> None:
    assert {one.use for one in wheels.lock()} == {"job", "notify", "onnx"}
    for one in wheels.lock():
        assert one.hashes, one.name
        assert all(re.fullmatch("[0-9a-f]{64}", hash) for hash in one.hashes), one.name
