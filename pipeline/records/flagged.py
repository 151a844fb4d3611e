"""A flagged decision as people are shown it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.records.decision_bytes import Reason
from pipeline.records.masking import Masks


@dataclass(frozen=True, slots=True)
class Flagged:
    """Times are ISO 8601 in UTC, `amount` is exact decimal text, `reasons` have rule, points and text."""

    decided_at: str
    event_time: str
    user_id: str
    event_id: str
    amount: str
    currency: str | None
    ip: str | None
    score: int
    decision: str
    reasons: tuple[Reason, ...]

    def document(self) -> dict[str, object]:
        """As a JSON-able mapping."""
        document = {name: getattr(self, name) for name in self.__slots__}
        return document | {"reasons": [dict(reason) for reason in self.reasons]}

    def masked(self, masks: Masks) -> Flagged:
        """As it is shown where some fields are not."""
        if not masks:
            return self
        shown = masks.document(self.document())
        return Flagged(**{**shown, "reasons": tuple(shown["reasons"])})

    @property
    def money(self) -> str:
        """The amount with its currency, where that is known."""
        return f"{self.amount} {self.currency}" if self.currency else self.amount

    @property
    def why(self) -> str:
        """The sentences of all reasons."""
        return "; ".join(str(reason["text"]) for reason in self.reasons)
