"""The sink writers of a running stack: how each is, and pausing, resuming and rewinding it.

A pause is a file that the writer watches. The writer stays a member of its group, so its offsets are
kept however long it lasts, and the pause outlives a restart of the stack. To rewind is to stop the writer,
set the offsets of its group and start it again: the broker takes no offsets while a member is connected.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TypedDict

from fraudctl import engines
from fraudctl.engines import workers
from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.errors import Failed, UsageError
from fraudctl.home.private_files import write_atomically
from fraudctl.home.stack import Stack
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.kafka import admin, places
from fraudctl.waiting import until
from pipeline.metrics import MEASURED_ONLY, SinkStatus
from pipeline.records import clock
from pipeline.records.names import writer_group

UNSEEN = "unseen"
STALE_MS = 10_000
"""A status file older than this is of a writer that no longer tells anything."""
TOLD_OTHERWISE = frozenset({"sink", "lag", "paused", "suspended"}) | MEASURED_ONLY
"""What a writer reports and its status tells as `name`, as the broker knows it, and as `state`; and what only
its metrics have."""
_SAID = tuple(one.name for one in fields(SinkStatus) if one.name not in TOLD_OTHERWISE)
_LEAVE_S = 20.0


class Described(TypedDict):
    """A sink as the profile has it."""

    name: str
    address: str
    group: str
    dead_letter_topic: str
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Writer:
    """How a writer is, and what it says of itself; None where it has not said anything.

    State: running, paused (asked for), waiting (for its store), silent (it says nothing), starting, unseen
    (from here), or how a process is that does not run (`engines.contract.Condition`).
    """

    name: str
    state: str
    lag_by_partition: Mapping[int, int]
    """in records, as the broker knows it"""
    dead_letters: int
    said: SinkStatus | None
    unreadable: str | None
    """why it is not known what it says"""

    @property
    def lag(self) -> int:
        return sum(self.lag_by_partition.values())

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return {
            "name": self.name,
            "state": self.state,
            "lag": self.lag,
            "lag_by_partition": {str(number): lag for number, lag in sorted(self.lag_by_partition.items())},
            "dead_letters": self.dead_letters,
            **{name: getattr(self.said, name, None) for name in _SAID},
            **({"last_error": self.unreadable} if self.unreadable else {}),
        }


def check(stack: Stack, sink: str) -> str:
    """The sink's name; UsageError when this stack has no such sink."""
    there = workers.sinks(stack)
    if sink not in there:
        raise UsageError(
            f"there is no sink {sink}",
            hint=f"sinks of this stack: {', '.join(there) or 'none'}",
            code="no_sink",
        )
    return sink


def describe(stack: Stack) -> list[Described]:
    """Every sink: what it is called, where it writes, and its settings. Asks no server."""
    return [
        {
            "name": sink,
            "address": stack.sink_address(sink),
            "group": writer_group(sink),
            "dead_letter_topic": workers.dead_letters(stack, sink),
            "settings": dict(stack.profile.sinks[sink]),
        }
        for sink in workers.sinks(stack)
    ]


def status(stack: Stack) -> list[Writer]:
    """How every writer is."""
    states = engines.of(stack).programs(stack)
    return [_status(stack, sink, states) for sink in workers.sinks(stack)]


def state(stack: Stack, sink: str, programs: Mapping[str, ProgramState], said: SinkStatus | None) -> str:
    """How a writer is, by its process and by what it last told. One that has only just begun has time to.

    Where nobody looks after programs, as within a cluster or a `docker compose up`, it is how it says it is.
    """
    program, now_ms = programs.get(workers.program(sink)), clock.now_ms()
    is_heard = said is not None and now_ms - said.updated_ms <= STALE_MS
    if program is not None and not program.runs:
        return str(program.condition)
    if programs and program is None:
        return "absent"
    if program is None and said is None:
        return UNSEEN
    if workers.pause_file(stack, sink).exists():
        return "paused"
    if not is_heard:
        is_young = program is not None and now_ms - 1_000 * program.started_s <= STALE_MS
        return str(Condition.STARTING) if is_young else "silent"
    return "waiting" if said is not None and said.paused else "running"


