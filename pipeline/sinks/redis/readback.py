"""What Redis holds of a flagged decision and what it should hold: the hash, the moment it ends, and its
places in the lists it is found by.

Members of those lists without a flag are not looked for: they cannot be told from flags that have
just ended, and whatever reads the lists passes over them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from pipeline.records.decision_record import Identity
from pipeline.sinks import Entry
from pipeline.sinks.redis import scripts
from pipeline.sinks.redis.client import is_of_another_type
from pipeline.sinks.redis.keys import FLAG, RECENT, identity_of, keys_of, name_of

if TYPE_CHECKING:
    import redis

STORED = ("user_id", "event_id", "score", "decision", "amount", "currency", "ip", "reasons", "decided_at_ms")
FIELDS = (*STORED, "foreign", "expires_ms", "recent", "hot_ip", "hot_user")
"""`foreign` is what else the hash holds; `recent` and `hot_…` are the append times in those lists."""

_CHUNK = 500


def should_hold(position: int, fields: Mapping[str, str], identity: Identity, expires_ms: int) -> Entry:
    """The entry for the hash `fields` that a flag is written with."""
    since = fields["decided_at_ms"]
    texts = (
        *[fields.get(name) for name in STORED],
        None,
        str(expires_ms),
        since,
        since if fields.get("ip") else None,
        since,
    )
    return Entry(*identity, position, texts, expires_ms)


def entries(client: redis.Redis) -> Iterator[Entry]:
    """All flags; those that end while this runs may be among them or not."""
    keys = iter(client.scan_iter(match=f"{FLAG}*", count=_CHUNK))
    while chunk := list(islice(keys, _CHUNK)):
        yield from _read(client, chunk)


def look_up(client: redis.Redis, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
    """The flags of these events as they are now."""
    keys = [FLAG + name_of(identity) for identity in identities]
    chunks = (keys[i : i + _CHUNK] for i in range(0, len(keys), _CHUNK))
    return {entry.identity: entry for chunk in chunks for entry in _read(client, chunk)}


def forget(client: redis.Redis, doomed: Iterable[tuple[Identity, int]]) -> None:
    """Drop those flags, and the marks, that are not newer than said."""
    script = client.register_script(scripts.FORGET)
    pipe = client.pipeline(transaction=False)
    for identity, upto in doomed:
        script(keys_of(identity), [f"{max(upto, 0):020d}", name_of(identity)], client=pipe)
    pipe.execute()


def _read(client: redis.Redis, keys: Sequence[str]) -> Iterator[Entry]:
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.hgetall(key)
        pipe.pexpiretime(key)
        pipe.zscore(RECENT, key[len(FLAG) :])
    answers = pipe.execute(raise_on_error=False)
    held = list(zip(keys, answers[::3], answers[1::3], answers[2::3], strict=True))
    pipe = client.pipeline(transaction=False)
    for key, fields, _, _ in held:
        known: Mapping[str, str] = fields if isinstance(fields, dict) else {}
        for kind, name in (("ip", "ip"), ("user", "user_id")):
            pipe.zscore(f"risk:hot:{kind}:{known.get(name, '')}", key[len(FLAG) :])
    hot = pipe.execute(raise_on_error=False)
    for (key, fields, ends, recent), ip, user in zip(held, hot[::2], hot[1::2], strict=True):
        if isinstance(fields, Exception):
            _raise_unless_foreign(fields)
            yield Entry(*identity_of(key[len(FLAG) :]), -1, (None,) * len(FIELDS))
        elif fields:
            yield _entry(key, fields, ends, (recent, ip, user))


def _entry(key: str, fields: dict[str, str], ends: int, places: Sequence[object]) -> Entry:
    stored = [fields.pop(name, None) for name in STORED]
    position = fields.pop("position", "")
    foreign = json.dumps(fields, sort_keys=True, ensure_ascii=False) if fields else None
    texts = (*map(_shown, stored), foreign, str(ends), *map(_place, places))
    return Entry(*identity_of(key[len(FLAG) :]), int(position) if position.isdecimal() else -1, texts)


def _shown(text: str | None) -> str | None:
    """Bytes that are no text as they can be printed."""
    return text if text is None else text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _place(score: object) -> str | None:
    """A member's append time in a list; None when it is not in it, or the list is something else."""
    return str(int(score)) if isinstance(score, float) else None


def _raise_unless_foreign(error: Exception) -> None:
    if not is_of_another_type(error):
        raise error
