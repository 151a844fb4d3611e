"""A Python with some packages and what these need, and nothing of ours: as a managed service has one."""

from __future__ import annotations

import importlib.metadata as metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOTS = ("apache-flink", "setuptools")
"""Apache Beam, which PyFlink needs, asks setuptools for versions."""


def packages(folder: Path, roots: tuple[str, ...] = ROOTS) -> Path:
    """A folder of links to those packages, as it could stand on a path of modules."""
    folder.mkdir()
    for distribution in _needed(roots):
        for top in {Path(file).parts[0] for file in distribution.files or ()}:
            link, target = folder / top, Path(str(distribution.locate_file(top)))
            if top not in ("..", "__pycache__") and not link.exists():
                link.symlink_to(target)
    return folder


def interpreter(folder: Path, places: Path) -> Path:
    """A virtual environment whose only packages are those in `places`."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    [site] = folder.glob("lib/python*/site-packages")
    (site / "its.pth").write_text(f"{places}\n")
    return folder / "bin" / "python"


def _needed(roots: tuple[str, ...]) -> Iterator[metadata.Distribution]:
    waiting, seen = list(roots), set[str]()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        yield distribution
        wanted = [one for one in distribution.requires or () if "extra ==" not in one]
        waiting += [re.split(r"[^A-Za-z0-9._-]", one)[0] for one in wanted]
