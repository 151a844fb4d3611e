"""The zip of the job for Managed Service for Apache Flink: code, one jar, Python packages, rule set.

The service installs nothing and takes one jar, so all that the job needs beside Flink and PyFlink lies in it.
Equal inputs give equal bytes, so that a hash tells whether an application would change.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from fraudctl.aws import imports, jar, wheels
from fraudctl.binaries import artifacts
from fraudctl.errors import Failed, UsageError
from fraudctl.jobs.application import application
from fraudctl.servers.flink import build_kernel
from fraudctl.settings import shipped
from pipeline.connections.kafka import jvm
from pipeline.connections.kafka.description import Kafka
from pipeline.rules.feature import KEY_NAME, KEYS
from pipeline.scoring.job_config import JobConfig

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

ENTRY: Final = "main.py"
JAR: Final = "lib/fraudctl-job.jar"
PYTHON: Final = "python/"
JOB: Final = f"{PYTHON}job.json"
"""what the job is: topics, rule set, settings"""
RUN_OPTIONS_GROUP: Final = "kinesis.analytics.flink.run.options"
RUN_OPTIONS: Final[Mapping[str, str]] = {"python": ENTRY, "jarfile": JAR, "pyFiles": PYTHON}
"""What the service is told of the zip's layout, as a group of properties of the application."""
SERVICE_PYTHON: Final = "3.12"
"""that of the runtime FLINK-2_2"""
NOWHERE: Final = "kafka.invalid:9098"
"""where Kafka is as long as no property of the application says so"""
MOST_BYTES: Final = 512 * 1024 * 1024
"""the most that the service takes"""

MOST_OF_A_FUNCTION: Final = 50 * 1024 * 1024
NOTIFIER: Final = (
    "pipeline.notifier",
    *(f"pipeline.notify.channels.{name}" for name in shipped.channel_names()),
)
"""what is executed in the function; channels are found by their name"""

_ROOT: Final = Path(__file__).resolve().parents[2]
STARTED: Final = ("pipeline.msf", "pipeline.scoring.activation_check")
"""what is executed there: the entry, and what the kernel asks"""
_MAIN: Final = b'''"""Starts the job of this zip; see pipeline/msf.py."""

from pipeline.msf import main

if __name__ == "__main__":
    main()
'''


@dataclass(frozen=True, slots=True)
class Package:
    """A zip that was written; `sha256` is of all its bytes."""

    path: Path
    size: int
    sha256: str
    files: int


def of_profile(
    profile: Profile,
    target: Path,
    hops: Sequence[str] = (),
    python: str = SERVICE_PYTHON,
    with_onnx: bool = False,
) -> Package:
    """The zip of a profile's live job. Where Kafka is, and which run it is, an application's properties say.

    `hops` are keys for features of rule sets that come into force later. Raises UsageError, Failed.
    """
    check_hops(hops)
    if profile.schema_registry is not None:
        raise UsageError(
            "the service has no place for what a schema registry asks of a client",
            hint="leave schema_registry out, and send transactions as JSON there",
        )
    kafka = profile.server("kafka").external
    reached = kafka if isinstance(kafka, Kafka) else Kafka(bootstrap=NOWHERE)
    config = application(profile, reached.bootstrap, 0, jvm.properties(reached), hops)
    return build(config, target, python, with_onnx)


def build(config: JobConfig, target: Path, python: str = SERVICE_PYTHON, with_onnx: bool = False) -> Package:
    """Write the zip of a job that its own cluster runs (see `fraudctl.jobs.application`). Raises Failed.

    `with_onnx` adds what plug-ins that ask a model need; `python` is for who runs it elsewhere.
    """
    cache = artifacts.cache_dir()
    with TemporaryDirectory() as folder:
        merged = jar.merged(_jars(cache), Path(folder) / "job.jar")
        files = {ENTRY: _MAIN, JAR: merged.read_bytes(), **_python(config, cache, python, with_onnx)}
    return _written(target, files, MOST_BYTES)


def job_of(archive: Path) -> JobConfig:
    """The job that a zip of ours holds. Raises Failed."""
    try:
        with zipfile.ZipFile(archive) as packed:
            return JobConfig.from_document(json.loads(packed.read(JOB)))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Failed(
            f"{archive} is no package of this version: {error}", hint="make it anew", code="package"
        ) from error


def with_job(archive: Path, config: JobConfig, target: Path) -> Package:
    """Write the same zip with another job in it, and nothing else changed. Raises Failed."""
    with zipfile.ZipFile(archive) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    return _written(target, files | {JOB: _document(config)}, MOST_BYTES)


def check_hops(hops: Sequence[str]) -> None:
    """UsageError for a key by which there are no features."""
    for key in hops:
        if not KEY_NAME.fullmatch(key):
            raise UsageError(
                f"there are no features by {key!r}",
                hint=f"such are {', '.join(KEYS)}, another field, or user_id+merchant_id for both together",
            )


def function(target: Path, python: str = SERVICE_PYTHON) -> Package:
    """The zip of the function that tells people of alerts, for Lambda; boto3 is there. Raises Failed."""
    ours = imports.needed(_ROOT, "pipeline", NOTIFIER).files
    files = {file.as_posix(): (_ROOT / file).read_bytes() for file in ours}
    for wheel in wheels.fetch(["job", "notify"], python, artifacts.cache_dir()):
        files |= wheels.contents(wheel)
    return _written(target, files, MOST_OF_A_FUNCTION)


def _written(target: Path, files: Mapping[str, bytes], most: int) -> Package:
    target.parent.mkdir(parents=True, exist_ok=True)
    jar.write_zip(target, dict(sorted(files.items())))
    content = target.read_bytes()
    if len(content) > most:
        raise Failed(
            f"the zip has {len(content) / 1e6:.0f} MB, the service takes {most / 1e6:.0f}",
            hint="use smaller models",
            code="too_large",
        )
    return Package(target, len(content), hashlib.sha256(content).hexdigest(), len(files))


def _jars(cache: Path) -> list[Path]:
    uses = ("compiler", "connector", "msk")
    artifacts.fetch([one for one in artifacts.lock() if one.use in uses], cache)
    return [build_kernel(cache), *artifacts.jars("connector", cache), *artifacts.jars("msk", cache)]


def _python(config: JobConfig, cache: Path, python: str, with_onnx: bool) -> dict[str, bytes]:
    """What lies beside the package `pipeline` there, and that package as far as the job needs it."""
    ours = imports.needed(_ROOT, "pipeline", STARTED).files
    files = {file.as_posix(): (_ROOT / file).read_bytes() for file in ours}
    for wheel in wheels.fetch(["job", "onnx"] if with_onnx else ["job"], python, cache):
        files |= wheels.contents(wheel)
    return {**{f"{PYTHON}{name}": content for name, content in files.items()}, JOB: _document(config)}


def _document(config: JobConfig) -> bytes:
    return (json.dumps(config.as_document(), indent=1, sort_keys=True) + "\n").encode()
