"""Four eyes: what one person proposed counts when others have approved of it, as many as the stack asks for.

The executable specification; the kernel's `Ballot.java` says the same. A person is a key that the stack
trusts. An activation names the proposal that it is of, and says the same as that; approvals are records of
their own, each signed and with the digest of what it approves of, so nobody can write down the consent of
another, or use it for something else. The first activation of a topic is
asked for none: there is nothing yet that could be protected.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from pipeline.rules.ruleset import RuleSet
from pipeline.scoring import account, signature
from pipeline.scoring.account import Account, Backing, Said
from pipeline.scoring.activation_check import APPROVAL, FORMAT, PROPOSAL
from pipeline.scoring.signature import Trust

_SAME: Final = (
    *("action", "version", "hash", "previous", "effective_from_ms", "ruleset", "shadow"),
    *("author", "host", "at", "reason"),
)
"""what an activation must say as its proposal does"""


@dataclass(frozen=True, slots=True)
class Consent:
    """Who approved, by which key, and of a proposal with which digest."""

    key: str
    account: Account
    digest: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal: where it lies, what it says, its author's key and the digest of its bytes."""

    offset: int
    record: Said
    key: str
    digest: str


class Ballot:
    """What was proposed on a topic and who approved of it, as far as the topic has been read."""

    def __init__(self, trust: Trust | None) -> None:
        self._trust = trust
        self._proposed: dict[int, Proposed] = {}
        self._approved: dict[int, list[Consent]] = {}

    def take(self, offset: int, record: Said, value: bytes) -> None:
        """A sound record that is no activation; of those that are not asked for a signature none counts."""
        found = signature.apart(value)
        if self._trust is None or found.key is None or not self._trust.asks(offset):
            return
        if record["kind"] == PROPOSAL:
            self._proposed[offset] = Proposed(offset, record, found.key, sha256(found.payload).hexdigest())
        elif record["kind"] == APPROVAL:
            by = account.of(record)
            assert by is not None  # every record of this kind has one
            self._approved.setdefault(record["proposal"], []).append(Consent(found.key, by, record["digest"]))

    @property
    def proposals(self) -> tuple[Proposed, ...]:
        """In the order of the topic."""
        return tuple(self._proposed.values())

    def consents(self, proposed: Proposed) -> list[Consent]:
        """Who has approved of it, each once, its author aside."""
        found: dict[str, Consent] = {}
        for one in self._approved.get(proposed.offset, []):
            if one.key != proposed.key and one.digest == proposed.digest:
                found.setdefault(one.key, one)
        return list(found.values())

    def problem(self, offset: int, record: Said) -> str | None:
        """Why the activation at that offset lacks approval; None where it has it, or is asked for none."""
        if self._trust is None or not self._trust.asks(offset) or record["previous"] is None:
            return None
        wanted = self._trust.approvals
        return self._lacking(record, wanted) if wanted else None

    def _lacking(self, record: Said, wanted: int) -> str | None:
        number = record.get("proposal")
        found = None if number is None else self._proposed.get(number)
        if number is None or found is None:
            return "it wants approval, and nobody proposed it"
        if any(_text(record, name) != _text(found.record, name) for name in _SAME):
            return f"it is not what was proposed at offset {number}"
        given = len(self.consents(found))
        if given < wanted:
            return f"it wants {wanted} approval(s) of others than its author and has {given}"
        return None


def proposal(
    previous: int | None,
    action: str,
    live: RuleSet,
    shadow: RuleSet | None,
    effective_from_ms: int | None,
    backing: Backing,
) -> bytes:
    """The object that proposes a rule set to follow the activation at `previous`, to be signed."""
    record = {
        "kind": PROPOSAL,
        "format": FORMAT,
        **backing.as_document(),
        "action": action,
        "version": live.version,
        "hash": live.hash,
        "effective_from_ms": effective_from_ms,
        "previous": previous,
        "ruleset": live.content,
        "shadow": shadow.content if shadow else None,
    }
    return json.dumps(record, ensure_ascii=False).encode()


def approval(proposed: Proposed, backing: Backing) -> bytes:
    """The object that approves of a proposal, to be signed."""
    what = {"proposal": proposed.offset, "digest": proposed.digest}
    record = {"kind": APPROVAL, "format": FORMAT, **backing.as_document(), **what}
    return json.dumps(record, ensure_ascii=False).encode()


def _text(record: Said, name: str) -> str:
    """A member as one text, in which 1 and 1.0 are two."""
    return json.dumps(record.get(name), sort_keys=True)
