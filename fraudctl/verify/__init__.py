"""Compares every store with the decisions log, names each difference, and mends it from the log.

A comparison is an external fold: the stores are read, then the log up to an end taken after them, each
decision down to its position and a digest in files by the hash of its event; then one file after the
other is compared. Memory depends on the size of one file, not of the log. What looks like a fault is
looked at again, in full and as it is now, before it counts. `docs/verification.md` is the page for users.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fraudctl.errors import Unhealthy
from fraudctl.home.private_files import open_private
from fraudctl.verify import examine, parallel, scan, spill
from fraudctl.verify.classes import FAULTS, MEANING, Difference, Kind
from fraudctl.verify.compare import Compared, Scope, compare, difference_of
from fraudctl.verify.log import KafkaLog, Log, Offsets
from fraudctl.verify.report import Register, Report, SinkReport
from fraudctl.verify.scan import Plan, open_sink
from fraudctl.verify.working import Working
from pipeline.projector import Config
from pipeline.records import clock
from pipeline.sinks import Damaged, ReadBack, Unavailable

__all__ = (
    "FAULTS",
    "MEANING",
    "Config",
    "Difference",
    "KafkaLog",
    "Kind",
    "Log",
    "Mended",
    "Report",
    "Span",
    "Verification",
)

Tell = Callable[[float, float, str], None]
"""Called with steps done, steps in all, and what is being done."""

_PER_BUCKET = 40_000  # decisions; one bucket of log and store is held in memory
_FEWEST_BUCKETS = 64
_SMALL = 20_000  # records; below, processes of their own cost more than they save
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Span:
    """Append times (epoch ms) between which a decision is verified: from included, to excluded."""

    from_ms: int | None = None
    to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair did. `rewritten` got the log's decision, `removed` had nothing to get."""

    rewritten: int = 0
    removed: int = 0
    refused: tuple[str, ...] = ()


