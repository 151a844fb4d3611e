"""The live job: its tasks, state, checkpoints and JVM."""

from __future__ import annotations

from typing import Final

from fraudctl.monitoring.panels import Dashboard
from fraudctl.monitoring.shapes import LOAD_LIMITS, ask, lines

_TASK: Final = "flink_taskmanager_job_task_"
_JVM: Final = "flink_taskmanager_Status_JVM_"
_WHICH: Final = "{{program}} {{tm_id}}"
_STATE: Final = f"{_TASK}operator_column_family_rocksdb_total_sst_files_size"

BOARD: Final = Dashboard(
    "job",
    "fraudctl: job",
    (
        lines(
            "Busy",
            "share of a second that each task works, by subtask",
            "DecisionsSlow",
            "percentunit",
            ask(f"{_TASK}busyTimeMsPerSecond / 1000", "{{task_name}} {{subtask_index}}"),
            limits=LOAD_LIMITS,
        ),
        lines(
            "Back pressure",
            "share of a second that each task waits for those behind it",
            "DecisionsSlow",
            "percentunit",
            ask(f"{_TASK}backPressuredTimeMsPerSecond / 1000", "{{task_name}} {{subtask_index}}"),
            limits=(0.2, 0.5),
        ),
        lines(
            "Records",
            "in and out of each task",
            "NoDecisions",
            "ops",
            ask(f"{_TASK}numRecordsInPerSecond", "{{task_name}} {{subtask_index}} in"),
            ask(f"{_TASK}numRecordsOutPerSecond", "{{task_name}} {{subtask_index}} out"),
        ),
        lines(
            "Checkpoints",
            "what the newest took, and how old it is",
            "CheckpointOld",
            "s",
            ask("fraudctl_checkpoint_duration_seconds", "took"),
            ask("fraudctl_checkpoint_age_seconds", "age"),
            limits=(60, 120),
        ),
        lines(
            "State",
            "all that the newest checkpoint refers to",
            "StateGrows",
            "bytes",
            ask("fraudctl_checkpoint_size_bytes", "checkpoint"),
            limits=(5e8,),
        ),
        lines(
            "State of each hop",
            "files in RocksDB",
            "StateGrows",
            "bytes",
            ask(f"sum by (operator_name) ({_STATE})", "{{operator_name}}"),
        ),
        lines(
            "Event time behind the clock",
            "it grows while nobody sends",
            "NoDecisions",
            "s",
            ask("fraudctl_watermark_lag_seconds", "watermark"),
        ),
        lines(
            "Restarts",
            "of the job's tasks, and submissions of a job that was gone",
            "JobRestarts",
            "short",
            ask("flink_jobmanager_job_numRestarts", "{{job_name}}"),
            ask("fraudctl_keeper_resubmissions_total", "submissions"),
            limits=(1,),
        ),
        lines(
            "Events that are special",
            "late, refused, copies",
            "ManyLate",
            "short",
            ask(f"sum({_TASK}operator_late)", "late"),
            ask(f"sum({_TASK}operator_refused)", "refused"),
            ask(f"max({_TASK}operator_duplicates)", "copies"),
        ),
        lines(
            "Heap",
            "of each TaskManager",
            "DecisionsSlow",
            "bytes",
            ask(f"{_JVM}Memory_Heap_Used", f"{_WHICH} used"),
            ask(f"{_JVM}Memory_Heap_Max", f"{_WHICH} at most"),
        ),
        lines(
            "Collections",
            "share of time that each TaskManager's JVM collects",
            "DecisionsSlow",
            "percentunit",
            ask(f"rate({_JVM}GarbageCollector_All_Time[1m]) / 1000", _WHICH),
            limits=(0.05, 0.1),
        ),
        lines(
            "Processor",
            "share of its machine that each TaskManager takes",
            "DecisionsSlow",
            "percentunit",
            ask(f"{_JVM}CPU_Load", _WHICH),
        ),
    ),
)
