"""What Redis holds, for people who ask: the flags, and the addresses and users with the most of them.

Every call connects for itself and raises Unavailable when the server cannot be asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pipeline.records.clock import DAY_MS
from pipeline.sinks import Damaged, naming
from pipeline.sinks.redis import scripts
from pipeline.sinks.redis.client import client, told_apart
from pipeline.sinks.redis.keys import FLAG, KINDS, RECENT

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
    reasons: tuple[Mapping[str, Any], ...]
    position: int
    decided_at_ms: int


def top(
    url: str,
    kind: str,
    n: int,
    now_ms: int,
    password: str | None = None,
    ttl_ms: int = DAY_MS,
    damaged: Tell = lambda _: None,
) -> list[tuple[str, int]]:
    """The `n` addresses or users (kind "ip" or "user") with the most distinct flagged events
    appended after now - ttl, with their counts; ties in descending order of name.

    What has no list that can be read is left out, its key told to `damaged`. Raises Unavailable.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    with told_apart(f"risk:top:{kind}"), client(url, password) as connection:
        script = connection.register_script(scripts.TOP)
        rows, foreign = cast(list[list[str]], script(args=[kind, str(n), str(now_ms - ttl_ms)]))
    for key in foreign:
        damaged(f"{key} is no list of events")
    return [(rows[i], int(rows[i + 1])) for i in range(0, len(rows), 2)]


def flags(url: str, limit: int, password: str | None = None, damaged: Tell = lambda _: None) -> list[Flag]:
    """The flags held now, newest append time first. Raises Unavailable.

    What is listed and no flag is left out, and told to `damaged`.
    """
    with told_apart(RECENT), client(url, password) as connection:
        names: Any = connection.zrevrange(RECENT, 0, limit - 1)
        pipe = connection.pipeline(transaction=False)
        for name in names:
            pipe.hgetall(FLAG + name)
        answers = pipe.execute(raise_on_error=False)
    found = []
    for name, fields in zip(names, answers, strict=True):
        try:
            found.append(flag_of(FLAG + name, fields))
        except Damaged as error:
            damaged(str(error))
    return [flag for flag in found if flag is not None]


def flag_of(key: str, fields: Mapping[str, str] | Exception) -> Flag | None:
    """Raises Damaged, and Unavailable for an answer that is another refusal."""
    if isinstance(fields, Exception):
        with told_apart(key):
            raise fields
    if not fields:
        return None
    with naming(key):
        reasons = tuple({**hit, "rule": hit["rule"]} for hit in json.loads(fields["reasons"]))
        return Flag(
            fields["user_id"],
            fields["event_id"],
            int(fields["score"]),
            fields["decision"],
            fields["amount"],
            fields.get("currency"),
            fields.get("ip"),
            reasons,
            int(fields["position"]),
            int(fields["decided_at_ms"]),
        )
