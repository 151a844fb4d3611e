"""Prometheus where it is not installed: the distribution's package, unpacked into the cache without root.

Debian and its kin have it; elsewhere a person installs one. Two programs of the package are run, no script.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fraudctl.console.progress import progress
from fraudctl.errors import Failed

PACKAGE: Final = "prometheus"
_HINT: Final = "install Prometheus and have it on the PATH, or name it: servers.prometheus.settings.binary"
_DOWNLOAD_S: Final = 300.0


def place(cache: Path) -> Path:
    """Where the program is, or will be once it is fetched; `promtool` lies beside it."""
    return cache / "prometheus" / "usr" / "bin" / "prometheus"


def find(binary: Path | None, cache: Path, fetched: bool) -> Path | None:
    """The one that a profile names, the one on the PATH, or, where it may be used, the fetched one."""
    if binary:
        return binary
    if found := shutil.which("prometheus"):
        return Path(found).resolve()
    return place(cache) if fetched and place(cache).exists() else None


def fetch(cache: Path) -> Path:
    """Download and unpack the package unless it is there; the program. Failed where that cannot be done."""
    target = place(cache)
    if target.exists():
        return target
    for needed in ("apt-get", "dpkg-deb"):
        if shutil.which(needed) is None:
            raise Failed(f"Prometheus can be fetched on Debian and its kin alone: no {needed}", hint=_HINT)
    cache.mkdir(parents=True, exist_ok=True)
    with progress("fetching Prometheus", 1.0), tempfile.TemporaryDirectory(dir=cache) as name:
        folder = Path(name)
        _run(["apt-get", "download", "--quiet", PACKAGE], folder)
        (package,) = folder.glob("*.deb")
        _run(["dpkg-deb", "-x", package.name, "unpacked"], folder)
        shutil.rmtree(cache / "prometheus", ignore_errors=True)
        (folder / "unpacked").replace(cache / "prometheus")
    return target


def _run(argv: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, timeout=_DOWNLOAD_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{argv[0]} has not ended after {_DOWNLOAD_S:g} s", hint=_HINT) from error
    if done.returncode != 0:
        raise Failed(f"Prometheus cannot be fetched: {done.stderr.strip() or argv[0]}", hint=_HINT)
