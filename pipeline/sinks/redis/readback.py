"""What Redis holds of a flagged decision and what it should hold: the hash, the moment it ends, and its
places in the lists it is found by.

Members of those lists without a flag are not looked for: they cannot be told from flags that have
just ended, and whatever reads the lists passes over them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline.records.decision_record import Identity
from pipeline.sinks import Entry
from pipeline.sinks.redis import scripts
from pipeline.sinks.redis.client import is_of_another_type, run, script
from pipeline.sinks.redis.keys import Layout, identity_of, name_of

if TYPE_CHECKING:
    from pipeline.sinks.redis.client import Client

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


def entries(client: Client, layout: Layout) -> Iterator[Entry]:
    """All flags; those that end while this runs may be among them or not."""
    keys = iter(client.scan_iter(match=layout.flags, count=_CHUNK))
    while chunk := list(islice(keys, _CHUNK)):
        yield from _read(client, layout, chunk)


def look_up(client: Client, layout: Layout, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
    """The flags of these events as they are now."""
    keys = [layout.keys_of(identity)[0] for identity in identities]
    chunks = (keys[i : i + _CHUNK] for i in range(0, len(keys), _CHUNK))
    return {entry.identity: entry for chunk in chunks for entry in _read(client, layout, chunk)}


def forget(client: Client, layout: Layout, doomed: Iterable[tuple[Identity, int]]) -> None:
    """Drop those flags, and the marks, that are not newer than said."""
    forgetting = script(client, scripts.FORGET)
    pipe = client.pipeline(transaction=False)
    for identity, upto in doomed:
        keys = layout.keys_of(identity)
        prefix, name = layout.part_of(keys[0])
        run(pipe, forgetting, keys, [f"{max(upto, 0):020d}", name, prefix])
    pipe.execute()


def of_user(client: Client, layout: Layout, user_id: str) -> Iterator[Identity]:
    """The events of a user that have a flag or a mark, or stand in his list without one."""
    own = (user_id, "")
    prefix, name = layout.prefix_of(own), name_of(own)
    for kind in ("flag", "mark"):
        start = f"{prefix}{kind}:"
        for key in client.scan_iter(match=f"{_literal(start + name)}*", count=_CHUNK):
            yield identity_of(str(key)[len(start) :])
    listed: Any = client.zrange(_raw(f"{prefix}hot:user:{user_id}"), 0, -1)
    yield from (identity_of(str(one)) for one in listed)


def unlist(client: Client, layout: Layout, user_id: str) -> None:
    """Take the user, and his events, out of the lists, where a flag that has ended may have left them."""
    prefix, name = layout.prefix_of((user_id, "")), name_of((user_id, ""))
    pipe: Any = client.pipeline(transaction=False)
    for kind in ("top", "last"):
        pipe.zrem(_raw(f"{prefix}{kind}:user"), user_id)
    pipe.delete(_raw(f"{prefix}hot:user:{user_id}"))
    pipe.execute(raise_on_error=False)
    keys = [f"{prefix}recent", *client.scan_iter(match=f"{_literal(prefix)}hot:ip:*", count=_CHUNK)]
    for key in keys:
        listed = [
            one for one, _ in client.zscan_iter(_raw(str(key)), match=f"{_literal(name)}*", count=_CHUNK)
        ]
        if listed:
            client.zrem(_raw(str(key)), *listed)


def _literal(text: str) -> str:
    """A pattern that matches just this text."""
    return re.sub(r"([\\*?\[\]^-])", r"\\\1", text)


def _read(client: Client, layout: Layout, keys: Sequence[str]) -> Iterator[Entry]:
    parts = [layout.part_of(key) for key in keys]
    pipe: Any = client.pipeline(transaction=False)
    for key, (prefix, name) in zip(keys, parts, strict=True):
        pipe.hgetall(_raw(key))
        pipe.pexpiretime(_raw(key))
        pipe.zscore(f"{prefix}recent", name)
    answers = pipe.execute(raise_on_error=False)
    held = list(zip(keys, answers[::3], answers[1::3], answers[2::3], strict=True))
    pipe = client.pipeline(transaction=False)
    for (_, fields, _, _), (prefix, name) in zip(held, parts, strict=True):
        known: Mapping[str, str] = fields if isinstance(fields, dict) else {}
        for kind, field in (("ip", "ip"), ("user", "user_id")):
            pipe.zscore(_raw(f"{prefix}hot:{kind}:{known.get(field, '')}"), name)
    hot = pipe.execute(raise_on_error=False)
    for (key, fields, ends, recent), ip, user in zip(held, hot[::2], hot[1::2], strict=True):
        if isinstance(fields, Exception):
            _raise_unless_foreign(fields)
            yield Entry(*layout.identity_of(key), -1, (None,) * len(FIELDS))
        elif fields:
            yield _entry(layout.identity_of(key), fields, ends, (recent, ip, user))


def _entry(identity: Identity, fields: dict[str, str], ends: int, places: Sequence[object]) -> Entry:
    stored = [fields.pop(name, None) for name in STORED]
    position = fields.pop("position", "")
    foreign = json.dumps(fields, sort_keys=True, ensure_ascii=False) if fields else None
    texts = (*map(_shown, stored), foreign, str(ends), *map(_place, places))
    return Entry(*identity, int(position) if position.isdecimal() else -1, texts)


def _shown(text: str | None) -> str | None:
    """Bytes that are no text as they can be printed."""
    return text if text is None else text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _place(score: object) -> str | None:
    """A member's append time in a list; None when it is not in it, or the list is something else."""
    return str(int(score)) if isinstance(score, float) else None


def _raw(key: str) -> bytes:
    """A cluster's client reckons the slot of a text only where that is one."""
    return key.encode(errors="surrogateescape")


def _raise_unless_foreign(error: Exception) -> None:
    if not is_of_another_type(error):
        raise error
