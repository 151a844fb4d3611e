"""What benchmarks answer, as JSON has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, final


class Machine(TypedDict):
    """What it is measured on."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str


class Surroundings(TypedDict):
    """With what a run was made."""

    machine: Machine
    machine_speed: Mapping[str, float]
    versions: Mapping[str, str]
    config_hash: str


class Counts(TypedDict):
    """What became of the events of a run; it is good where none was lost, and none differs."""

    good: bool
    sent: int
    decided: int
    lost: int
    duplicates: int
    late: int


class CheckpointCounts(TypedDict):
    """Of one job."""

    completed: int
    failed: int


class Reference(TypedDict):
    """How much was compared with it, and the first decision that differs."""

    compared: int
    first_difference: Mapping[str, object] | None


class Passed(Counts):
    """What a job made of the backlog, and in which time."""

    events_per_second: float
    timed: str
    timed_s: float
    submit_to_last_decision_s: float
    second_half_per_second: float
    checkpoints: CheckpointCounts
    reference: Reference


@final
class Capacity(Passed, Surroundings):
    """The answer of one run."""

    fill_s: float
    first_job_per_second: float
    cpu_us_per_event: float | None
    floor_per_second: float
    floor_cpu_us_per_event: float
    seed: int
    hot_merchant: float
    parallelism: int
    kept_topics: list[str]


class RecoveryDocument(TypedDict):
    """A `Recovery` in JSON."""

    killed_after_s: float
    silent_until_s: float
    caught_up_s: float | None


class SinkLag(TypedDict):
    """Of one sink, when the traffic was over."""

    lag_at_end: int
    caught_up_s: float | None


@final
class Steady(Counts, Surroundings):
    """The answer of one run at a rate."""

    sustained: bool | None
    not_sustained_because: str
    rate: float
    duration_s: float
    warmup_s: float
    waiting: int
    events_per_second: float
    latency_ms: dict[str, float | None]
    floor_ms: dict[str, float | None]
    cpu_us_per_event: Mapping[str, Mapping[str, float]]
    recovery: RecoveryDocument | None
    out_of_orderness_ms: int
    sender_slip_ms: float
    sinks: dict[str, SinkLag]
    parallelism: int
    seed: int


class Measured(TypedDict):
    """One case, with what became of its events."""

    keys: int
    held: int
    cpu_us_per_event: float | None
    wall_us_per_event: float | None
    sent: int
    decided: int
    lost: int
    duplicates: int
    late: int


class Cost(Measured):
    """The same by its name."""

    case: str


@final
class Costs(Counts, Surroundings):
    """The answer: every case, and what became of the events of all."""

    costs: list[Cost]


class Timing(TypedDict):
    """A writer at work, from its first commit to its last."""

    decisions_per_second: float
    timed: str
    timed_decisions: int
    timed_s: float
    start_s: float
    flagged: float
    writer_cpu_s: float
    store_cpu_s: float
    per_writer_cpu_second: float


class Written(Timing):
    """The answer of one run."""

    sink: str
    events: int
    machine: Machine
    versions: Mapping[str, str]


Answer = Capacity | Costs | Steady
"""of those that count events"""
