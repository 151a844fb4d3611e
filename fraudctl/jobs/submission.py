"""Hands a job to Flink: a configuration file, `pipeline.job` as a child process, the job id as its answer."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraudctl.binaries.java import NO_COUNTERS, flink_module_flags, java_home
from fraudctl.errors import Failed, FileProblems
from fraudctl.home import rulesets
from fraudctl.home.jobs import write_json
from fraudctl.home.private_files import UMASK, make_folder, open_private
from fraudctl.jobs import flink_client, states
from fraudctl.kafka import frames
from pipeline.connections.kafka import jvm
from pipeline.connections.registry import jvm as registry
from pipeline.connections.tls import BadFile
from pipeline.records.clock import DAY_MS, now_ms
from pipeline.rules import ruleset
from pipeline.rules.plan import PlanSettings
from pipeline.scoring.job_config import JobConfig, JobTopics
from pipeline.settings.document import Content

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from fraudctl.settings.profile import Profile

LIVE = "fraudctl-live"
SUBMIT_S = 180.0
OLDEST_MS = 400 * DAY_MS
_CAUSE = "Caused by: "
"""An event that comes later than that after its time is one of a wrong clock, not of a slow sender."""
SUBMIT = (sys.executable, "-m", "pipeline.job", "--config")
"""what hands a job to Flink; the path of its configuration comes last"""
CLIENT_JVM = (NO_COUNTERS, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Djava.io.tmpdir=.")
"""The client lives for seconds: it must start quickly, not run fast. Where it runs is a folder of its own."""


class UnusableRules(FileProblems):
    """A file is no rule set, or not one that can be scored by."""

    code = "ruleset"

    def __init__(self, path: Path, problems: Sequence[object]) -> None:
        self.advice = f"see every problem in its place with: fraudctl rules lint {shlex.quote(str(path))}"
        super().__init__(str(path), problems)


def job_config(
    stack: Stack, run: int, *, name: str = LIVE, ruleset: Content | None = None, **changes: Any
) -> JobConfig:
    """The configuration of a scoring job over this stack's live topics.

    `ruleset` is content, None for that of this stack; `changes` replaces fields for a job that is not the
    live one. Checkpoints lie in a folder of the run, so a path tells which run its state belongs to.
    """
    content = ruleset_content(stack.profile.rules) if ruleset is None else ruleset
    pipeline, stack = stack.profile.pipeline, stack.seen_inside
    config = JobConfig(
        name=name,
        flink=f"{stack.flink.host}:{stack.flink.port}",
        flink_conf_dir=str(flink_client.folder(stack)),
        bootstrap=stack.kafka.bootstrap,
        topics=topics_of(stack),
        ruleset=content,
        run=run,
        parallelism=pipeline.parallelism,
        idle_after_ms=pipeline.idle_after_ms,
        max_message_bytes=stack.profile.max_message_bytes,
        settings=plan_settings(stack.profile),
        jars=tuple(str(jar) for jar in stack.job_jars),
        checkpoints=states.of(stack).folder("checkpoints", f"run-{run}"),
        checkpoint_interval_ms=pipeline.checkpoint_interval_ms,
        plugin_watch=str(stack.paths.plugins),
        kafka_properties=kafka_properties(stack),
        schema_registry=schema_registry(stack.profile),
        decision_schema=frames.decision_schema(stack.profile),
        decision_form=frames.decision_form(stack.profile),
        hot_keys=pipeline.hot_keys,
    )
    return replace(config, **changes)


def kafka_properties(stack: Stack) -> dict[str, str]:
    """How the job reaches Kafka, without a secret. Failed where a file that it needs cannot be used."""
    try:
        return jvm.properties(stack.kafka)
    except BadFile as error:
        raise Failed(f"Kafka at {stack.kafka}: {error}", hint=error.hint, code="kafka_file") from error


def schema_registry(profile: Profile) -> dict[str, str]:
    """How the job reaches the registry of schemas, without a secret; empty without one. Raises Failed."""
    told = profile.schema_registry
    try:
        return registry.properties(told) if told else {}
    except BadFile as error:
        raise Failed(f"schema_registry: {error}", hint=error.hint, code="registry_file") from error


def plan_settings(profile: Profile) -> PlanSettings:
    """What a profile says about the computation of features."""
    settings = profile.pipeline
    return PlanSettings(
        settings.out_of_orderness_ms,
        settings.dedup_window_ms,
        settings.max_entries,
        settings.max_event_bytes,
        settings.allowed_lateness_ms,
        settings.ids.max_bytes,
        settings.ids.is_any,
        oldest_ms(profile),
        settings.max_ahead_ms,
    )


def oldest_ms(profile: Profile) -> int:
    """How old an event may be when it comes; 0: as old as it likes."""
    told, kept = profile.pipeline.max_age_ms, profile.retention_ms
    return told if told is not None else min(kept, OLDEST_MS) if kept > 0 else OLDEST_MS


def ruleset_content(path: Path) -> dict[str, object]:
    """The content of a rule set's file. UnusableRules names every problem at once."""
    try:
        return dict(rulesets.load(path).content)
    except ruleset.RuleSetError as error:
        raise UnusableRules(path, error.problems) from error


