"""Makes one jar of several, since the service takes one: classes, service files and licences of all.

Equal inputs give equal bytes. Two different files of one name are refused, not chosen between, except those
that belong to no class: service files are merged line by line, legal texts are kept for each jar.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from fraudctl.errors import Failed

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
MANIFEST: Final = "META-INF/MANIFEST.MF"
_MANIFEST_TEXT: Final = b"Manifest-Version: 1.0\r\nMulti-Release: true\r\n\r\n"
"""Some of the classes are there in several forms, one for each release of Java."""
_SERVICES: Final = "META-INF/services/"
_LEGAL: Final = re.compile(
    r"META-INF/[^/]*(LICENSE|NOTICE|DEPENDENCIES|COPYRIGHT)[^/]*|META-INF/licenses?/.+"
)
_LEFT_OUT: Final = re.compile(
    r"META-INF/(MANIFEST\.MF|INDEX\.LIST|[^/]+\.(SF|RSA|DSA|EC)|maven/.*)|(META-INF/versions/\d+/)?module-info\.class"
)
"""What says something of its own jar as a whole: its manifest, index, signatures, module and build."""


def merged(jars: Sequence[Path], target: Path) -> Path:
    """Write the one jar. Raises Failed where two jars have different files of one name."""
    found: dict[str, bytes] = {}
    owner: dict[str, str] = {}
    for jar in jars:
        for name, content in _entries(jar):
            known = found.get(name)
            if name.startswith(_SERVICES):
                found[name] = _lines(known or b"", content)
            elif known is None:
                found[name], owner[name] = content, jar.name
            elif known != content:
                raise Failed(
                    f"{name} is another one in {owner[name]} than in {jar.name}",
                    hint="one of the two must be relocated",
                    code="jar_conflict",
                )
    write_zip(target, {MANIFEST: _MANIFEST_TEXT, **dict(sorted(found.items()))})
    return target


def write_zip(target: Path, files: dict[str, bytes]) -> None:
    """A zip whose bytes follow from the files and their order alone."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=6)


def _entries(jar: Path) -> Iterator[tuple[str, bytes]]:
    """What of a jar goes into the one, by the name that it has there."""
    with zipfile.ZipFile(jar) as packed:
        for entry in packed.infolist():
            if entry.is_dir() or _LEFT_OUT.fullmatch(entry.filename):
                continue
            name = entry.filename
            if _LEGAL.fullmatch(name):
                name = f"META-INF/legal/{jar.stem}/{name.removeprefix('META-INF/')}"
            yield name, packed.read(entry)


def _lines(before: bytes, added: bytes) -> bytes:
    """Both lists of providers, each provider once."""
    lines = [line for text in (before, added) for line in text.splitlines() if line.strip()]
    return b"\n".join(dict.fromkeys(lines)) + b"\n"
