"""Counts what decisions and refusals say. Knows neither Kafka nor a clock; records come as they were read.

Nearly all decisions end in the same bytes, and the others too but for the words of their reasons: so ends are
counted, and each is parsed once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from pipeline.metrics.kinds import Labelled
from pipeline.metrics.outside import DecisionFigures
from pipeline.records import decision_bytes

SAMPLED: Final = 8
"""Of how many decisions, at most, the delay of one is looked at."""
MOST_RULES: Final = 500
MOST_REASONS: Final = 50
MOST_CURRENCIES: Final = 50
LONGEST: Final = 64
"""characters of a label"""
NO_CURRENCY: Final = "none"
OTHERS: Final = "other"
_STEP_MS: Final = 1_000
_DECISIONS: Final = ("approve", "review", "block")
_MARKS: Final = ("late", "saturated", "warming", "reused_id")

Timed = tuple[int, int, bytes]
"""The number of a record's partition, its append time (epoch ms), and its value."""


class Tally:
    """Figures that grow with every batch. `now_ms` is this machine's clock."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.figures = DecisionFigures(_zeros(_DECISIONS), shadow=_zeros(_DECISIONS), marked=_zeros(_MARKS))
        self._now_ms = now_ms
        self._newest: dict[int, int] = {}

    def decisions(self, batch: Sequence[Timed]) -> None:
        """A batch of the decisions topic, in its order within each partition."""
        figures = self.figures
        for verdict, times in _verdicts(batch):
            _add(figures.decisions, str(verdict.get("decision", OTHERS)), times, len(_DECISIONS))
            for mark in _MARKS:
                _add(figures.marked, mark, times * bool(verdict.get(mark)))
            self._count_rules(verdict, times)
        for currency, times in Counter(decision_bytes.currency_of(value) for _, _, value in batch).items():
            _add(figures.currencies, currency or NO_CURRENCY, times, MOST_CURRENCIES)
        for _, append_ms, value in batch[::SAMPLED]:
            self._measure(append_ms, value)
        if batch:
            newest_s = max(append_ms for _, append_ms, _ in batch) / 1_000
            figures.newest_s = max(figures.newest_s or 0.0, newest_s)
        self._watch_clock(batch)

    def shadow(self, batch: Sequence[Timed]) -> None:
        """A batch of the topic with the shadow's decisions."""
        for verdict, times in _verdicts(batch):
            _add(self.figures.shadow, str(verdict.get("decision", OTHERS)), times, len(_DECISIONS))

    def refusals(self, reasons: Sequence[bytes]) -> None:
        """Reasons of refused records: a code, a colon, and detail of which nothing is kept."""
        for code, times in Counter(reason.partition(b":")[0] for reason in reasons).items():
            _add(self.figures.refused, code.decode("ascii", "replace"), times, MOST_REASONS)

    def _count_rules(self, verdict: Mapping[str, Any], times: int) -> None:
        for reason in verdict.get("reasons", ()):
            _add(self.figures.hits, str(reason["rule"]), times, MOST_RULES)
        for rule in verdict.get("plugin_errors", ()):
            _add(self.figures.plugin_failures, str(rule), times, MOST_RULES)

    def _measure(self, append_ms: int, value: bytes) -> None:
        written = decision_bytes.time_bytes(value)
        if written and b',"late":false' in value:
            with suppress(ValueError):  # of a record that no job has written
                due_s = datetime.fromisoformat(written.decode("ascii")).timestamp()
                self.figures.delay.add(append_ms / 1_000 - due_s)

    def _watch_clock(self, batch: Sequence[Timed]) -> None:
        """One look a partition and batch: where its first record lies beside the newest before, and its last
        beside our clock."""
        first = {partition: append_ms for partition, append_ms, _ in reversed(batch)}
        last = {partition: append_ms for partition, append_ms, _ in batch}
        now = self._now_ms()
        for partition, append_ms in last.items():
            went_back = self._newest.get(partition, 0) - first[partition] > _STEP_MS
            runs_ahead = append_ms - max(now, self._newest.get(partition, 0)) > _STEP_MS
            self.figures.clock_steps += went_back or runs_ahead
            self._newest[partition] = append_ms


def _verdicts(batch: Sequence[Timed]) -> Iterator[tuple[Mapping[str, Any], int]]:
    """What they say, and how many say it."""
    bare = Counter[bytes]()
    for end, times in Counter(decision_bytes.verdict_bytes(value) for _, _, value in batch).items():
        bare[decision_bytes.without_texts(end)] += times
    for end, times in bare.items():
        yield decision_bytes.verdict(end), times


def _zeros(labels: Sequence[str]) -> Labelled:
    """What is known to come is there from the beginning, so that its first value is seen as an increase."""
    return {(label,): 0 for label in labels}


def _add(counted: Labelled, label: str, times: int, most: int = MOST_RULES) -> None:
    """Beyond `most` labels, which hostile input could make, all is counted as one. Long ones are cut, and
    what is no character, and could be told to nobody, is replaced."""
    shown = label[:LONGEST].encode("utf-8", "replace").decode()
    key = (shown,) if (shown,) in counted or len(counted) < most else (OTHERS,)
    counted[key] = counted.get(key, 0) + times
