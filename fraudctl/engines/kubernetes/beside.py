"""A stack as a replay sees it in its pod: another Flink than the live job's, to which jobs are handed.

Written into the pod's home before the command begins, as the other engines have it there at `up`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from fraudctl.binaries import artifacts
from fraudctl.engines.kubernetes import flink_pod, mounted
from fraudctl.errors import Failed, Unhealthy
from fraudctl.flink.rest import Flink
from fraudctl.home import rulesets, signing
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Stack
from fraudctl.servers import flink
from fraudctl.waiting import until
from pipeline.settings.document import Content

START_S: Final = 300.0
"""How long a Flink may take from being asked for to answering."""
LOOK_S: Final = 1.0


def prepare(home: Path, cluster: str, folder: Path = mounted.FOLDER, wait_s: float = START_S) -> Stack:
    """The stack, once that Flink answers, with every rule set that a command may name.

    Raises Failed when it does not answer in time, and what `mounted.stack_of` and Kafka's clients raise.
    """
    stack = _with_jars(mounted.stack_of(home, mounted.REPLAY, folder, cluster))
    # Flink's client wants a configuration, and a place for its log that can be written to.
    write_atomically(stack.paths.flink_conf / "config.yaml", "parallelism.default: 1\n")
    os.environ["FLINK_LOG_DIR"] = str(stack.paths.logs)
    for content in _contents(stack, folder / mounted.RULE_SETS.name):
        rulesets.store(home, content)
    if cluster != mounted.NO_FLINK:
        until(lambda: _answers(stack), wait_s, lambda: _silent(stack, wait_s), LOOK_S)
    return stack


def _with_jars(stack: Stack) -> Stack:
    """With the jars of the job, of which a client needs its classes."""
    kernel, *others = map(str, flink.job_jars(artifacts.cache_dir()))
    found = replace(stack, jars={"kernel": kernel, **{Path(jar).stem: jar for jar in others}})
    found.save()
    return found


def _contents(stack: Stack, given: Path) -> Iterator[Content]:
    """Rule sets that ever were in force, then those that the replay was given: of one version these count."""
    trusted = signing.trusted_by(stack.profile)
    for one in flink_pod.records_and_chain(stack, trusted)[1]:
        yield one.content
    for file in sorted(given.glob("*.json")):
        yield json.loads(file.read_text(encoding="utf-8"))


def _answers(stack: Stack) -> bool:
    try:
        return bool(Flink(stack.flink).overview().version)
    except Unhealthy:
        return False


def _silent(stack: Stack, wait_s: float) -> Failed:
    return Failed(
        f"Flink at {stack.flink.address} does not answer after {wait_s:.0f} s",
        hint="see: kubectl describe flinkdeployment, and the operator's log",
        code="flink_unreachable",
    )
