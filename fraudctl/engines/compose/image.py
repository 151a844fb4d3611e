"""What the image has of jars, made while it is built: `python -m fraudctl.engines.compose.image CACHE`.

The kernel is compiled, the connector fetched; the compiler does not stay.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import share_classes
from fraudctl.servers import _flink_metrics, flink

CACHE = Path("/opt/cache")
KERNEL = "kernel.jar"
"""what the kernel is called there, whatever its sources"""


def jars() -> dict[str, str]:
    """Where the jars of a job are found in the image of this version, the kernel first."""
    others = {jar.stem: str(jar) for jar in artifacts.jars("connector", CACHE)}
    return {"kernel": str(CACHE / KERNEL), **others}


def fill(cache: Path) -> None:
    """Bring the jars of a job into the cache, where `jars` says that they are."""
    artifacts.fetch([one for one in artifacts.lock() if one.use in ("connector", "compiler")], cache)
    flink.build_kernel(cache)
    _flink_metrics.install(flink.pyflink_folder(), cache)
    (cache / KERNEL).symlink_to(flink.job_jars(cache)[0])
    for compiler in artifacts.jars("compiler", cache):
        shutil.rmtree(compiler.parent)
    share_classes(cache)


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
