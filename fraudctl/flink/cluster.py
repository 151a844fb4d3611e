"""What a session cluster of one JobManager and its TaskManagers is told: names, settings and memory."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_HOSTS = (
    "jobmanager.rpc.address",
    "jobmanager.bind-host",
    "taskmanager.host",
    "taskmanager.bind-host",
    "rest.address",
    "rest.bind-address",
)

SLOTS = 4
TASKMANAGER = "flink-taskmanager"
"""the program that is the first TaskManager; others have a number behind it, `flink-taskmanager-2`"""
JOBMANAGER_MB = 700
ROCKSDB_MB = 384

Setting = str | int | float | bool

_CLUSTER: Mapping[str, Setting] = {
    "jobmanager.memory.process.size": f"{JOBMANAGER_MB}m",
    "jobmanager.execution.failover-strategy": "region",
    "taskmanager.numberOfTaskSlots": SLOTS,
    # Jobs are handed over by Flink's own client, never as a jar that a page uploads.
    "web.submit.enable": False,
    "web.cancel.enable": True,
    "rest.flamegraph.enabled": True,
    # How old an answer about a job may be. Whoever waits for it to run or to end waits that much longer.
    "web.refresh-interval": "200 ms",
    "metrics.fetcher.update-interval": "1 s",
    "state.backend.type": "rocksdb",
    # Without "managed: false" Flink ignores the memory below and flushes tiny buffers all the time.
    "state.backend.rocksdb.memory.managed": False,
    "state.backend.rocksdb.memory.fixed-per-tm": f"{ROCKSDB_MB}m",
    "state.backend.rocksdb.use-bloom-filter": True,
    # Small buffers are flushed in the background, so that a checkpoint finds little left to flush: while
    # it does, no event is scored. Compressing them took more time than all else, for a fifth of the size.
    "state.backend.rocksdb.writebuffer.size": "2mb",
    "state.backend.rocksdb.writebuffer.count": 8,
    "state.backend.rocksdb.writebuffer.number-to-merge": 3,
    "state.backend.rocksdb.compression.per.level": "NO_COMPRESSION",
    # Keys come in no order, so levels write all they hold anew for every few megabytes that come: work, and
    # bytes in each checkpoint, that grow with the state. Here runs of like size are merged with their like.
    "state.backend.rocksdb.compaction.style": "UNIVERSAL",
    # Ten buffers lie between source and scoring, and a batch is 60 to 150 KB: with buffers of 32 KB, the
    # default, each waits for the other although neither has much to do.
    "taskmanager.memory.segment-size": "128kb",
    "execution.checkpointing.incremental": True,
    "execution.checkpointing.num-retained": 3,
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "python.execution-mode": "thread",
    # A job's classes are those on the cluster's own class path, compiled already by the jobs before it.
    "classloader.resolve-order": "parent-first",
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": 2_147_483_647,
    "restart-strategy.fixed-delay.delay": "300 ms",
    "heartbeat.interval": "500 ms",
    # A full collection of a full heap takes 2.3 s, on a busy machine 4.6. The keeper submits nothing while
    # tasks of a lost JobManager, which notice it by this alone, still run.
    "heartbeat.timeout": "10 s",
    "heartbeat.rpc-failure-threshold": 2,
    "slot.request.timeout": "60 s",
    "slot.idle.timeout": "2 s",
    "taskmanager.slot.timeout": "5 s",
    "taskmanager.registration.timeout": "5 min",
    "cluster.registration.initial-timeout": "100 ms",
    "cluster.registration.max-timeout": "1 s",
    "cluster.registration.error-delay": "1 s",
    "cluster.registration.refused-registration-delay": "1 s",
    "pekko.ask.timeout": "10 s",
    # Each of several TaskManagers has its part of the work, so that one that is lost leaves others that are
    # warm, with slots to spare.
    "taskmanager.load-balance.mode": "SLOTS",
}

# There no connection is lost but with its process: the first heartbeat that reaches nobody tells that it is
# gone: as soon as two in a row at half the interval, which were a sixth of what a stack at rest took.
ON_ONE_MACHINE: Mapping[str, Setting] = {"heartbeat.interval": "1 s", "heartbeat.rpc-failure-threshold": 1}


def taskmanagers(count: int) -> tuple[str, ...]:
    """The programs that are so many TaskManagers, the first one first."""
    return (TASKMANAGER, *(f"{TASKMANAGER}-{number}" for number in range(2, count + 1)))


def is_taskmanager(program: str) -> bool:
    """Whether the program of that name is one of them, the first or another."""
    return re.fullmatch(f"{TASKMANAGER}(-[0-9]+)?", program) is not None


def cluster_settings(host: str) -> dict[str, Setting]:
    """Of a cluster that lives and listens on that host alone, without ports, places and memory."""
    return {**dict.fromkeys(_HOSTS, host), **_CLUSTER}


def taskmanager_memory(process_mb: int, rocksdb_mb: int) -> dict[str, Setting]:
    """The TaskManager's memory layout for a process of that size; what the fixed parts leave is heap.

    RocksDB's shared memory is native memory that Flink does not manage here, so it counts as off-heap.
    """
    fixed = {
        "framework.heap.size": 128,
        "framework.off-heap.size": 128,
        "task.off-heap.size": rocksdb_mb + 64,
        "network.min": 64,
        "network.max": 64,
        "managed.size": 32,
        "jvm-metaspace.size": 224,
        "jvm-overhead.min": 128,
        "jvm-overhead.max": 128,
    }
    taken = sum(size for name, size in fixed.items() if not name.endswith(".min"))
    sizes = fixed | {"task.heap.size": max(128, process_mb - taken)}
    memory: dict[str, Setting] = {f"taskmanager.memory.{name}": f"{size}m" for name, size in sizes.items()}
    return memory | {"taskmanager.cpu.cores": float(SLOTS)}


def as_yaml(settings: Mapping[str, Setting]) -> str:
    """Flat YAML; JSON's quoting of scalars is valid YAML."""
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in sorted(settings.items()))
