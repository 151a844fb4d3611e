"""What Flink's reporter is told to show."""

from __future__ import annotations

from pipeline.metrics import flink


def test_a_filter_names_the_scope_and_the_figure_as_flink_writes_them() -> None:
    by_name = dict(zip((one.name for one in flink.ALL), flink.filters(), strict=True))
    assert {
        name: by_name[name] for name in by_name if name.endswith(("reused_ids", "Used", "numRestarts"))
    } == {
        "flink_jobmanager_job_numRestarts": "jobmanager.job:numRestarts",
        "flink_taskmanager_job_task_operator_reused_ids": "taskmanager.job.task.operator:reused_ids",
        "flink_taskmanager_Status_JVM_Memory_Heap_Used": "taskmanager.Status.JVM.Memory.Heap:Used",
    }
    state = "taskmanager.job.task.operator.column_family:rocksdb*"
    assert [one for one in by_name.values() if "rocksdb" in one] == [state]
