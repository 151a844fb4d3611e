"""Makes jars from Java sources with the Eclipse compiler, so that no JDK is needed: the kernel's above all.

Knows sources, class path and cache; knows nothing of what the classes do. A jar is cached under a name made
of the hash of all that goes into it, so unchanged sources are compiled once per user.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent / "src"
_JAVA_RELEASE: Final = "17"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class CompileError(Exception):
    """The compiler refused the sources; the text is its own."""


@dataclass(frozen=True)
class Compiler:
    """The Eclipse compiler's jar, a Java runtime of version 17 or later, and the folder of compiled jars."""

    ecj: Path
    java: Path
    cache: Path

    def place(self, name: str, root: Path, sources: Sequence[Path], classpath: Sequence[Path]) -> Path:
        """Where the jar of these sources below `root` lies once it is compiled."""
        return self.cache / f"{name}-{_digest(root, sources, [*classpath, self.ecj])}.jar"

    def compile(self, target: Path, sources: Sequence[Path], classpath: Sequence[Path]) -> Path:
        """Make the jar at its `place` unless it is there, and give it. Raises CompileError."""
        if not target.exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.cache) as folder:
                classes, packed = Path(folder) / "classes", Path(folder) / "packed.jar"
                _compile(sources, classes, classpath, self.java, self.ecj)
                _pack(classes, packed)
                packed.replace(target)
        return target


def kernel_place(compiler: Compiler, classpath: Sequence[Path]) -> Path:
    """Where the kernel jar is, or will be once it is compiled: as the package ships it, or in the cache."""
    target = compiler.place("fraudctl-kernel", SOURCES, _sources(), classpath)
    shipped = Path(__file__).parent / target.name
    return shipped if shipped.exists() else target


def kernel_jar(compiler: Compiler, classpath: Sequence[Path]) -> Path:
    """The jar at `kernel_place`, compiled if it is not there. Raises CompileError.

    `classpath` is what the kernel compiles against: Flink's lib folder and the Kafka connector.
    """
    return compiler.compile(kernel_place(compiler, classpath), _sources(), classpath)


def _sources() -> list[Path]:
    return sorted(SOURCES.rglob("*.java"))


def _digest(root: Path, sources: Sequence[Path], jars: Sequence[Path]) -> str:
    digest = hashlib.sha256(_JAVA_RELEASE.encode())
    for source in sources:
        digest.update(source.relative_to(root).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    for name in sorted(jar.name for jar in jars):
        digest.update(name.encode() + b"\0")
    return digest.hexdigest()[:16]


def _compile(
    sources: Sequence[Path], classes: Path, classpath: Sequence[Path], java: Path, ecj: Path
) -> None:
    command = [str(java), "-XX:-UsePerfData", "-jar", str(ecj)]  # else it leaves a folder in /tmp
    command += ["-source", _JAVA_RELEASE, "-target", _JAVA_RELEASE, "-proc:none", "-nowarn"]
    command += ["-encoding", "UTF-8", "-cp", os.pathsep.join(map(str, classpath))]
    command += ["-d", str(classes), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompileError((done.stderr or done.stdout).strip()[-4000:])


def _pack(classes: Path, jar: Path) -> None:
    """Entries are sorted and without times, so that equal sources give equal bytes."""
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(classes.rglob("*.class")):
            entry = zipfile.ZipInfo(path.relative_to(classes).as_posix(), _EPOCH)
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
