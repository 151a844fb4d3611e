"""Events with what was computed of them become outcomes: scored, with what labels say, counted.

Nothing is kept of an event beyond its moment. A copy has the content of its first, so also its time, and
events come in the order of time: once another time has come, all labels of a moment's events are there.
"""

from __future__ import annotations

from fraudctl.compare.backtest_result import Backtest, Order
from fraudctl.compare.backtest_rows import Payment
from fraudctl.compare.computed import COPY, LATE, REUSED, SATURATED
from fraudctl.compare.detection import Outcome
from fraudctl.compare.tally import Tally
from fraudctl.files.spooled import Spooled
from fraudctl.files.truths import Label
from pipeline.records.decision_record import Identity
from pipeline.scoring.scorer import Row, Scorer, Verdict

_Alike = tuple[str, str, int]
"""What a copy has in common with its first beside the time, and another event with the same id has not."""


class Judge:
    """Takes events in order and fills in the result of a backtest."""

    def __init__(self, order: Order, result: Backtest) -> None:
        self._order, self._result, self._truths = order, result, result.truths
        self._scorer = Scorer(order.ruleset)
        self._tally = Tally((rule.name for rule in order.ruleset.rules), order.ruleset.thresholds.review)
        self._at_ms: int | None = None
        self._judged: list[tuple[Payment, Verdict, list[Label]]] = []
        self._labels: dict[_Alike, list[Label]] = {}
        self._identities: Spooled[Identity] | None = None if order.labels is None else Spooled(_identity)

    def take(self, payment: Payment, marks: int, values: Row) -> None:
        """One more event, and what was computed of it."""
        if payment.at_ms != self._at_ms:
            self._settle()
            self._at_ms = payment.at_ms
        if self._identities is not None:
            self._identities.append(payment.identity)
        if marks:
            self._note(marks)
        if marks & COPY:
            self._labels.setdefault(_alike(payment), []).extend(payment.labels)
        elif self._is_judged(payment):
            self._score(payment, values)

    def finish(self) -> None:
        """All have come."""
        self._settle()
        result, tally = self._result, self._tally
        if self._identities is not None:
            self._truths.look_alike(self._identities)
        result.plugin_errors = dict(self._scorer.plugin_errors)
        result.total, result.fired, result.alone = tally.total(), tally.fired(), tally.alone
        result.known, result.months, result.levels = tally.labels, tally.months, tally.levels()

    def _note(self, marks: int) -> None:
        result = self._result
        result.duplicates += bool(marks & COPY)
        result.reused_ids += bool(marks & REUSED)
        result.saturated += bool(marks & SATURATED)
        result.late += bool(marks & LATE)

    def _is_judged(self, payment: Payment) -> bool:
        """Whether it lies in the time that is judged; it is counted where it does not."""
        as_of_ms, result = self._order.as_of_ms, self._result
        if as_of_ms is not None and payment.at_ms > as_of_ms:
            result.after += 1
        elif not self._order.judges(payment.at_ms):
            result.outside += 1
        else:
            return True
        self._truths.see(payment.identity)
        return False

    def _score(self, payment: Payment, values: Row) -> None:
        own = payment.labels
        self._labels[_alike(payment)] = own
        if payment.currency is not None:
            self._result.currencies[payment.currency] += 1
        self._judged.append((payment, self._scorer.score(values, payment.currency), own))

    def _settle(self) -> None:
        """No more copies come of the events of the moment."""
        for payment, verdict, own in self._judged:
            label = self._truths.of(payment.identity, own)
            self._truths.early += label is not None and (label.time_ms or payment.at_ms) < payment.at_ms
            one = _outcome(payment, verdict, label)
            self._tally.add(one)
            self._result.outcomes.append(one)
        self._judged.clear()
        self._labels.clear()


def _alike(payment: Payment) -> _Alike:
    return payment.user_id, payment.event_id, payment.amount_units


def _identity(one: tuple[str, ...]) -> Identity:
    user, event = one
    return user, event


def _outcome(payment: Payment, verdict: Verdict, label: Label | None) -> Outcome:
    known = (None, None) if label is None else (label.fraud, label.time_ms)
    rules = tuple(hit.rule for hit in verdict.hits)
    return Outcome(payment.at_ms, payment.user_id, payment.amount_units, verdict.score, rules, *known)
