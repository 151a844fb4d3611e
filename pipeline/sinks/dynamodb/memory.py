"""What the DynamoDB writer remembers: the runs each partition carried, and which events have an item.

Both are kept in this process, and are true only while nobody else writes. The table NAME_runs therefore says
for each partition who wrote last; whoever finds another name than its own there reads everything again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks.dynamodb import client

MOST = 1_000_000
"""Events that are remembered; of a table with more, every event may have an item."""


class Partitions:
    """The runs each partition carried lately and its writer, in a table whose key is `partition`."""

    def __init__(self, connect: Callable[[], Any], table: str, within_ms: int) -> None:
        self._connect = connect
        self._table = table
        self._within_ms = within_ms
        self._me = uuid.uuid4().hex
        self._runs: dict[int, dict[str, int]] = {}  # per partition: run, or "first", to append ms
        self._saved: dict[int, dict[str, int]] = {}

    def see(self, batch: Sequence[Delivery]) -> bool:
        """Note the runs of a batch. False if somebody else wrote to one of its partitions since this
        writer did, or if this is its first. Raises Unreachable.
        """
        numbers = sorted({delivery.partition for delivery in batch})
        keys = [{"partition": client.number(one)} for one in numbers]
        held = {
            client.int_of(item, "partition"): item
            for item in client.batch_get(self._connect(), self._table, keys)
        }
        mine = True
        for number in numbers:
            item = held.get(number, {})
            if number not in self._runs or client.string_of(item, "writer") != self._me:
                mine = False
                self._runs[number] = json.loads(client.string_of(item, "runs") or "{}")
                self._put(number)
        for delivery in batch:
            runs = self._runs[delivery.partition]
            runs.setdefault("first", delivery.append_ms)
            name = str(delivery.run)
            runs[name] = max(runs.get(name, 0), delivery.append_ms)
        return mine

    def may_be_beaten(self, delivery: Delivery) -> bool:
        """Whether a decision of an older run may still follow."""
        if delivery.run <= 1:
            return False
        since = delivery.append_ms - self._within_ms
        runs = self._runs[delivery.partition]
        return any(at >= since and (n == "first" or int(n) < delivery.run) for n, at in runs.items())

    def save(self) -> None:
        """Keep what changed, unless it is only a little later than what is kept. Raises Unreachable."""
        for number, runs in self._runs.items():
            saved = self._saved.get(number, {})
            late = any(at - saved.get(n, 0) > self._within_ms // 10 for n, at in runs.items())
            if runs.keys() != saved.keys() or late:
                self._put(number)

    def _put(self, number: int) -> None:
        runs = self._runs[number]
        item = {
            "partition": client.number(number),
            "runs": client.text(json.dumps(runs)),
            "writer": client.text(self._me),
        }
        client.call(self._connect().put_item, TableName=self._table, Item=item)
        self._saved[number] = dict(runs)


class Remembered:
    """The events that may have an item, as hashes: two of the same hash cost a needless look, no more.

    An item lives `ttl_ms` from its writing at most, so what was added earlier is forgotten in two halves.
    """

    def __init__(self, held: Iterable[Identity], ttl_ms: int, now_ms: int) -> None:
        self._ttl_ms = ttl_ms
        self._began_ms = now_ms
        self._older: set[int] = set()
        self._newer: set[int] = set()
        for identity in held:
            self._newer.add(hash(identity))
            if self._too_many():
                break

    def add(self, identities: Iterable[Identity], now_ms: int) -> None:
        if self._too_many():
            return
        if now_ms - self._began_ms > self._ttl_ms:
            self._older, self._newer, self._began_ms = self._newer, set(), now_ms
        self._newer.update(map(hash, identities))

    def may_have(self, identity: Identity) -> bool:
        name = hash(identity)
        return name in self._newer or name in self._older or self._too_many()

    def _too_many(self) -> bool:
        return len(self._newer) + len(self._older) > MOST
