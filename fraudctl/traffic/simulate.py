"""Send a scenario's traffic at its pace, wait for the decisions, and give the scorecard.

Open loop: an event is due at its scheduled time, however slow the pipeline is, and its latency counts
from there to the append time of its decision. Event times are wall-clock times unless the run has a start
time of its own.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import orjson

from fraudctl.console.progress import Progress, progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.home.private_files import make_folder, open_private
from fraudctl.home.stack import Stack
from fraudctl.kafka.tail import Record, Tail
from fraudctl.traffic.feeder import Conduct, Feeder
from fraudctl.traffic.generator import Run, size, stream
from fraudctl.traffic.scorecard import Scoreboard, Scorecard
from pipeline.records import clock
from pipeline.records.quantities import Refusal, parse_time

LEAD_MS = 500
"""How long before the first event the run is set up, where no start time is given."""


READ_MS = 100
"""How long the broker gathers decisions: their append time counts, not when they are read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    run: Run
    scorecard: Scorecard
    interrupted: bool
    labels: Path

    @property
    def exit_code(self) -> int:
        """0 fine; 5 events lost; 1 the pipeline stopped deciding, or the broker did not take everything."""
        card = self.scorecard
        if card.lost:
            return 5
        return 1 if card.waiting or card.not_accepted else 0

    def as_result(self) -> Result:
        """The scorecard for people and for machines."""
        card = self.scorecard
        data = {
            "run": self.run.name,
            "scenario": self.run.scenario.name,
            "seed": self.run.seed,
            "start_ms": self.run.start_ms,
            "interrupted": self.interrupted,
            "labels_file": str(self.labels),
            **card.as_document(),
        }
        return Result(self._summary(), data, self.exit_code, _tables(card))

    def _summary(self) -> str:
        card = self.scorecard
        broken = "interrupted; " if self.interrupted else ""
        if card.lost:
            return f"{broken}{card.lost} of {card.accepted} accepted events were lost; see: fraudctl logs"
        if card.waiting:
            return (
                f"{broken}the pipeline stopped deciding: {card.waiting} of {card.accepted} events wait; "
                "see: fraudctl status, fraudctl job status"
            )
        if card.not_accepted:
            return (
                f"{broken}Kafka did not take {card.not_accepted} of {card.sent} events, the rest is decided"
            )
        return f"{broken}{card.decided} of {card.sent} events decided, none lost, {card.alerts} alerts"


def simulate(
    stack: Stack, run: Run, workers: int = 1, patience_s: float = 60.0, conduct: Conduct | None = None
) -> Outcome:
    """Send the run to the live topic and follow it to its end.

    `workers` is the number of producers; a user's events always go through the same one. Gives up waiting
    when no decision has arrived for `patience_s`. Interrupted from the keyboard, it stops sending and
    still waits for the decisions of what was sent; a second interrupt ends the waiting too.
    """
    labels = stack.home / "labels" / f"{run.name}.jsonl"
    if labels.exists():
        raise UsageError(
            f"run {run.name} was sent before: its events would be copies",
            hint="choose another --seed or --start-time, or leave the start time out",
            code="already_sent",
        )
    make_folder(labels.parent)
    conduct = conduct or Conduct()
    total, board = size(run), conduct.board
    decisions_topic = stack.profile.topics.decisions
    tail = Tail(stack.kafka, decisions_topic, gather_ms=READ_MS)
    with tail as decisions, open_private(labels, "x") as lines:
        feeder = Feeder(stack, run, workers, conduct, lines)
        interrupted = _follow(feeder, decisions, board, run, total, patience_s)
    return Outcome(run, board.scorecard(), interrupted, labels)


def _follow(
    feeder: Feeder, decisions: Tail, board: Scoreboard, run: Run, total: int, patience_s: float
) -> bool:
    """Whether the keyboard interrupted it."""
    interrupts = _Interrupts(feeder.stop)
    feeder.start()
    with interrupts, progress(f"simulate {run.scenario.name}", total) as bar:
        _watch(feeder, decisions, board, run, bar, patience_s, interrupts)
        feeder.join(None if interrupts.count < 2 else 5.0)
    if feeder.error is not None:
        raise feeder.error
    board.settle()
    return interrupts.count > 0


