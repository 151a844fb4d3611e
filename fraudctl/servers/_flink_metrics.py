"""Flink's reporter for Prometheus: which figures it shows, and how it comes to listen on one address alone.

Flink finds reporters among its plug-ins, one folder each. Ours is the wheel's with a class more (see the Java
file beside this one), so the folder of plug-ins is one of links in the home.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import compiled, launcher_jar
from fraudctl.flink.cluster import Setting
from fraudctl.home.private_files import make_folder
from pipeline.metrics import flink

_REPORTER: Final = "FlinkMetricsOnLoopback"
_PLUGIN: Final = "metrics-prometheus"
_SERVICE: Final = "META-INF/services/org.apache.flink.metrics.reporter.MetricReporterFactory"
_NAME: Final = "metrics.reporter.prometheus"
HOST_SETTING: Final = f"{_NAME}.host"
"""the address it listens on; loopback where it is not told"""


def settings() -> dict[str, Setting]:
    """What both processes are told."""
    return {
        "metrics.reporters": "prometheus",
        f"{_NAME}.factory.class": _REPORTER,
        f"{_NAME}.filter.includes": ";".join(flink.filters()),
        "state.backend.rocksdb.metrics.total-sst-files-size": True,
        "state.backend.rocksdb.metrics.column-family-as-variable": True,
    }


def port_argument(port: int) -> list[str]:
    """What one of the processes is told on its command line."""
    return ["-D", f"{_NAME}.port={port}"]


def install(pyflink: Path, cache: Path) -> None:
    """Compile the reporter unless it has been before. Raises Failed."""
    compiled(*_launcher(pyflink, cache))


def link_plugins(folder: Path, pyflink: Path, cache: Path) -> None:
    """Make the folder hold links to the distribution's plug-ins, and our reporter with that of Prometheus."""
    for plugin in sorted(path for path in (pyflink / "plugins").iterdir() if path.is_dir()):
        make_folder(folder / plugin.name)
        ours = _ours(folder, pyflink, cache) if plugin.name == _PLUGIN else ()
        _link(folder / plugin.name, [*plugin.glob("*.jar"), *ours])


def _ours(folder: Path, pyflink: Path, cache: Path) -> Iterator[Path]:
    """The class, and the jar that tells Flink of it."""
    yield launcher_jar(*_launcher(pyflink, cache))
    told = folder / "reporter-service.jar"
    with zipfile.ZipFile(told, "w") as packed:
        packed.writestr(zipfile.ZipInfo(_SERVICE), _REPORTER + "\n")
    yield told


def _link(folder: Path, jars: Sequence[Path]) -> None:
    wanted = {jar.name: jar for jar in jars}
    for link in folder.iterdir():
        if link.readlink() != wanted.get(link.name):
            link.unlink()
    for name, jar in wanted.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(jar)


def _launcher(pyflink: Path, cache: Path) -> tuple[Path, tuple[Path, ...], Path, Path]:
    against = [*(pyflink / "lib").glob("flink-dist-*.jar"), *(pyflink / "plugins" / _PLUGIN).glob("*.jar")]
    source = Path(__file__).with_name(f"{_REPORTER}.java")
    return source, tuple(sorted(against)), artifacts.jars("compiler", cache)[0], cache
