"""What Flink is told of a job, by its own names: what the job says itself, and what its submitter says.

The first half is the same wherever the job runs, and no more than a managed service lets a program set. The
second is for a session cluster that a job is handed to; in application mode the cluster has its own.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.scoring.job_config import JobConfig

BUFFER_MS = 2
"""How long a record may wait for others between two tasks. Each step is told, as the kernel's are: the
cluster's own setting, 100 ms, is one that a managed service lets nobody change."""
MAX_PARALLELISM = 128
"""Part of every state: the keys are divided by it, so it never changes."""


def of_the_job(config: JobConfig) -> dict[str, str]:
    """What the program sets, wherever it runs."""
    return {
        "pipeline.name": config.name,
        "pipeline.object-reuse": "true",
        "pipeline.max-parallelism": str(MAX_PARALLELISM),
        "pipeline.generic-types": "false",
        "python.execution-mode": config.python,
    }


def of_the_session(config: JobConfig) -> dict[str, str]:
    """What hands the job to the session cluster that it names; nothing where it names none."""
    if config.flink is None:
        return {}
    host, port = config.flink.rsplit(":", 1)
    settings = {
        "execution.target": "remote",
        "execution.attached": "false",
        "rest.address": host,
        "rest.port": port,
        "pipeline.jars": ";".join(Path(jar).absolute().as_uri() for jar in config.jars),
        "parallelism.default": str(config.parallelism),
        # The kernel makes its own watermarks; sources would be woken five times a second to make none.
        "pipeline.auto-watermark-interval": "0 ms",
        "execution.checkpointing.interval": f"{config.checkpoint_interval_ms} ms",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    }
    if config.checkpoints:
        settings["execution.checkpointing.dir"] = config.checkpoints
    if config.restore is not None:
        settings["execution.state-recovery.path"] = config.restore
    return settings
