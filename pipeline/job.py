"""The Flink job: wiring only. `python -m pipeline.job --config FILE` submits it and prints its id as JSON.

Started by Flink itself (`flink run`, application mode) it is the job of the cluster that starts it, as far as
its configuration names no other.

Reads top to bottom as the data flows: the kernel makes batches of transactions with their features, Python
scores them, the kernel writes the decisions. The one module that imports pyflink.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from pyflink.common import Configuration, Types
from pyflink.datastream import DataStream, MapFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway

from pipeline.rules import ruleset
from pipeline.rules.plugins.watch import Desk
from pipeline.scoring import job_settings, scorer
from pipeline.scoring.job_config import JobConfig
from pipeline.settings.document import Content

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())


ANNOUNCEMENT, SHADOW = 1, 2
"""First bytes of elements that are not a batch of the live rule set; see the kernel's BatchOperator."""


class Score(MapFunction):
    """Scores batches with the rule set that was announced last, in band, by an activation's content.

    `watch` is the folder in which its plug-ins are watched, None where nobody looks.
    """

    def __init__(self, watch: str | None) -> None:
        self._watch = watch

    def open(self, runtime_context: RuntimeContext) -> None:
        """Nothing is known before the first announcement."""
        self._live: scorer.Scorer | None = None
        self._shadow: scorer.Scorer | None = None
        self._desks: list[Desk] = []
        self._failures = runtime_context.get_metrics_group().counter("plugin_errors")

    def map(self, element: bytes) -> bytes:
        """See `scoring.Scorer.score_batch`; an announcement gives nothing."""
        if element[0] == ANNOUNCEMENT:
            self._take(json.loads(element[1:]))
            return b""
        if element[0] == SHADOW:
            assert self._shadow is not None
            return element[:1] + self._shadow.score_batch(element[1:])
        assert self._live is not None
        scored = self._live.score_batch(element)
        if self._live.plugin_errors:
            self._failures.inc(self._live.plugin_errors.total())
            self._live.plugin_errors.clear()
        return scored

    def _take(self, activation: Mapping[str, Any]) -> None:
        self.close()
        self._live = self._scorer(activation["ruleset"])
        shadow = activation.get("shadow")
        self._shadow = self._scorer(shadow) if shadow else None

    def _scorer(self, content: Content) -> scorer.Scorer:
        rules = ruleset.recorded(content)
        desk = None
        if self._watch and any(rule.plugin for rule in rules.rules):
            desk = Desk(Path(self._watch), rules.version, rules.hash)
            self._desks.append(desk)
        return scorer.Scorer(rules, desk)

    def close(self) -> None:
        """Leave nothing behind."""
        while self._desks:
            self._desks.pop().close()


def environment(config: JobConfig) -> StreamExecutionEnvironment:
    """An environment that does not wait: of the session cluster that is named, else of where it runs."""
    configuration = Configuration()
    settings = {**job_settings.of_the_session(config), **job_settings.of_the_job(config)}
    if config.flink is not None:
        settings |= _client_settings(config.flink_conf_dir)
    for name, value in settings.items():
        configuration.set_string(name, value)
    if config.flink is None:
        return StreamExecutionEnvironment.get_execution_environment(configuration)
    # PyFlink's own factory makes an embedded cluster when it is not started by Flink's `run` script.
    flink = get_gateway().jvm.org.apache.flink.streaming.api.environment
    return StreamExecutionEnvironment(flink.StreamExecutionEnvironment(configuration._j_configuration))


_OF_CLIENT = ("security.ssl.rest.", "security.ssl.protocol", "security.ssl.algorithms", "rest.path")
"""what begins so in the folder of configuration is for the client that hands the job over"""


def _client_settings(folder: str) -> dict[str, str]:
    """How the cluster wants to be spoken to, where that is said."""
    if not (Path(folder) / "config.yaml").is_file():
        return {}
    loaded = get_gateway().jvm.org.apache.flink.configuration.GlobalConfiguration.loadConfiguration(folder)
    return {name: value for name, value in dict(loaded.toMap()).items() if name.startswith(_OF_CLIENT)}


def wire(env: StreamExecutionEnvironment, config: JobConfig) -> None:
    """Transactions to decisions: by the activations on the rules topic, or by one rule set without it."""
    plan: str | None = None
    announcement: str | None = None
    if config.topics.rules is None:
        planned = ruleset.recorded(config.ruleset).plan(config.settings)
        plan, config = json.dumps(planned.as_document()), replace(config, hops=planned.keys)
        announcement = json.dumps({"ruleset": config.ruleset})
    kernel = get_gateway().jvm.fraudctl.kernel.Wiring(
        env._j_stream_execution_environment, json.dumps(config.as_document()), plan, announcement
    )
    batches = DataStream(kernel.features())
    # A chain of its own is a thread of its own: Python scores while the kernel works on the next batch.
    score = Score(config.plugin_watch)
    scored = batches.map(score, output_type=BYTES).name("score").uid("score")
    kernel.decisions(scored.start_new_chain().set_buffer_timeout(job_settings.BUFFER_MS)._j_data_stream)


def submit(config: JobConfig) -> str:
    """Submit the job and return its id."""
    if config.flink is not None:
        os.environ.setdefault("FLINK_CONF_DIR", config.flink_conf_dir)
    env = environment(config)
    wire(env, config)
    return str(env.execute_async(config.name).get_job_id())


def without_beam() -> None:
    """Who hands a job over uses it as little as who scores does; it is 0.8 s of a start, or of a recovery."""
    import_module("pipeline.worker.sitecustomize")


def main() -> None:
    """Command line of the module."""
    without_beam()
    parser = argparse.ArgumentParser(description="Submit the fraud-scoring job to a Flink cluster.")
    parser.add_argument("--config", required=True, type=Path, help="job configuration, JSON")
    path: Path = parser.parse_args().config
    try:
        config = JobConfig.from_document(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        parser.error(f"{path} is no job configuration: {error}")
    print(json.dumps({"job_id": submit(config)}))


if __name__ == "__main__":
    main()
