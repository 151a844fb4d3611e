"""The figures of Flink's own that are of use here, by the names its reporter gives them.

Flink shows its counters as gauges, and names without units. What is not listed it is told to keep to itself:
a job has thousands of figures.
"""

from __future__ import annotations

from typing import Final

from pipeline.metrics.kinds import Kind, Metric

_TASK: Final = "flink_taskmanager_job_task_"
_OPERATOR: Final = _TASK + "operator_"
_STATE: Final = _OPERATOR + "column_family_rocksdb_"


def _gauge(name: str, about: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, about, labels)


_JOB: Final = ("job_name",)
_OF_TASK: Final = ("job_name", "task_name", "subtask_index")
_OF_OPERATOR: Final = ("job_name", "operator_name", "subtask_index")

JOBMANAGER: Final = (
    _gauge("flink_jobmanager_job_numRestarts", "times the tasks of a job were started anew", *_JOB),
    _gauge("flink_jobmanager_numRegisteredTaskManagers", "TaskManagers that are there"),
    _gauge("flink_jobmanager_taskSlotsAvailable", "slots that no task has"),
)
TASKMANAGER: Final = (
    _gauge(_TASK + "busyTimeMsPerSecond", "how much of a second a task works", *_OF_TASK),
    _gauge(_TASK + "backPressuredTimeMsPerSecond", "how much of a second a task waits for others", *_OF_TASK),
    _gauge(_TASK + "numRecordsInPerSecond", "what comes in", *_OF_TASK),
    _gauge(_TASK + "numRecordsOutPerSecond", "what goes out", *_OF_TASK),
    _gauge(_OPERATOR + "late", "events that were late", *_OF_OPERATOR),
    _gauge(
        _OPERATOR + "too_late",
        "events later than `allowed_lateness_ms`, whose windows may lack some",
        *_OF_OPERATOR,
    ),
    _gauge(_OPERATOR + "refused", "records that were refused", *_OF_OPERATOR),
    _gauge(_OPERATOR + "duplicates", "copies that were recognised", *_OF_OPERATOR),
    _gauge(_OPERATOR + "reused_ids", "events that used an id again for other content", *_OF_OPERATOR),
    _gauge(
        _STATE + "total_sst_files_size",
        "bytes that the state of a hop takes in RocksDB, once written out of memory",
        *_OF_OPERATOR,
        "column_family",
    ),
    _gauge("flink_taskmanager_Status_JVM_Memory_Heap_Used", "bytes of the heap in use"),
    _gauge("flink_taskmanager_Status_JVM_Memory_Heap_Max", "bytes that the heap may have"),
    _gauge("flink_taskmanager_Status_JVM_GarbageCollector_All_Time", "milliseconds spent in collections"),
    _gauge("flink_taskmanager_Status_JVM_CPU_Load", "share of the machine that the JVM takes"),
)
ALL: Final = (*JOBMANAGER, *TASKMANAGER)


def filters() -> list[str]:
    """What the reporter is told to show: a scope and a name each, as Flink writes them."""
    return [_filter(metric.name.removeprefix("flink_")) for metric in ALL]


def _filter(name: str) -> str:
    if "_rocksdb_" in name:
        return "taskmanager.job.task.operator.column_family:rocksdb*"
    if name.startswith(_OPERATOR.removeprefix("flink_")):  # the kernel's own names have underscores
        return f"taskmanager.job.task.operator:{name.removeprefix(_OPERATOR.removeprefix('flink_'))}"
    scope, _, last = name.rpartition("_")
    return f"{scope.replace('_', '.')}:{last}"