def pause(stack: Stack, sink: str, wait_s: float = 30.0) -> bool:
    """Make the writer stop reading, and wait until it has; False when it was paused already."""
    file = workers.pause_file(stack, check(stack, sink))
    if file.exists():
        return False
    write_atomically(file, "")
    _wait_for(stack, sink, suspended=True, wait_s=wait_s)
    return True


def resume(stack: Stack, sink: str, wait_s: float = 30.0) -> bool:
    """Let the writer go on, and wait until it does; False when it was not paused."""
    file = workers.pause_file(stack, check(stack, sink))
    if not file.exists():
        return False
    with suppress(FileNotFoundError):
        file.unlink()
    _wait_for(stack, sink, suspended=False, wait_s=wait_s)
    return True


def destination(stack: Stack, to: str, now_ms: int | None = None) -> dict[int, int]:
    """The offsets of the decisions topic meant by a place in the log (see `fraudctl.kafka.places`)."""
    return places.offsets(stack.kafka, stack.profile.topics.decisions, to, now_ms)


def rewind(stack: Stack, sink: str, to: Mapping[int, int]) -> dict[int, int]:
    """Stop the writer, set its group's offsets, start it again if it ran; the offsets it had before."""
    engine, name = engines.of(stack), workers.program(check(stack, sink))
    topic, group = stack.profile.topics.decisions, writer_group(sink)
    state = engine.programs(stack).get(name)
    engine.stop(stack, name)
    try:
        before = admin.committed(stack.kafka, group, topic)
        _reset(stack, group, topic, to)
    finally:
        if state is not None and state.is_wanted:
            engine.start(stack, name)
    return before


def _reset(stack: Stack, group: str, topic: str, to: Mapping[int, int]) -> None:
    """A killed member is remembered for its session timeout: try for a while."""
    last: list[Failed] = []

    def taken() -> bool:
        try:
            admin.reset(stack.kafka, group, topic, to)
        except Failed as error:
            last.append(error)
            return False
        return True

    until(taken, _LEAVE_S, lambda: last[-1])


def _status(stack: Stack, sink: str, programs: Mapping[str, ProgramState]) -> Writer:
    said, unreadable = None, None
    try:
        said = workers.said(stack, sink)
    except (Damaged, Newer) as failure:
        unreadable = failure.message
    decisions, group = stack.profile.topics.decisions, writer_group(sink)
    by_partition = admin.lag(stack.kafka, group, decisions)
    dead = workers.dead_letters(stack, sink)
    begin, end = admin.begin_offsets(stack.kafka, dead), admin.end_offsets(stack.kafka, dead)
    left = sum(end[partition] - begin[partition] for partition in end)
    return Writer(sink, state(stack, sink, programs, said), by_partition, left, said, unreadable)


def _said(stack: Stack, sink: str) -> SinkStatus | None:
    """None also of a file that cannot be read: `_status` says why."""
    try:
        return workers.said(stack, sink)
    except (Damaged, Newer):
        return None


def _wait_for(stack: Stack, sink: str, suspended: bool, wait_s: float) -> None:
    """Until a writer that runs says so; one that does not run will heed the file when it starts."""
    program = engines.of(stack).programs(stack).get(workers.program(sink))
    if program is None or not program.runs:
        return
    word = "pause" if suspended else "go on"
    until(
        lambda: getattr(_said(stack, sink), "suspended", None) is suspended,
        wait_s,
        lambda: Failed(
            f"the writer of {sink} did not {word} within {wait_s:g} s: it is still at a batch",
            hint="it heeds the wish after that; see: fraudctl sinks status",
            code="still_busy",
        ),
    )
