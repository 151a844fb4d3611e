"""Writes flagged decisions to Redis with their time to live, and the hot lists of addresses and users.
Effectively once: a repeat finds its position already there and changes nothing; a greater one wins.

Keys, where <identity> is `<length of user_id>:<user_id>:<event_id>`:

- `risk:flag:<identity>`  hash: a flagged decision; gone `flag_ttl` after its append time
- `risk:mark:<identity>`  string: the position that withdrew a flag; lives as long as a flag would
- `risk:hot:<kind>:<v>`   sorted set: identities flagged for one ip or user, by append time
- `risk:top:<kind>`       sorted set: ip or user by number of flags; trimmed when read
- `risk:last:<kind>`      sorted set: ip or user by newest append time; lets old ones be swept
- `risk:recent`           sorted set: identities by append time

An approved decision without an earlier flag leaves nothing, so an *older run's first* decision
for that event could still raise a flag afterwards. Therefore approved decisions leave a mark for
`mark_ttl` while an older run was seen on the partition within that time (or may have been, just
after a start). Beyond that bound a late, older flag lives out its time to live.

In a cluster all keys of one decision lie in one slot, under other names: see `pipeline.sinks.redis.keys`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from pipeline.connections.secrets import Secret
from pipeline.records.clock import DAY_MS, MINUTE_MS
from pipeline.records.decision_bytes import Glance, Parts, Undecodable, glance, take_apart
from pipeline.records.decision_record import Delivery, Identity
from pipeline.settings.kinds import Duration
from pipeline.settings.reading import settings
from pipeline.sinks import Damaged, Entry, Held, Outcome, Refused, Site, Unavailable
from pipeline.sinks.erasing import erase_events
from pipeline.sinks.folding import fold
from pipeline.sinks.redis import readback, scripts
from pipeline.sinks.redis.address import parse
from pipeline.sinks.redis.client import Connection, is_of_another_type, run, script, server_ms, told_apart
from pipeline.sinks.redis.client import client as open_client
from pipeline.sinks.redis.keys import Layout, name_of
from pipeline.sinks.redis.reader import flag_of

if TYPE_CHECKING:
    from pipeline.sinks.redis.client import Client

LONGEST_MS = 3_650 * DAY_MS

_CHUNK = 500  # identities in one EXISTS


def address(site: Site) -> str:
    """The server's own address if it is a URL, else its first database."""
    return site.server if "://" in site.server else f"redis://{site.server}/0"


@settings({"flag_ttl_ms": "flag_ttl", "mark_ttl_ms": "mark_ttl"})
class Settings(Connection):
    """What the Redis sink can be told."""

    flag_ttl_ms: Annotated[int, Duration(1, LONGEST_MS)] = DAY_MS
    """how long a flag lives, from the append time of its decision"""
    mark_ttl_ms: Annotated[int, Duration(1, LONGEST_MS)] = 10 * MINUTE_MS
    """how long after an older run was seen a late decision of it is still beaten"""


def connect(address: str, secret: Secret, settings: Settings) -> RedisSink:
    """A sink for the server or cluster at `address`. Raises ValueError for no such URL."""
    return RedisSink(address, secret, settings)