def topics_of(stack: Stack) -> JobTopics:
    """The topics of the live job without those of its rules, which `activations.live_config` adds."""
    topics = stack.profile.topics
    return JobTopics(topics.transactions, topics.decisions, topics.refusals)


def submit(stack: Stack, config: JobConfig, wait_s: float = SUBMIT_S, lock: int | None = None) -> str:
    """Hands a job to Flink through `pipeline.job` and returns its id; Failed with the last line it said.

    The rule set is kept before any decision can name it (see `fraudctl.home.rulesets`).

    The child inherits the descriptor `lock`, so the lock outlives a submitter that is killed meanwhile. Where
    the stack's programs have a network of their own, `pipeline.job` runs there.
    """
    rulesets.store(stack.home, config.ruleset)
    folder = stack.paths.jobs
    path, said = folder / f"{config.name}.config.json", stack.paths.logs / "submit.log"
    write_json(path, config.as_document())
    make_folder(said.parent)
    with open_private(said, "wb") as errors, _scratch(stack) as scratch:
        child = subprocess.Popen(
            [*(stack.inside.submit if stack.inside else SUBMIT), str(path)],
            cwd=scratch,
            env={**_environment(stack, config), "TMPDIR": scratch},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            pass_fds=() if lock is None else (lock,),
            umask=UMASK,
        )
        answer = _answer_of(child, wait_s)
    job_id = _job_id(answer)
    if child.returncode != 0 or job_id is None:
        text = said.read_text(encoding="utf-8", errors="replace") + answer
        raise Failed(
            f"the job was not accepted: {cause(text)}",
            hint=f"the whole output is in {said}",
            code="submit_failed",
        )
    rulesets.record_start(stack.home, config.ruleset, config.name, config.run, now_ms())
    return job_id


def _scratch(stack: Stack) -> tempfile.TemporaryDirectory[str]:
    """For what the client writes while it hands a job over, the passwords of Flink's keys among it: in the
    home, so that what a killed one leaves goes with that."""
    folder = stack.paths.jobs / "submitting"
    make_folder(folder)
    return tempfile.TemporaryDirectory(dir=folder)


def _environment(stack: Stack, config: JobConfig) -> Mapping[str, str]:
    if stack.inside:
        return os.environ
    return {**environment(config), **flink_client.variables(stack)}


def environment(config: JobConfig) -> dict[str, str]:
    """What `pipeline.job` needs to find in its environment."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        "JAVA_HOME": str(java_home()),
        **os.environ,
        "FLINK_CONF_DIR": config.flink_conf_dir,
        "FLINK_ENV_JAVA_OPTS": " ".join([*flink_module_flags(), *CLIENT_JVM]),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
    }


def _answer_of(child: subprocess.Popen[bytes], wait_s: float) -> str:
    try:
        return child.communicate(timeout=wait_s)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        raise Failed(
            f"Flink did not take the job within {wait_s:.0f} s",
            hint="look at: fraudctl logs flink-jobmanager",
            code="submit_failed",
        ) from None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()


def _job_id(answer: str) -> str | None:
    for line in reversed(answer.splitlines()):
        if line.startswith("{") and '"job_id"' in line:
            return str(json.loads(line)["job_id"])
    return None


def cause(text: str) -> str:
    """The line that says why: the innermost cause of Java's exceptions, else what was said last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix(_CAUSE) for line in lines if line.startswith(_CAUSE)]
    wanted = [line for line in lines if not line.startswith(("at ", "...", "^"))]
    return (causes or wanted or lines or ["it said nothing"])[-1][:500]
