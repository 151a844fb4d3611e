"""The software bill of materials (CycloneDX 1.6): every package and jar this version is installed with, and
their checksums, from the lock files.

    python -m fraudctl.binaries.sbom FILE
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from fraudctl.binaries import artifacts
from fraudctl.binaries.artifacts import Artifact

_PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)((?:.*\\\n)*.*)$", re.MULTILINE)
_CHECKSUM = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill(requirements: str, jars: Iterable[Artifact]) -> Bom:
    """What fraudctl needs: packages of a requirements file with checksums, jars of the artifacts' lock."""
    found = Bom(components=[*_packages(requirements), *(_jar(jar) for jar in _once(jars))])
    found.metadata.component = Component(
        name="fraudctl", version=version("fraudctl"), type=ComponentType.APPLICATION, bom_ref="fraudctl"
    )
    found.register_dependency(found.metadata.component, found.components)
    return found


def text(found: Bom) -> str:
    """The bill as CycloneDX writes it."""
    return JsonV1Dot6(found).output_as_string(indent=1)


def _packages(requirements: str) -> Iterator[Component]:
    for name, number, rest in _PACKAGE.findall(requirements):
        yield _component(PackageURL("pypi", name=name, version=number), _CHECKSUM.findall(rest))


def _jar(jar: Artifact) -> Component:
    at = jar.parts
    more = {"type": at.kind, **({"classifier": at.classifier} if at.classifier else {})}
    return _component(PackageURL("maven", at.group, at.artifact, at.version, qualifiers=more), [jar.sha256])


def _component(purl: PackageURL, checksums: Iterable[str]) -> Component:
    """A package that comes in several files has several checksums, of which an installation has one."""
    return Component(
        name=purl.name,
        group=purl.namespace,
        version=purl.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in checksums],
    )


def _once(jars: Iterable[Artifact]) -> Iterable[Artifact]:
    """Each jar once, though several servers use it."""
    return {jar.coordinates: jar for jar in jars}.values()


def main() -> None:
    """Write the bill of this checkout to the file that is named."""
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    locked = Path("requirements.lock").read_text(encoding="utf-8")
    target.write_text(text(bill(locked, artifacts.lock())), encoding="utf-8")


if __name__ == "__main__":
    main()
