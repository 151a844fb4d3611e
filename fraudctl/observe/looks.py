"""What the exporter asks of a stack, a function for each part: it gives figures or raises FraudctlError."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from fraudctl import engines
from fraudctl.engines import workers
from fraudctl.flink.rest import Flink
from fraudctl.home import verification
from fraudctl.home.stack import Stack
from fraudctl.jobs import hot_keys
from fraudctl.kafka import survey, wanted
from fraudctl.observe import status
from fraudctl.observe.rounds import Part
from pipeline.metrics.outside import HomeFigures, JobFigures, LogFigures
from pipeline.records.clock import now_ms
from pipeline.records.names import JOB_GROUP, writer_group

_BLOCK = 512
"""bytes, whatever the file system's own are"""
_PATIENCE_S = 5.0


def parts(stack: Stack) -> dict[str, Part]:
    """All of them, by the names that the figures of the looks have."""
    return {
        "log": Part(lambda: log(stack), LogFigures),
        "job": Part(lambda: job(stack), JobFigures),
        "home": Part(lambda: home(stack), HomeFigures),
    }


def log(stack: Stack) -> LogFigures:
    """Topics and who reads them."""
    topics, found = stack.profile.topics, LogFigures()
    roles = _roles(stack)
    extents = survey.extents(stack.kafka, list(roles))
    for (topic, number), extent in extents.items():
        found.records[topic, roles[topic], str(number)] = extent.end
        found.held[topic, roles[topic], str(number)] = extent.end - extent.begin
    readers = {writer_group(sink): workers.program(sink) for sink in workers.sinks(stack)}
    groups = dict.fromkeys(readers, topics.decisions)
    if stack.runs_jobs:
        readers, groups = {**readers, JOB_GROUP: "job"}, {**groups, JOB_GROUP: topics.transactions}
    for group, by_partition in survey.lags(stack.kafka, groups, extents).items():
        for number, lag in by_partition.items():
            found.lag[readers[group], str(number)] = lag
    sizes = _sizes(stack.paths.data("kafka"), list(roles))
    found.size = {(topic, roles[topic]): size for topic, size in sizes.items()}
    return found


def _roles(stack: Stack) -> dict[str, str]:
    """What each topic of the stack is for, by its name."""
    named = {name: role for role, name in vars(stack.profile.topics).items()}
    return {spec.name: named.get(spec.name, "dead-letters") for spec in wanted.specs(stack.profile)}


def job(stack: Stack) -> JobFigures:
    """The live job, as `status` has it, and its watermark."""
    if not stack.runs_jobs:
        return JobFigures()
    said, flink = status.job(stack), Flink(stack.flink, timeout_s=_PATIENCE_S)
    job_id = said["job_id"]
    watermark = flink.watermark(job_id) if job_id else None
    return JobFigures(
        wanted=said.get("wanted") == "running",
        running=said["state"] == "RUNNING",
        uptime_s=said["uptime_s"],
        checkpoints=said["checkpoints"],
        failed_checkpoints=said["failed_checkpoints"],
        checkpoint_age_s=said["uptime_s"] if said["checkpoint_age_s"] is None else said["checkpoint_age_s"],
        checkpoint_interval_s=stack.profile.pipeline.checkpoint_interval_ms / 1_000,
        checkpoint_duration_s=said["checkpoint_duration_s"],
        checkpoint_size=said["checkpoint_bytes"],
        watermark_lag_s=None if watermark is None else (now_ms() - watermark) / 1_000,
        hottest=_hottest(flink, job_id) if job_id else {},
    )


def _hottest(flink: Flink, job_id: str) -> dict[tuple[str, ...], float]:
    """By hop; the keys themselves are for nobody here."""
    return {(hop.by,): hop.hottest for hop in hot_keys.of_job(flink, job_id) if hop.counted}


def home(stack: Stack) -> HomeFigures:
    """The disk, the programs, and what the last comparison of the stores found."""
    disk = shutil.disk_usage(stack.home)
    found = HomeFigures(disk_free=disk.free, disk_size=disk.total)
    states = engines.of(stack).programs(stack)
    found.running = {(name,): state.runs for name, state in states.items()}
    if (last := verification.last(stack.home)) is not None:
        found.verified_s = last.at_ms / 1_000
        found.verified_faults = {(sink,): faults for sink, faults in last.faults.items()}
    return found


def _sizes(folder: Path, topics: list[str]) -> Mapping[str, int]:
    """Bytes of each topic's partitions that lie in a folder; nothing where there is none."""
    found = dict.fromkeys(topics, 0)
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as partitions:
        for entry in partitions:
            if (topic := entry.name.rpartition("-")[0]) in found and entry.is_dir():
                found[topic] += _size(Path(entry.path))
    return found


def _size(folder: Path) -> int:
    """What is really taken: Kafka makes its indexes large and leaves them empty; it deletes at any time."""
    try:
        with os.scandir(folder) as files:
            return sum(one.stat().st_blocks * _BLOCK for one in files)
    except OSError:
        return 0
