"""Whether a fault was borne: the decisions log of the run, the stores against it, the notifications."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from fraudctl.console.progress import Progress
from fraudctl.decisions import notifications
from fraudctl.engines import workers
from fraudctl.home.stack import Stack
from fraudctl.kafka import forgotten, tail
from fraudctl.kafka.tail import Record
from fraudctl.traffic.scorecard import Scorecard
from fraudctl.verify import KafkaLog, Kind, Report, Verification
from fraudctl.waiting import within
from pipeline.records import decision_bytes

_SETTLED_S = 100.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold, whether it does, and the figures behind it."""

    what: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class LogFindings:
    """The run's events in the log: with a decision, records beyond one each, and events whose repeated
    decisions by one run of the job are not byte for byte the same."""

    decided: int
    repeats: int
    contradictions: int


def read_log(stack: Stack, starts: Mapping[int, int], run_name: str, events: int) -> LogFindings:
    """Every decision of the run, from those offsets on."""
    return judge_log(tail.records(stack.kafka, stack.profile.topics.decisions, starts), run_name, events)


def judge_log(records: Iterable[Record], run_name: str, events: int) -> LogFindings:
    """What those records say of the run's events, numbered from 0. Only decisions of one run of the job
    contradict each other: a later run replaces what an earlier one decided.
    """
    digests, runs = array("q", bytes(8 * events)), array("q", bytes(8 * events))
    decided, repeats, contradictions = 0, 0, set()
    prefix = f"{run_name}-".encode()
    for record in records:
        value = record.value or b""
        number = decision_bytes.number_of(value, prefix)
        if number is None:
            continue
        digest, run = _digest(value), int(record.headers.get("run", b"0"))
        if digests[number]:
            repeats += 1
            if run == runs[number] and digest != digests[number]:
                contradictions.add(number)
        else:
            decided += 1
        if run >= runs[number]:
            digests[number], runs[number] = digest, run
    return LogFindings(decided, repeats, len(contradictions))


def _digest(value: bytes) -> int:
    """Never 0, which stands for none."""
    return int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "big", signed=True) or 1


def verify(stack: Stack, bar: Progress) -> Report:
    """All stores against the whole log."""
    configs = [workers.writer(stack, sink) for sink in workers.sinks(stack)]
    log = KafkaLog(stack.kafka, stack.profile.topics.decisions, forgotten.of(stack))

    def tell(done: float, total: float, what: str) -> None:
        bar.update(done / total if total else 1.0, what)

    with Verification(log, configs, stack.home / "verify", tell=tell) as verification:
        return verification.check()


def settle_notifications(stack: Stack) -> dict[str, object] | None:
    """What became of notifications, once none is due or claimed; None where nobody is told of alerts."""
    if not workers.notifies(stack):
        return None

    def settled() -> bool:
        counts = notifications.counts(stack) or {}
        return not counts["due"] + counts["claimed"]

    within(settled, _SETTLED_S)
    claims = notifications.open_claims(stack)
    counts = {state: sum(claim.state == state for claim in claims) for state in notifications.STATES}
    return counts | {"listed": [asdict(claim) for claim in claims if claim.state in ("unknown", "refused")]}


def checks(
    card: Scorecard,
    log: LogFindings,
    left: Mapping[str, int],
    report: Report,
    told: Mapping[str, object] | None,
) -> list[Check]:
    """All that must hold after a fault."""
    undelivered = sum(one.classes.get(Kind.UNDELIVERED, 0) for one in report.sinks.values())
    behind = ", ".join(f"{sink} {records}" for sink, records in left.items())
    found = [
        Check(
            "every accepted event is decided",
            card.lost + card.waiting == 0 and log.decided == card.accepted,
            f"{log.decided} of {card.accepted}, {card.not_accepted} not accepted by Kafka",
        ),
        Check(
            "an event has one decision, repeats are the same bytes",
            log.contradictions == 0,
            f"{log.repeats} repeats, {log.contradictions} contradictions",
        ),
        Check("every sink has caught up", not left, f"behind: {behind}" if behind else "none is behind"),
        Check(
            "every store holds what the log holds",
            report.is_clean and not undelivered,
            f"{report.decisions} decisions, {len(report.sinks)} stores, {report.faults} faults",
        ),
    ]
    if told is not None:
        found.append(
            Check(
                "every notification is sent, or listed as unknown or refused",
                told["due"] == told["claimed"] == 0,
                ", ".join(f"{told[state]} {state}" for state in ("unknown", "refused", "due", "claimed")),
            )
        )
    return found