class Verification:
    """One comparison of some sinks with the log, and its repair. Use as a context manager.

    `folder` is where files are kept while it lasts; `differences.jsonl` remains there.
    """

    def __init__(
        self,
        log: Log,
        sinks: Sequence[Config],
        folder: Path,
        span: Span | None = None,
        processes: int = 2,
        tell: Tell = lambda *_: None,
    ) -> None:
        self._log = log
        self._configs = tuple(sinks)
        self._home = folder
        self._span = span or Span()
        self._processes = processes
        self._tell = tell
        self._working: Working | None = None

    def __enter__(self) -> Verification:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def check(self) -> Report:
        """Compare. Raises Unhealthy when a store or the broker does not answer."""
        began = time.monotonic()
        self._clear()
        self._working = Working(self._home)
        work, file = self._working.folder, self._home / "differences.jsonl"
        with _named_stores(), open_private(file) as out:
            plan, scope, report = self._scan(work)
            report.file = file
            self._compare(plan, scope, report, Register(report, out, SHOWN))
        for kind in ("log", *(f"store-{n}" for n in range(len(self._configs)))):
            shutil.rmtree(work / kind, ignore_errors=True)
        report.seconds = time.monotonic() - began
        return report

    def repair(self) -> Mended:
        """Mend what the last `check` found: write the log's decisions again, drop what the log has not.

        Raises Unhealthy when a store does not answer; what was mended until then stays mended.
        """
        if self._working is None:
            raise ValueError("nothing has been checked")
        rewritten = removed = 0
        refused: list[str] = []
        with _named_stores(), self._readers() as readers:
            for index, batch in examine.cases(self._working.folder / "faults", self._log):
                deliveries, bare = examine.mend(readers[index], batch)
                rewritten += deliveries.written
                removed += bare
                refused += [f"{self._configs[index].sink}: {one.reason}" for one in deliveries.refused]
                self._tell(rewritten + removed, 0, "mending")
        return Mended(rewritten, removed, tuple(refused))

    def _scan(self, work: Path) -> tuple[Plan, Scope, Report]:
        begins, now_ends = self._log.begins(), self._log.ends()
        starts = begins if self._span.from_ms is None else _later(begins, self._log.at(self._span.from_ms))
        records = sum(max(0, end - starts.get(p, 0)) for p, end in now_ends.items())
        buckets = max(_FEWEST_BUCKETS, records // _PER_BUCKET + 1)
        plan = Plan(work, buckets, self._log, self._configs)
        # in this order: what a store holds was in the log when the log is read
        committed = tuple(self._log.committed(config.group) for config in self._configs)
        processes = 0 if records < _SMALL else self._processes
        total = records * (1 + len(self._configs))
        reports = {config.sink: SinkReport() for config in self._configs}

        def reading(done: int) -> None:
            self._tell(done, total, "reading the stores")

        places = range(len(self._configs))
        took = parallel.run([(scan.scan_store, (plan, index)) for index in places], processes, reading)
        for config, seconds in zip(self._configs, took, strict=True):
            reports[config.sink].seconds = seconds
        ends = self._log.ends()

        def following(done: int) -> None:
            self._tell(total - records + done, total, "reading the log")

        tasks: list[parallel.Task] = [(scan.scan_dead_letters, (plan, index)) for index in places]
        tasks += [
            (scan.scan_log, (plan, f"p{number}", {p: starts.get(p, 0) for p in share}, share))
            for number, share in enumerate(_shares(starts, ends, max(1, processes)))
        ]
        answers = parallel.run(tasks, processes, following)[len(self._configs) :]
        report = Report(reports, starts, ends)
        report.records = sum(seen for seen, _ in answers)
        report.undecodable = sum(bad for _, bad in answers)
        limit = None if self._span.to_ms is None else self._log.at(self._span.to_ms)
        return plan, Scope(begins, starts, limit, committed), report

    def _compare(self, plan: Plan, scope: Scope, report: Report, register: Register) -> None:
        for part in self._side_by_side(plan, scope, report.records):
            report.decisions += part.decisions
            for config, count in zip(plan.sinks, part.counts, strict=True):
                sink = report.sinks[config.sink]
                sink.expected += count.expected
                sink.held += count.held
                sink.equal += count.equal
        for row in spill.rows(plan.explained(), "all"):
            register.add(difference_of(row))
        with spill.Spill(plan.folder / "faults", "f") as out, self._readers() as readers:
            looked = 0
            for index, batch in examine.cases(plan.suspects(), self._log):
                found = examine.look_again(self._configs[index].sink, readers[index], batch)
                for difference in found:
                    register.add(difference)
                    one = examine.suspect(index, difference)
                    if difference.kind in FAULTS:
                        out.add(one.bucket, tuple(one))
                looked += len(batch)
                self._tell(looked, 0, "looking again at what differs")

    def _side_by_side(self, plan: Plan, scope: Scope, records: int) -> list[Compared]:
        """All buckets, in as many parts as there are processes."""
        processes = 0 if records < _SMALL else self._processes
        parts = max(1, processes)
        shares = [range(n, plan.buckets, parts) for n in range(parts)]
        now_ms = clock.now_ms()
        tasks: list[parallel.Task] = [
            (compare, (plan, scope, now_ms, share, f"c{n}")) for n, share in enumerate(shares)
        ]
        return parallel.run(tasks, processes, lambda done: self._tell(done, plan.buckets, "comparing"))

    @contextmanager
    def _readers(self) -> Iterator[list[ReadBack]]:
        readers = [open_sink(config) for config in self._configs]
        try:
            yield readers
        finally:
            for reader in readers:
                reader.close()

    def _clear(self) -> None:
        if self._working is not None:
            self._working.close()
            self._working = None


def _shares(starts: Offsets, ends: Offsets, count: int) -> list[dict[int, int]]:
    """The ends in shares of about as many records each, the largest partitions dealt out first."""
    shares: list[dict[int, int]] = [{} for _ in range(count)]
    records = [0] * count
    sizes = {partition: end - starts.get(partition, 0) for partition, end in ends.items()}
    for partition in sorted(sizes, key=lambda p: -sizes[p]):
        least = records.index(min(records))
        shares[least][partition] = ends[partition]
        records[least] += sizes[partition]
    return [share for share in shares if share]


def _later(one: Offsets, other: Offsets) -> Mapping[int, int]:
    return {partition: max(offset, other.get(partition, 0)) for partition, offset in one.items()}


@contextmanager
def _named_stores() -> Iterator[None]:
    try:
        yield
    except Damaged as error:
        raise Unhealthy(
            f"a store holds what no sink writes: {error}",
            hint="take that away, then run: fraudctl verify sinks --repair",
            code="damaged",
        ) from error
    except Unavailable as error:
        raise Unhealthy(
            f"a store does not answer: {error}", hint="see which one with: fraudctl status"
        ) from error
