"""Which addresses or users have the most flagged events, over all parts of a cluster.

Each part names its own leaders. An address may have some events in every part, and so the first of all may be
the first of none: what the parts name is counted in all of them, and more is asked for until nobody unnamed
can have more than the last of those found: the threshold algorithm of Fagin, Lotem and Naor (2001).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pipeline.sinks.redis import scripts
from pipeline.sinks.redis.client import run, script
from pipeline.sinks.redis.keys import Layout

Leaders = list[tuple[str, int]]


def find(connection: Any, layout: Layout, kind: str, n: int, cutoff_ms: int) -> tuple[Leaders, list[str]]:
    """The `n` with the most, ties in descending order of name; and the keys that are no list of events."""
    depth = n
    while True:
        parts, foreign = _named(connection, layout, kind, depth, cutoff_ms)
        if not layout.is_cluster:
            return parts[0], foreign
        # each part that has more to name may have as many again as its last for one that is not named
        unnamed = sum(rows[-1][1] for rows in parts if len(rows) >= depth)
        candidates = {name for rows in parts for name, _ in rows}
        counts = _counted(connection, layout, kind, sorted(candidates), cutoff_ms)
        first = sorted(((count, name) for name, count in counts.items() if count), reverse=True)[:n]
        if unnamed == 0 or (len(first) == n and first[-1][0] > unnamed):
            return [(name, count) for count, name in first], foreign
        depth *= 2


def _named(
    connection: Any, layout: Layout, kind: str, depth: int, cutoff_ms: int
) -> tuple[list[Leaders], list[str]]:
    """The leaders of each part with their counts there, and the keys that are no list."""
    pipe, leading = connection.pipeline(transaction=False), script(connection, scripts.TOP)
    for prefix in layout.prefixes:
        run(pipe, leading, [f"{prefix}top:{kind}"], [kind, str(depth), str(cutoff_ms), prefix])
    answers = pipe.execute()
    parts = [[(rows[i], int(rows[i + 1])) for i in range(0, len(rows), 2)] for rows, _ in answers]
    return parts, [key for _, foreign in answers for key in foreign]


def _counted(
    connection: Any, layout: Layout, kind: str, names: Collection[str], cutoff_ms: int
) -> Mapping[str, int]:
    """How many each of them has in all parts."""
    pipe, counting = connection.pipeline(transaction=False), script(connection, scripts.COUNT)
    for prefix in layout.prefixes:
        run(pipe, counting, [f"{prefix}top:{kind}"], [kind, str(cutoff_ms), prefix, *names])
    return dict(zip(names, map(sum, zip(*pipe.execute(), strict=True)), strict=True))
