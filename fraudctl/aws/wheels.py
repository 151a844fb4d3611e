"""Python packages that go into the application's zip, since the service installs none.

They are locked by the hashes of their wheels, fetched by pip for the service's Python and machine, and put
side by side as an installation would.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraudctl.console.progress import progress
from fraudctl.errors import Failed

LOCK: Final = Path(__file__).with_name("wheels.lock")
PLATFORMS: Final = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_FETCH_S: Final = 300.0
_LEFT_OUT: Final = re.compile(
    r"[^/]+\.data/(scripts|headers)/.*|[^/]+\.dist-info/(RECORD|INSTALLER|REQUESTED)"
)


@dataclass(frozen=True, slots=True)
class Locked:
    """One package: what needs it (`job`, `onnx`), its name, its version, its wheels."""

    use: str
    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """A line of a file for `pip --require-hashes`."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{one}" for one in self.hashes)])


def lock() -> tuple[Locked, ...]:
    """The packages this version of fraudctl packs."""
    lines = (line.split() for line in LOCK.read_text(encoding="utf-8").splitlines() if line[0] != "#")
    return tuple(_locked(use, name, hashes) for use, name, *hashes in lines)


def _locked(use: str, name: str, hashes: Sequence[str]) -> Locked:
    package, _, version = name.partition("==")
    return Locked(use, package, version, tuple(hashes))


def fetch(uses: Sequence[str], python: str, cache: Path) -> list[Path]:
    """The wheels of these uses for that Python (such as 3.12), in the cache. Raises Failed."""
    wanted = [one for one in lock() if one.use in uses]
    folder = cache / "wheels" / python / "-".join(sorted(uses))
    listed = folder / "requirements.txt"
    text = "".join(f"{one.requirement}\n" for one in wanted)
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) == len(wanted) and listed.is_file() and listed.read_text(encoding="utf-8") == text:
        return wheels
    folder.mkdir(parents=True, exist_ok=True)
    for old in wheels:
        old.unlink()
    listed.write_text(text, encoding="utf-8")
    with progress(f"fetching {len(wanted)} Python packages", None):
        _download(listed, python, folder)
    return sorted(folder.glob("*.whl"))


def contents(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The files that an installation would put beside other packages, licences included."""
    with zipfile.ZipFile(wheel) as packed:
        for entry in packed.infolist():
            if not entry.is_dir() and not _LEFT_OUT.fullmatch(entry.filename):
                yield re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", entry.filename), packed.read(entry)


def _download(listed: Path, python: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--python-version", python]
    command += [word for platform in PLATFORMS for word in ("--platform", platform)]
    command += ["--dest", str(folder), "--requirement", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FETCH_S)
    if done.returncode != 0:
        raise Failed(
            f"the Python packages of the zip cannot be fetched: {done.stderr.strip()[-500:]}",
            hint="check the network, or pip's own settings for a mirror",
            code="download",
        )
