"""How the keys are called. The scripts spell those of the lists themselves."""

from __future__ import annotations

from typing import Final

from pipeline.records.decision_record import Identity

FLAG: Final = "risk:flag:"
MARK: Final = "risk:mark:"
RECENT: Final = "risk:recent"
KINDS: Final = ("ip", "user")


def name_of(identity: Identity) -> str:
    """What stands for an event in keys and lists. A user is never empty: then it is a foreign key's rest."""
    user_id, event_id = identity
    return f"{len(user_id)}:{user_id}:{event_id}" if user_id else event_id


def identity_of(name: str) -> Identity:
    """The event a name stands for; no user for the rest of a foreign key."""
    length, _, rest = name.partition(":")
    size = int(length) if length.isascii() and length.isdigit() else 0
    if 0 < size < len(rest) and rest[size] == ":" and length == str(size):
        return rest[:size], rest[size + 1 :]
    return "", name


def keys_of(identity: Identity) -> tuple[str, str]:
    """The flag's key, and the mark's."""
    name = name_of(identity)
    return FLAG + name, MARK + name
