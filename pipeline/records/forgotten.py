"""Who is forgotten, and up to where: what every reader of the topics leaves out.

An erasure is a record on a compacted topic of one partition. Its key is a keyed hash of the user's id, so
that nobody who reads the topic reads a name; its value says per topic up to which offset that user's records
are no more. What comes later is not covered: who pays again is scored, and stored, again. The key of the
hashes is a record of the topic as well: it can be lost only together with what it opens, and needs no file
anywhere. Who guesses an id can tell whether it is there; who may read the topic may read the log too.

Knows nothing of Kafka's clients or of any store.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pipeline.records.decision_bytes import Undecodable, glance
from pipeline.records.decision_record import Delivery

Offsets = Mapping[int, int]
"""By partition; a record there counts from before that offset."""
Until = Mapping[str, Offsets]
"""By topic."""

SALT: Final = "salt"
USER: Final = "user"
_REMEMBERED: Final = 100_000
"""Keys whose answer is kept: a hash costs a microsecond, a look into a dictionary a tenth of that."""


class Malformed(ValueError):
    """A record on the topic is of no form that we write."""


@dataclass
class Forgotten:
    """The erasures known so far. Grows by `take`, in the order of the topic."""

    topic: str = ""
    """where they come from; for messages"""
    salts: list[bytes] = field(default_factory=list)
    users: dict[str, Until] = field(default_factory=dict)
    """by the hash of the user"""
    _known: dict[str, Until | None] = field(default_factory=dict, repr=False, compare=False)

    def __bool__(self) -> bool:
        """Whether anybody is forgotten."""
        return bool(self.users)

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """A record of the topic. Raises Malformed: who cannot read an erasure must not pass it over."""
        kind, _, name = (key or b"").decode("ascii", "replace").partition(":")
        self._known.clear()
        if kind == SALT:
            self._take_salt(name)
        elif kind == USER and value is not None:
            self.users[name] = _until(value)
        elif kind != USER:
            raise Malformed(f"a record of {self.topic or 'the topic of erasures'} is no erasure: {key!r}")

    def until(self, user_id: str) -> Until | None:
        """Up to where that user is forgotten; None for one who is not."""
        if not self.users:
            return None
        if user_id not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            named = (self.users.get(hash_of(salt, user_id)) for salt in self.salts)
            self._known[user_id] = _united([one for one in named if one is not None])
        return self._known[user_id]

    def covers(self, user_id: str, topic: str, partition: int, offset: int) -> bool:
        """Whether a record of that user, in that place, is of one who was forgotten since."""
        until = self.until(user_id)
        return until is not None and offset < until.get(topic, {}).get(partition, 0)

    def covers_decision(self, one: Delivery, topic: str) -> bool:
        """Whether a decision that lies in that topic is: by its own place, or by that of its transaction, for
        an old one may be decided again."""
        if not self.users:
            return False
        try:
            user_id = glance(one.value).identity[0]  # a key may be another field
        except ValueError:  # no decision, which no store takes either
            return False
        if self.until(user_id) is None:
            return False
        if self.covers(user_id, topic, one.partition, one.offset):
            return True
        place = source_of(one.value)
        return place is not None and self.covers(user_id, *place)

    def remembered(self, batch: Iterable[Delivery], topic: str) -> list[Delivery]:
        """The decisions that are of nobody forgotten."""
        if not self.users:
            return list(batch)
        return [one for one in batch if not self.covers_decision(one, topic)]

    def as_document(self, topic: str) -> dict[str, object]:
        """What a job that reads that topic is told: JSON, empty where nobody is forgotten there."""
        named = {name: until[topic] for name, until in self.users.items() if until.get(topic)}
        users = {name: {str(p): offset for p, offset in at.items()} for name, at in named.items()}
        return {"salts": [salt.hex() for salt in self.salts], "users": users} if users else {}

    def _take_salt(self, name: str) -> None:
        try:
            salt = bytes.fromhex(name)
        except ValueError:
            raise Malformed(f"a key of {self.topic or 'the topic of erasures'} is none: {name!r}") from None
        if salt not in self.salts:
            self.salts.append(salt)


def hash_of(salt: bytes, user_id: str) -> str:
    """HMAC-SHA256 of the id's UTF-8 under the key, in hex; the kernel's `Forgotten.java` has the same."""
    return hmac.digest(salt, user_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def salt_record(salt: bytes) -> tuple[bytes, bytes]:
    """Key and value of the record that says a key. Its key names it, so compaction keeps each."""
    return f"{SALT}:{salt.hex()}".encode(), b"{}"


def user_record(name: str, until: Until, at: str) -> tuple[bytes, bytes]:
    """Key and value of an erasure, of the user with that hash."""
    topics = {topic: {str(p): n for p, n in offsets.items()} for topic, offsets in until.items()}
    return f"{USER}:{name}".encode(), json.dumps({"at": at, "until": topics}).encode()


def source_of(value: bytes) -> tuple[str, int, int] | None:
    """Topic, partition and offset of the transaction of a decision; None where it does not say."""
    start = value.find(_SOURCE)
    if start < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(value[start + len(_SOURCE) :].decode("utf-8", "replace"))
        return str(found["topic"]), int(found["partition"]), int(found["offset"])
    except (ValueError, KeyError, TypeError):
        return None


def user_of(value: bytes | None) -> str | None:
    """Who a record is about, as its JSON says; None where it is no JSON, or says nobody."""
    try:
        return glance(value or b"").identity[0]
    except Undecodable:
        pass
    try:
        user = json.loads(value or b"null")["user_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return user if isinstance(user, str) else None


_SOURCE: Final = b',"source":'


def _until(value: bytes) -> Until:
    try:
        topics = json.loads(value)["until"]
        return {str(t): {int(p): int(n) for p, n in offsets.items()} for t, offsets in topics.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"an erasure is of another form: {error}") from error


def _united(found: list[Until]) -> Until | None:
    """The furthest of each partition, for a user who was forgotten under several keys."""
    if len(found) < 2:
        return found[0] if found else None
    united: dict[str, dict[int, int]] = {}
    for until in found:
        for topic, offsets in until.items():
            at = united.setdefault(topic, {})
            at.update({p: max(n, at.get(p, 0)) for p, n in offsets.items()})
    return united