class _Interrupts:
    """Counts Ctrl-C instead of raising, for an exception out of the Kafka client loses what it has just
    read."""

    def __init__(self, stop: threading.Event) -> None:
        self.count = 0
        self._stop = stop
        self._previous: Any = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._note)

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _note(self, *_: object) -> None:
        self.count += 1
        self._stop.set()


def _watch(
    feeder: Feeder,
    decisions: Tail,
    board: Scoreboard,
    run: Run,
    bar: Progress,
    patience_s: float,
    interrupts: _Interrupts,
) -> None:
    """Take decisions until every accepted event has one, none comes any more, or the user insists on an
    end."""
    prefix, heard = f"{run.name}-", time.monotonic()
    while interrupts.count < 2 and (feeder.is_alive() or not (board.is_complete or feeder.error)):
        records = decisions.read(0.1)
        for record in records:
            _take(board, prefix, record)
        if records or feeder.is_alive():
            heard = time.monotonic()
        elif time.monotonic() - heard > patience_s:
            return
        bar.update(board.decided, f"sent {board.sent}  decided {board.decided}  alerts {board.alerts}")
    for record in decisions.read(0.3):
        _take(board, prefix, record)


def _take(board: Scoreboard, prefix: str, record: Record) -> None:
    """Note a decision of this run; other traffic on the topic is passed over."""
    if record.value is None or prefix.encode() not in record.value[: len(prefix) + 40]:
        return
    with suppress(ValueError, KeyError, TypeError):
        document = orjson.loads(record.value)
        event_id, source = document["event_id"], document["source"]
        if event_id.startswith(prefix):
            number, flagged = int(event_id[len(prefix) :]), document["decision"] != "approve"
            place, late = (source["partition"], source["offset"]), bool(document.get("late"))
            board.decide(number, flagged, record.append_ms, *place, document.get("currency"), late=late)


def write_stream(run: Run, target: TextIO) -> int:
    """Write the run's transactions as JSON lines instead of sending them; how many there were."""
    count = 0
    for planned in stream(run):
        target.write(planned.value.decode() + "\n")
        count += 1
    return count


def start_ms(given: str | None) -> int:
    """The start time as epoch ms: the given ISO 8601 text, else a moment from now. UsageError if
    unreadable."""
    if given is None:
        return clock.now_ms() + LEAD_MS
    try:
        return parse_time(given)
    except Refusal as error:
        raise UsageError(
            f"--start-time {given}: {error.detail}", hint="write it like 2026-01-31T12:00:00Z"
        ) from error


def _tables(card: Scorecard) -> tuple[Table, ...]:
    latency = "  ".join(f"{name} {value}" for name, value in card.latency_ms.items() if value is not None)
    rows = [
        ("sent", card.sent),
        ("decided", card.decided),
        ("lost", card.lost),
        *([("waiting for a decision", card.waiting)] if card.waiting else []),
        ("not accepted by Kafka", card.not_accepted),
        ("duplicates", card.duplicates),
        *([("came late, behind others that were decided", card.late)] if card.late else []),
        ("alerts", card.alerts),
        ("precision", _percent(card.precision)),
        ("recall (events that must be flagged)", _percent(card.recall)),
        ("recall (attack instances)", _percent(card.recall_by_instance)),
        ("alert rate on normal traffic", _percent(card.alert_rate_normal)),
        ("latency ms", latency or "none"),
    ]
    if len(card.currencies) > 1:
        rows.append(("decided by currency", "  ".join(f"{n} {code}" for code, n in card.currencies.items())))
    tables = [Table("Scorecard", ("what", "value"), rows)]
    if card.instances:
        columns = ("instance", "events", "flagged", "events to detect", "time to detect")
        tables.append(Table("Attacks", columns, [_row(i.as_document()) for i in card.instances]))
    return tuple(tables)


def _row(instance: dict[str, object]) -> tuple[object, ...]:
    took = instance["time_to_detect_ms"]
    seconds = "never" if not isinstance(took, int) else f"{took / 1000:.2f} s"
    detect = instance["events_to_detect"]
    name = str(instance["instance"]).rpartition("/")[2]
    return (name, instance["events"], instance["flagged"], "never" if detect is None else detect, seconds)


def _percent(ratio: float | None) -> str:
    return "none" if ratio is None else f"{100 * ratio:.2f} %"
