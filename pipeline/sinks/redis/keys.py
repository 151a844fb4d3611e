"""How the keys are called: in a server of its own, and in a cluster, where one decision's must share a slot.

A cluster places a key by what stands in braces in it. So there the keys lie in `BUCKETS` parts, each with all
keys of its users and with lists of its own: `risk:{17}:flag:3:ada:evt-1` beside `risk:{17}:recent`. One
decision is then one script on one node, as it is elsewhere, and whoever asks for a list asks every part.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Final

from pipeline.records.decision_record import Identity

KINDS: Final = ("ip", "user")
BUCKETS: Final = 64
"""Part of the form of what is stored: with another number nothing would be found again."""

_PREFIX: Final = "risk:"
_BUCKET: Final = re.compile(r"risk:\{[0-9]+\}:")


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of keys in one server, or in a cluster."""

    is_cluster: bool = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the keys of each part begin with."""
        if not self.is_cluster:
            return (_PREFIX,)
        return tuple(_bucket_prefix(number) for number in range(BUCKETS))

    @property
    def flags(self) -> str:
        """The pattern that the keys of flags match."""
        return f"{_PREFIX}{{*}}:flag:*" if self.is_cluster else f"{_PREFIX}flag:*"

    def prefix_of(self, identity: Identity) -> str:
        """Where an event's keys are: by its user, so that a user's events are together."""
        if not self.is_cluster:
            return _PREFIX
        user = identity[0].encode(errors="surrogateescape")
        return _bucket_prefix(zlib.crc32(user) % BUCKETS)

    def keys_of(self, identity: Identity) -> tuple[str, str]:
        """The flag's key, and the mark's."""
        user_id, rest = identity
        if not user_id and self.is_cluster:  # the whole key of something foreign
            return rest, rest.replace(":flag:", ":mark:", 1)
        prefix, name = self.prefix_of(identity), name_of(identity)
        return f"{prefix}flag:{name}", f"{prefix}mark:{name}"

    def part_of(self, key: str) -> tuple[str, str]:
        """The prefix of a flag's key, and the event's name in it."""
        found = _BUCKET.match(key) if self.is_cluster else None
        prefix = found[0] if found else _PREFIX
        return prefix, key[len(prefix) + len("flag:") :]

    def identity_of(self, key: str) -> Identity:
        """The event a flag's key is for; no user where no sink writes such a key there."""
        prefix, name = self.part_of(key)
        identity = identity_of(name)
        if self.is_cluster and (not identity[0] or self.prefix_of(identity) != prefix):
            return "", key
        return identity


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


def _bucket_prefix(number: int) -> str:
    return f"{_PREFIX}{{{number}}}:"
