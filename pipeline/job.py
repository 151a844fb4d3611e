"""The Flink job: wiring only. `python -m pipeline.job --config FILE` submits it and prints its id as JSON.

Reads top to bottom as the data flows: the kernel makes batches of transactions with their features, Python
scores them, the kernel writes the decisions. The one module that imports pyflink.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyflink.common import Configuration, Types
from pyflink.datastream import DataStream, MapFunction, RuntimeContext, StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway

from pipeline import ruleset, scoring
from pipeline.plugin_watch import Desk

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())


class Score(MapFunction):  # type: ignore[misc]  # pyflink has no types
    """Scores batches with one rule set, which travels with the job as content.

    `watch` is the folder in which its plug-ins are watched, None where nobody looks.
    """

    def __init__(self, content: Mapping[str, Any], watch: str | None) -> None:
        self._content, self._watch = content, watch
        self._scorer: scoring.Scorer | None = None
        self._desk: Desk | None = None

    def open(self, runtime_context: RuntimeContext) -> None:
        """Compile the rule set once per subtask."""
        rules = ruleset.parse(self._content)
        if self._watch and any(rule.plugin for rule in rules.rules):
            self._desk = Desk(Path(self._watch), rules.version, rules.hash)
        self._scorer = scoring.Scorer(rules, self._desk)
        self._failures = runtime_context.get_metrics_group().counter("plugin_errors")

    def map(self, batch: bytes) -> bytes:
        """See `scoring.Scorer.score_batch`."""
        assert self._scorer is not None
        scored = self._scorer.score_batch(batch)
        if self._scorer.plugin_errors:
            self._failures.inc(self._scorer.plugin_errors.total())
            self._scorer.plugin_errors.clear()
        return scored

    def close(self) -> None:
        """Leave nothing behind."""
        if self._desk is not None:
            self._desk.close()


def environment(config: Mapping[str, Any]) -> StreamExecutionEnvironment:
    """An environment that submits to the cluster named by `config["flink"]` and does not wait."""
    host, port = config["flink"].rsplit(":", 1)
    settings = {
        "execution.target": "remote",
        "execution.attached": "false",
        "rest.address": host,
        "rest.port": port,
        "pipeline.name": config["name"],
        "pipeline.jars": ";".join(Path(jar).absolute().as_uri() for jar in config["jars"]),
        "pipeline.object-reuse": "true",
        "pipeline.max-parallelism": "128",
        "pipeline.generic-types": "false",
        "python.execution-mode": "thread",
        "parallelism.default": str(config["parallelism"]),
        "execution.buffer-timeout.interval": "2 ms",
        "execution.checkpointing.interval": f"{config['checkpoint_interval_ms']} ms",
        "execution.checkpointing.dir": config["checkpoints"],
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    }
    if config.get("restore"):
        settings["execution.state-recovery.path"] = config["restore"]
    configuration = Configuration()
    for name, value in settings.items():
        configuration.set_string(name, value)
    # PyFlink's own factory makes an embedded cluster when it is not started by Flink's `run` script.
    flink = get_gateway().jvm.org.apache.flink.streaming.api.environment
    return StreamExecutionEnvironment(flink.StreamExecutionEnvironment(configuration._j_configuration))


def wire(env: StreamExecutionEnvironment, config: Mapping[str, Any]) -> None:
    """Transactions to decisions."""
    rules = ruleset.parse(config["ruleset"])
    plan = rules.plan(ruleset.PlanSettings(**config["settings"]))
    kernel = get_gateway().jvm.fraudctl.kernel.Wiring(
        env._j_stream_execution_environment, json.dumps(config), json.dumps(plan)
    )
    batches = DataStream(kernel.features())
    # A chain of its own is a thread of its own: Python scores while the kernel works on the next batch.
    score = Score(config["ruleset"], config.get("plugin_watch"))
    scored = batches.map(score, output_type=BYTES).name("score").uid("score")
    kernel.decisions(scored.start_new_chain()._j_data_stream)


def submit(config: Mapping[str, Any]) -> str:
    """Submit the job and return its id."""
    os.environ.setdefault("FLINK_CONF_DIR", config["flink_conf_dir"])
    env = environment(config)
    wire(env, config)
    return str(env.execute_async(config["name"]).get_job_id())


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Submit the fraud-scoring job to a Flink cluster.")
    parser.add_argument("--config", required=True, type=Path, help="job configuration, JSON")
    arguments = parser.parse_args()
    print(json.dumps({"job_id": submit(json.loads(arguments.config.read_text()))}))


if __name__ == "__main__":
    main()
