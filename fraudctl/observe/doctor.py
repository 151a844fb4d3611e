"""Checks of the machine and the installation, each with the mend."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from fraudctl import engines
from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.errors import FraudctlError
from fraudctl.home import folder as homes
from fraudctl.home import jobs, references, rulesets, undertakings
from fraudctl.home.stack import Paths, read
from fraudctl.observe import broker_clock
from fraudctl.settings import reading
from pipeline.connections import proxies
from pipeline.records import clock

NEEDED_MEMORY = 3_000_000_000
NEEDED_DISK = 2_000_000_000
LOW_DISK = 500_000_000
PYTHONS = ((3, 11), (3, 12))
PROXY_USES = "used for jars, AWS, Slack and a Flink elsewhere"


def examine(home: Path, environ: Mapping[str, str], engine: str | None = None) -> list[Check]:
    """Every check, in an order for reading; `engine` as for `up`. UsageError where there is none."""
    checks: list[Check] = [_python(sys.version_info[:2]), _machine(platform.system(), platform.machine())]
    checks += [_memory(psutil.virtual_memory().available), _disk(home), _owner(home)]
    checks += [_profile(environ), *_secrets(environ), *_needs(home, environ, engine), _logs(home)]
    checks += [_job_files(home), *_uncalled(home), *_cut_off(home), _proxies(environ), *_broker_clock(home)]
    return checks


def _needs(home: Path, environ: Mapping[str, str], asked: str | None) -> Sequence[Check]:
    """What the engine needs that `up` would take: the one asked for, the profile's, or that of the home."""
    name = asked or _of_profile(environ)
    found = engines.of_home(home) if name is None else engines.find(name)
    return found.examine(home, environ)


def _of_profile(environ: Mapping[str, str]) -> str | None:
    with suppress(FraudctlError):  # of the profile itself is told beside
        return reading.load(environ=environ).engine
    return None


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
        return _claim(home)
    return Check("home", BROKEN, f"{place} is not writable for you", "choose another place with --home")


def _claim(home: Path) -> Check:
    """Whether `up` would take this folder."""
    try:
        homes.refuse_claim(home)
    except FraudctlError as error:
        return Check("home", BROKEN, error.message, error.hint)
    return Check("home", WELL, f"{home} is writable")


def _secrets(environ: Mapping[str, str]) -> list[Check]:
    """Whether each reference of the profile to a secret leads to one."""
    try:
        found = references.all_of(reading.load(environ=environ))
        for path, text in found.items():
            references.secret(path, text, environ)
    except references.NoSecret as error:
        return [Check("secrets", BROKEN, error.message, error.hint)]
    except FraudctlError:
        return []  # of the profile itself is told beside
    return [Check("secrets", WELL, f"{', '.join(found)}: the secret is there")] if found else []


def _profile(environ: Mapping[str, str]) -> Check:
    try:
        loaded = reading.load(environ=environ)
    except FraudctlError as error:
        return Check("profile", BROKEN, error.message, error.hint)
    return Check("profile", WELL, f"profile {loaded.name} is valid")


def _logs(home: Path) -> Check:
    try:
        known = read(home)
    except FraudctlError as error:
        return Check("stack file", BROKEN, error.message, error.hint)
    size = sum(log.stat().st_size for log in Paths(home).logs.glob("*"))
    said = f"profile {known.profile.name}" if known else "no stack yet"
    return Check("stack file", WELL, f"{said}, {size / 1e6:.0f} MB of logs")


def _proxies(environ: Mapping[str, str]) -> Check:
    named = [one for name in proxies.VARIABLES for one in (name, name.upper()) if environ.get(one)]
    if not named:
        return Check("proxy", WELL, "no proxy variable is set")
    found = f"{', '.join(named)}: {PROXY_USES}; nothing on this machine is asked through it"
    if wrong := [one for one in named if _speaks_no_http(one, environ[one])]:
        return Check("proxy", WARNING, found, f"name a proxy as http://host:port in {', '.join(wrong)}")
    return Check("proxy", WELL, found)


def _speaks_no_http(name: str, value: str) -> bool:
    """Whether what a variable names is of no use here; `all_proxy` and `no_proxy` name no proxy of ours."""
    scheme, mark, _ = value.partition("://")
    return name.lower() in ("http_proxy", "https_proxy") and bool(mark) and scheme not in ("http", "https")


def _job_files(home: Path) -> Check:
    try:
        known = read(home)
    except FraudctlError:
        return Check("job files", WELL, "not looked at, since the stack file cannot be read")
    problems = jobs.problems(known) if known else []
    if problems:
        found, mend = "; ".join(one.message for one in problems), "; ".join(one.hint for one in problems)
        return Check("job files", BROKEN, found, mend)
    return Check("job files", WELL, "what is kept about jobs can be read" if known else "no job yet")


def _uncalled(home: Path) -> list[Check]:
    """Whether the rule set that was used last asks a plug-in that this version refuses."""
    found = rulesets.newest(home)
    mend = (
        "before `up`, or after it: mend the plug-in and apply the rule set; until then the rule does not fire"
    )
    refused = found.refused if found else {}
    return [Check(f"rule {name}", BROKEN, why, mend) for name, why in refused.items()]


def _cut_off(home: Path) -> list[Check]:
    """Whether a command was killed in the middle of something."""
    left = undertakings.told(home)
    return [Check("commands", BROKEN, *left)] if left else []


def _broker_clock(home: Path) -> list[Check]:
    """The clock of the log, where there is a stack whose broker answers."""
    try:
        known = read(home)
        if known is None or not broker_clock.answers(known):
            return []
        return [broker_clock.look(known.kafka, known.profile, clock.now_ms()).check()]
    except FraudctlError:
        return []


def mends(checks: list[Check]) -> Iterator[str]:
    """What to do, one line per finding that is not well."""
    return (f"{check.name}: {check.mend}" for check in checks if check.state != WELL)


def worst(checks: list[Check]) -> str:
    """The worst state among the checks."""
    order: Callable[[str], int] = (WELL, WARNING, BROKEN).index
    return max((check.state for check in checks), key=order, default=WELL)
