"""What the image has of jars, made while it is built: `python -m fraudctl.engines.compose.image CACHE`.

The kernel is compiled, the connector fetched; the compiler does not stay.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import share_classes
from fraudctl.servers import _flink_metrics, flink

CACHE = Path("/opt/cache")
JARS: Mapping[str, str] = {name: str(CACHE / f"{name}.jar") for name in ("kernel", "connector")}
"""Where a job's jars are found in every image, whatever their versions."""


def fill(cache: Path) -> None:
    """Bring the jars of a job into the cache, under the names that `flink.job_jars` and `JARS` have."""
    artifacts.fetch([one for one in artifacts.lock() if one.use in ("connector", "compiler")], cache)
    flink.build_kernel(cache)
    _flink_metrics.install(flink.pyflink_folder(), cache)
    for name, jar in zip(("kernel", "connector"), flink.job_jars(cache), strict=True):
        (cache / f"{name}.jar").symlink_to(jar)
    for compiler in artifacts.jars("compiler", cache):
        shutil.rmtree(compiler.parent)
    share_classes(cache)


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
