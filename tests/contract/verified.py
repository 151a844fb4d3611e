"""A store filled from a log, to be spoiled and verified: for the tests of `fraudctl verify`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from fraudctl.verify import Config, Difference, Kind, Report, Span, Verification
from pipeline.records.clock import HOUR_MS, now_ms
from pipeline.records.decision_bytes import glance
from pipeline.records.decision_record import Delivery, Identity
from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import Transaction
from pipeline.records.quantities import Number
from pipeline.sinks import ReadBack

IP_BURST = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")
VELOCITY = Hit("velocity", 30, 'tab\there, "quote", back\\slash, new\nline, \x01 Zürich')
_run = count()


@dataclass(frozen=True)
class ListedLog:
    """A log of two partitions held in memory, with one consumer group and one dead-letter topic."""

    deliveries: Sequence[Delivery]
    dead: Sequence[Delivery] = ()
    behind: Mapping[int, int] = field(default_factory=dict)
    """partition to the offset committed; the end where it is not said"""

    def begins(self) -> dict[int, int]:
        return {p: min(self._offsets(p), default=0) for p in (0, 1)}

    def ends(self) -> dict[int, int]:
        return {p: max(self._offsets(p), default=-1) + 1 for p in (0, 1)}

    def at(self, time_ms: int) -> dict[int, int]:
        ends = self.ends()
        late = {p: [d.offset for d in self._of(p) if d.append_ms >= time_ms] for p in (0, 1)}
        return {p: min(late[p], default=ends[p]) for p in (0, 1)}

    def committed(self, group: str) -> dict[int, int]:
        return {**self.ends(), **self.behind}

    def read(self, starts: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[Delivery]:
        for partition, start in starts.items():
            yield from (d for d in self._of(partition) if start <= d.offset < ends[partition])

    def dead_letters(self, topic: str) -> Iterator[Delivery]:
        yield from self.dead

    def _of(self, partition: int) -> list[Delivery]:
        return [d for d in self.deliveries if d.partition == partition]

    def _offsets(self, partition: int) -> list[int]:
        return [d.offset for d in self._of(partition)]


def decided(
    identity: Identity,
    *hits: Hit,
    offset: int,
    run: int = 1,
    append_ms: int = 0,
    warming: tuple[str, ...] = (),
    **fields: Any,
) -> Delivery:
    score = sum(hit.points for hit in hits)
    user_id, event_id = identity
    partition = 0 if user_id == "ada" else 1
    decision = Decision(
        transaction=Transaction(event_id, user_id, 1_764_000_000_123, 125_000 + offset, fields),
        score=score,
        decision="block" if score >= 80 else "review" if score >= 50 else "approve",
        source=Source("risk.transactions", partition, offset),
        reasons=hits,
        features={"user_amount_mean": Number("1.50e-7"), "n": 3, "a_bool": True, "city": "Türkiye\x7f"},
        ruleset_version="v1",
        ruleset_hash="abc",
        late=False,
        saturated=False,
        warming=warming,
        plugin_errors={name: f'{name} "failed"\tключ' for name in warming},
    )
    return Delivery(
        encode_decision(decision), partition, offset, run, append_ms or now_ms(), user_id.encode()
    )


def history(events: int = 40) -> list[Delivery]:
    """A log with clean and flagged events, repeats, a published replay, withdrawals and an expired alert.

    Events 0 to 7 of user "ada" are flagged and have no other decision; "bea" has the strange cases.
    """
    name = f"v{next(_run)}-{time.monotonic_ns()}"
    log = [decided(("ada", f"{name}-{n}"), IP_BURST, offset=n, ip=f"10.0.0.{n % 3}") for n in range(8)]
    log += [
        decided(("ada", f"{name}-{n}"), *([VELOCITY] if n % 3 else [IP_BURST, VELOCITY]), offset=n)
        for n in range(8, events)
    ]
    strange = [f'{name}-s{n}\t"\\ ключ 😀' for n in range(5)]
    fields: dict[str, Any] = {
        "lat": Number("52.5200066000000001"),
        "x": Number("1e3"),
        "note": "\\N\x1f\n",
        "vip": True,
    }
    log += [
        decided(("bea", strange[0]), IP_BURST, offset=0, **fields),
        decided(("bea", strange[0]), VELOCITY, IP_BURST, offset=1, **fields),  # decided again
        decided(("bea", strange[1]), IP_BURST, offset=2, warming=("n", "city_é")),
        decided(("bea", strange[1]), offset=3),  # withdrawn
        decided(
            ("bea", strange[2]), IP_BURST, VELOCITY, offset=4, run=2, warming=("n", "city_é")
        ),  # published
        decided(("bea", strange[2]), IP_BURST, offset=5, run=1),  # what an older run says does not count
        decided(("bea", strange[3]), IP_BURST, offset=6, append_ms=now_ms() - 25 * HOUR_MS),
        decided(("bea", strange[4]), offset=7, run=2),
        decided(("bea", strange[4]), IP_BURST, offset=8, run=1),
    ]
    return log


@dataclass
class Bench:
    """A store filled from a log, and the tools to spoil it and to verify it."""

    sink: ReadBack
    config: Config
    log: ListedLog
    folder: Path

    def identity(self, place: int) -> Identity:
        return glance(self.log.deliveries[place].value).identity

    def fill(self) -> None:
        self.sink.write(self.log.deliveries)

    def put(self, identity: Identity, wrong: Delivery) -> None:
        """Let the store hold this instead of what it holds."""
        self.sink.forget([(identity, (1 << 63) - 1)])
        self.sink.write([wrong])

    def verification(self, log: ListedLog | None = None, span: Span | None = None) -> Verification:
        return Verification(log or self.log, [self.config], self.folder, span)

    def check(self, log: ListedLog | None = None, span: Span | None = None) -> Report:
        with self.verification(log, span) as verification:
            return verification.check()

    def faults(self, report: Report) -> dict[Identity, Kind]:
        return {one.identity: one.kind for one in report.shown if one.kind in (*Kind,)[:4]}

    def mend(self, wrong: Mapping[Identity, Kind]) -> list[Difference]:
        """Expect exactly these faults, repair them, and expect none."""
        with self.verification() as verification:
            found = verification.check()
            assert self.faults(found) == wrong
            assert found.faults == len(wrong)
            mended = verification.repair()
            assert mended.refused == ()
            after = verification.check()
            assert self.faults(after) == {}
            assert after.is_clean
        return [one for one in found.shown if one.identity in wrong]


def altered(right: Delivery, old: str, new: str) -> Delivery:
    """The decision with a piece of its text replaced, all else to the letter as it was."""
    before, after = old.encode(), new.encode()
    assert right.value.count(before) == 1
    return right._replace(value=right.value.replace(before, after))
