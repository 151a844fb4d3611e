"""The bill of materials names all that is locked, in CycloneDX's own form; the locks are of one mind."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from fraudctl.binaries import artifacts, sbom

ROOT = Path(__file__).parents[4]
LOCKED = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return dict(json.loads(sbom.text(sbom.bill(LOCKED, artifacts.lock()))))


def pins(text: str) -> dict[str, str]:
    """Packages with their exact versions, by the name that pip compares."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^\s;\\]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): number for name, number in found}


def test_it_is_a_bill_as_cyclonedx_defines_it(bill: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None


def test_it_has_every_package_and_every_jar_with_a_checksum(bill: dict[str, Any]) -> None:
    named = {one["purl"] for one in bill["components"]}
    assert {f"pkg:pypi/{name}@{number}" for name, number in pins(LOCKED).items()} <= named
    assert "pkg:maven/org.apache.kafka/kafka_2.13@4.4.0?type=jar" in named
    assert len({one.coordinates for one in artifacts.lock()}) == sum("pkg:maven" in one for one in named)
    assert [one["purl"] for one in bill["components"] if not one["hashes"]] == []


def test_the_lock_has_the_versions_that_were_chosen() -> None:
    """`make lock` was run after the last change of a version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = pins("\n".join([*project["dependencies"], *project["optional-dependencies"]["dev"]]))
    chosen = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert direct.items() <= pins(LOCKED).items()
    assert chosen == pins(LOCKED)


def test_everything_that_is_installed_has_a_checksum() -> None:
    for name in ("requirements.lock", "build.lock"):
        packages = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip())
        assert [one for one in packages if "--hash=sha256:" not in one] == []
