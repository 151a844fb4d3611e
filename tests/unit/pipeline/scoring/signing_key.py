"""Keys of tests, and signed records of a rules topic."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring import activation, keys
from pipeline.scoring.account import Account, Backing, Destination
from pipeline.scoring.activation import Record
from pipeline.scoring.signature import Trust
from tests.unit.pipeline.scoring.activation_cases import FIRST, SECOND

OURS = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
THEIRS = Ed25519PrivateKey.from_private_bytes(b"t" * 32)
HERE = Destination("prod", "risk.rules")
ALICE = Account("alice", "desk-1", "2026-01-01T00:00:00.000Z", "a new scheme")
TRUST = Trust("prod", "risk.rules", (keys.public(OURS),))


def object_after(
    records: list[Record], ruleset: RuleSet | None = None, backing: Backing | None = None
) -> bytes:
    """The object of an activation that follows all that counts among the records."""
    chain = activation.read(records, TRUST)
    live = ruleset or parse(SECOND if chain else FIRST)
    return activation.following(
        chain, "apply", live, None, None, Backing(HERE, ALICE) if backing is None else backing
    )


def signed_after(
    records: list[Record], key: Ed25519PrivateKey = OURS, ruleset: RuleSet | None = None
) -> bytes:
    """The same as a record, signed by that key."""
    return keys.sign(object_after(records, ruleset), key)
