"""What Redis holds, for people who ask: the flags, and the addresses and users with the most of them.

Every call connects for itself and raises Unavailable when the server cannot be asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.records.clock import DAY_MS
from pipeline.records.decision_bytes import Reason
from pipeline.sinks import OPEN, Damaged, Way, naming, settings_of
from pipeline.sinks.redis import leaders
from pipeline.sinks.redis.address import parse
from pipeline.sinks.redis.client import client, told_apart
from pipeline.sinks.redis.keys import KINDS, Layout

Tell = Callable[[str], object]
"""told of each entry that cannot be read: its key, and what is wrong with it"""


@dataclass(frozen=True, slots=True)
class Flag:
    """A flagged decision as Redis holds it. `amount` is exact decimal text."""

    user_id: str
    event_id: str
    score: int
    decision: str
    amount: str
    currency: str | None
    ip: str | None
    reasons: tuple[Reason, ...]
    position: int
    decided_at_ms: int


def top(
    url: str, kind: str, n: int, now_ms: int, way: Way = OPEN, damaged: Tell = lambda _: None
) -> list[tuple[str, int]]:
    """The `n` addresses or users (kind "ip" or "user") with the most distinct flagged events
    appended within the last day, with their counts; ties in descending order of name.

    What has no list that can be read is left out, its key told to `damaged`. Raises Unavailable.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    with told_apart(f"risk:top:{kind}"):
        layout = Layout(parse(url).is_cluster)
        with client(url, way.secret, settings_of("redis", way.settings)) as connection:
            rows, foreign = leaders.find(connection, layout, kind, n, now_ms - DAY_MS)
    for key in foreign:
        damaged(f"{key} is no list of events")
    return rows


def flags(url: str, limit: int, way: Way = OPEN, damaged: Tell = lambda _: None) -> list[Flag]:
    """The flags held now, newest append time first. Raises Unavailable.

    What is listed and no flag is left out, and told to `damaged`.
    """
    with told_apart("risk:recent"):
        layout = Layout(parse(url).is_cluster)
        with client(url, way.secret, settings_of("redis", way.settings)) as connection:
            keys = _recent(connection, layout, limit)
            pipe: Any = connection.pipeline(transaction=False)
            for key in keys:
                pipe.hgetall(key)
            answers = pipe.execute(raise_on_error=False)
    found = []
    for key, fields in zip(keys, answers, strict=True):
        try:
            found.append(flag_of(key, fields))
        except Damaged as error:
            damaged(str(error))
    return [flag for flag in found if flag is not None]


def _recent(connection: Any, layout: Layout, limit: int) -> list[str]:
    """The keys of the newest flags of all parts, newest first."""
    pipe = connection.pipeline(transaction=False)
    for prefix in layout.prefixes:
        pipe.zrevrange(f"{prefix}recent", 0, limit - 1, withscores=True)
    listed = [
        (score, name, prefix)
        for prefix, rows in zip(layout.prefixes, pipe.execute(), strict=True)
        for name, score in rows
    ]
    listed.sort(reverse=True)
    return [f"{prefix}flag:{name}" for _, name, prefix in listed[:limit]]


def flag_of(key: str, fields: Mapping[str, str] | Exception) -> Flag | None:
    """Raises Damaged, and Unavailable for an answer that is another refusal."""
    if isinstance(fields, Exception):
        with told_apart(key):
            raise fields
    if not fields:
        return None
    with naming(key):
        reasons: list[Reason] = json.loads(fields["reasons"])
        return Flag(
            fields["user_id"],
            fields["event_id"],
            int(fields["score"]),
            fields["decision"],
            fields["amount"],
            fields.get("currency"),
            fields.get("ip"),
            tuple({**hit, "rule": hit["rule"]} for hit in reasons),
            int(fields["position"]),
            int(fields["decided_at_ms"]),
        )
