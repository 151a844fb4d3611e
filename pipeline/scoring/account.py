"""What a signed record of the rules topic tells of itself: who wrote it, where, when, why, and for whom.

Knows the members and their bounds. That they are true to who holds the key is for the signature to say
(`pipeline.scoring.signature`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

Said = Mapping[str, Any]
"""What a record of the topic says: anybody may have written it, until `activation_check` finds it sound."""
MAX_NAME: Final = 200
MAX_REASON: Final = 1_000


@dataclass(frozen=True, slots=True)
class Account:
    """Who did something, on which machine, when (UTC, as records have times), and why."""

    author: str
    host: str
    at: str
    reason: str | None = None

    def as_document(self) -> dict[str, str | None]:
        """In JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Destination:
    """The stack and the topic that a record is for: it counts nowhere else."""

    stack: str
    topic: str

    def as_document(self) -> dict[str, str]:
        """In JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Backing:
    """What is written into a record besides what it does: for whom, by whom, and who approved of it.

    `proposal` is the offset of the proposal that was approved. `audit` is the newest line of the author's
    audit log, its number and hash, which the record thereby vouches for.
    """

    destination: Destination
    account: Account
    approvals: Sequence[Account] = ()
    proposal: int | None = None
    audit: tuple[int, str] | None = None

    def as_document(self) -> dict[str, object]:
        """In JSON."""
        return {
            **self.destination.as_document(),
            **self.account.as_document(),
            "approvals": [one.as_document() for one in self.approvals],
            "proposal": self.proposal,
            "audit": None if self.audit is None else {"line": self.audit[0], "hash": self.audit[1]},
        }


def problem(record: Said) -> str | None:
    """What is wrong with these members of a record; None where they are all there."""
    wrong = _wrong("", record)
    if wrong:
        return wrong
    for name in ("stack", "topic"):
        if not _is_name(record.get(name)):
            return f"its {name} is not a text of 1 to {MAX_NAME} characters"
    if (wrong := _wrong_link(record)) is not None:
        return wrong
    approvals = record.get("approvals", [])
    if not isinstance(approvals, list) or not all(isinstance(one, dict) for one in approvals):
        return "its approvals are not a list of objects"
    return next(filter(None, (_wrong("approval's ", one) for one in approvals)), None)


def is_for(record: Said, destination: Destination) -> str | None:
    """Why the record is not for this stack and topic; None where it is."""
    is_ours = (record.get("stack"), record.get("topic")) == (destination.stack, destination.topic)
    return None if is_ours else "it is for another stack or topic"


def of(record: Said) -> Account | None:
    """Who wrote a record; None of one from before records told."""
    return _account(record) if "author" in record else None


def approvals(record: Said) -> tuple[Account, ...]:
    """Who approved of it."""
    return tuple(map(_account, record.get("approvals", ())))


def _account(document: Said) -> Account:
    return Account(document["author"], document["host"], document["at"], document.get("reason"))


def _wrong(whose: str, document: Said) -> str | None:
    for name in ("author", "host", "at"):
        if not _is_name(document.get(name)):
            return f"its {whose}{name} is not a text of 1 to {MAX_NAME} characters"
    reason = document.get("reason")
    if reason is not None and not (isinstance(reason, str) and len(reason) <= MAX_REASON):
        return f"its {whose}reason is not a text of at most {MAX_REASON} characters"
    return None


def _wrong_link(record: Said) -> str | None:
    proposal, audit = record.get("proposal"), record.get("audit")
    if proposal is not None and not _is_number(proposal):
        return "its proposal is not an offset or null"
    is_line = isinstance(audit, dict) and _is_number(audit.get("line")) and _is_name(audit.get("hash"))
    return None if audit is None or is_line else "its audit is not a line's number and hash"


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_NAME