class RedisSink:
    """See the module. `now_ms` is the server's clock, which also decides when a flag expires."""

    flagged_only = True
    fields = readback.FIELDS

    def __init__(self, url: str, secret: Secret, settings: Settings) -> None:
        self._url = url
        self._secret = secret
        self._settings = settings
        self._layout = Layout(parse(url).is_cluster)
        self._ttl_ms = settings.flag_ttl_ms
        self._mark_ttl_ms = settings.mark_ttl_ms
        self._client: Client | None = None
        self._runs = _RunsSeen(settings.mark_ttl_ms)

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        newest, others = fold(batch, lambda delivery: glance(delivery.value))
        for delivery in batch:
            self._runs.see(delivery)
        with self._translated():
            return others + self._put(newest)

    def held(self, user_id: str, event_id: str) -> Held | None:
        key = self._layout.keys_of((user_id, event_id))[0]
        with self._translated(key):
            fields: Any = self._connection().hgetall(key)
        flag = flag_of(key, fields)
        if flag is None:
            return None
        rules = tuple(str(hit["rule"]) for hit in flag.reasons)
        return Held(flag.position, flag.score, flag.decision, rules)

    def expected(self, delivery: Delivery, parts: Parts) -> Entry | None:
        if parts.verdict["decision"] == "approve":
            return None
        expires_ms = delivery.append_ms + self._ttl_ms
        fields = _fields(delivery, parts)
        return readback.should_hold(delivery.position, fields, parts.identity, expires_ms)

    def entries(self) -> Iterator[Entry]:
        with self._translated():
            yield from readback.entries(self._connection(), self._layout)

    def look_up(self, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
        with self._translated():
            return readback.look_up(self._connection(), self._layout, identities)

    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None:
        with self._translated():
            readback.forget(self._connection(), self._layout, doomed)

    def of_user(self, user_id: str) -> Iterator[Identity]:
        with self._translated():
            yield from readback.of_user(self._connection(), self._layout, user_id)

    def erase(self, user_id: str) -> int:
        erased = erase_events(self, user_id)
        with self._translated():
            readback.unlist(self._connection(), self._layout, user_id)
        return erased

    @contextmanager
    def _translated(self, key: str = "a key of the sink") -> Iterator[None]:
        try:
            with told_apart(key):
                yield
        except Damaged:
            raise
        except Unavailable:
            self.close()
            raise

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _put(self, newest: list[tuple[Delivery, Glance]]) -> Outcome:
        """Flagged ones, marks, and approved ones that have something to withdraw."""
        approved = [(d, g) for d, g in newest if not g.flagged]
        marked = [(d, g) for d, g in approved if self._runs.may_be_beaten(d)]
        if marked:
            approved = [(d, g) for d, g in approved if not self._runs.may_be_beaten(d)]
        urgent = [(d, g) for d, g in newest if g.flagged] + marked
        withdrawn = self._known(approved)
        outcome = self._run_scripts([*urgent, *withdrawn])
        return outcome + Outcome(written=len(approved) - len(withdrawn))

    def _known(self, approved: list[tuple[Delivery, Glance]]) -> list[tuple[Delivery, Glance]]:
        """Those the store may hold a flag or a mark for."""
        chunks = list(self._together(approved))
        pipe = self._connection().pipeline(transaction=False)
        for chunk in chunks:
            pipe.exists(*[key for _, seen in chunk for key in self._layout.keys_of(seen.identity)])
        found = pipe.execute() if chunks else []
        return [pair for chunk, count in zip(chunks, found, strict=True) if count for pair in chunk]

    def _together(self, pairs: list[tuple[Delivery, Glance]]) -> Iterator[list[tuple[Delivery, Glance]]]:
        """Those whose keys may stand in one command, some at a time."""
        parts: dict[str, list[tuple[Delivery, Glance]]] = {}
        for pair in pairs:
            parts.setdefault(self._layout.prefix_of(pair[1].identity), []).append(pair)
        for part in parts.values():
            yield from (part[i : i + _CHUNK] for i in range(0, len(part), _CHUNK))

    def _run_scripts(self, pairs: list[tuple[Delivery, Glance]]) -> Outcome:
        if not pairs:
            return Outcome()
        client = self._connection()
        put = script(client, scripts.PUT)
        now_ms = server_ms(client)
        pipe = client.pipeline(transaction=False)
        refused: list[Refused] = []
        sent: list[Delivery] = []
        for delivery, seen in pairs:
            try:
                arguments = self._arguments(delivery, seen, now_ms)
            except Undecodable as error:
                refused.append(Refused(delivery, f"undecodable: {error}"))
                continue
            run(pipe, put, self._layout.keys_of(seen.identity), arguments)
            sent.append(delivery)
        won = 0
        for delivery, answer in zip(sent, pipe.execute(raise_on_error=False), strict=True):
            if isinstance(answer, Exception):
                if not is_of_another_type(answer):
                    raise answer
                refused.append(Refused(delivery, str(answer)))
            else:
                won += int(answer)
        return Outcome(won, len(pairs) - won - len(refused), refused)

    def _arguments(self, delivery: Delivery, seen: Glance, now_ms: int) -> list[str]:
        expires_ms = delivery.append_ms + self._ttl_ms
        start = [
            f"{delivery.position:020d}",
            str(delivery.append_ms),
            str(expires_ms),
            str(now_ms),
            name_of(seen.identity),
            str(self._ttl_ms),
            str(delivery.append_ms + self._mark_ttl_ms),
            self._layout.prefix_of(seen.identity),
        ]
        if not seen.flagged:
            return start
        fields = _fields(delivery, take_apart(delivery.value))
        return start + [cell for pair in fields.items() for cell in pair]

    def _connection(self) -> Client:
        if self._client is None:
            self._client = open_client(self._url, self._secret, self._settings)
        return self._client


class _RunsSeen:
    """Which runs each partition carried lately, to know when an approval needs a mark."""

    def __init__(self, within_ms: int) -> None:
        self._within_ms = within_ms
        self._started: dict[int, int] = {}
        self._latest: dict[int, dict[int, int]] = {}

    def see(self, delivery: Delivery) -> None:
        self._started.setdefault(delivery.partition, delivery.append_ms)
        self._latest.setdefault(delivery.partition, {})[delivery.run] = delivery.append_ms

    def may_be_beaten(self, delivery: Delivery) -> bool:
        """Whether a decision of an older run may still follow."""
        if delivery.run <= 1:
            return False
        since = delivery.append_ms - self._within_ms
        older = (at for run, at in self._latest[delivery.partition].items() if run < delivery.run)
        return self._started[delivery.partition] >= since or any(at >= since for at in older)


def _fields(delivery: Delivery, parts: Parts) -> dict[str, str]:
    """Raises Undecodable."""
    transaction, verdict = parts.transaction, parts.verdict
    fields: dict[str, object] = {
        "user_id": transaction["user_id"],
        "event_id": parts.identity[1],
        "score": str(verdict["score"]),
        "decision": verdict["decision"],
        "amount": str(transaction["amount"]),
        "reasons": json.dumps(verdict["reasons"], ensure_ascii=False),
        "decided_at_ms": str(delivery.append_ms),
    }
    for name in ("ip", "currency"):
        if name in transaction:
            fields[name] = transaction[name]
    texts = {name: cell for name, cell in fields.items() if isinstance(cell, str)}
    if len(texts) < len(fields):
        raise Undecodable("of another shape")
    return texts
