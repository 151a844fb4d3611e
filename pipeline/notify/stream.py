"""The stream of the alerts table: which of its records is a new alert, and reading it shard by shard.

Knows nothing of channels. A record counts when its new image is a flagged decision: what is removed (by
somebody, or by DynamoDB when its time is over) and what is withdrawn notifies nobody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.records.decision_record import Identity
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.client import Unreachable, int_of, string_of
from pipeline.sinks.dynamodb.items import is_alert

_SHARDS_EVERY_S = 20.0
_MOST = 1_000


class Checkpoints(Protocol):
    """Where it is remembered how far a shard was read."""

    def checkpoint(self, shard: str) -> str | None: ...
    def save_checkpoint(self, shard: str, sequence: str, now_ms: int) -> None: ...


@dataclass
class _Shard:
    name: str
    parent: str | None
    iterator: str | None = None
    sequence: str | None = None  # read so far; None: nothing yet
    done: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one shard, in order. Without a `following` iterator no more will come from it."""

    shard: str
    records: list[Mapping[str, Any]]
    following: str | None


def new_alerts(records: Iterable[Mapping[str, Any]], now_ms: int) -> Iterator[tuple[Identity, int]]:
    """Identity and position of each alert that stream records raise, alerts whose time is over left out."""
    for record in records:
        image = (record.get("dynamodb") or {}).get("NewImage") or {}
        if record.get("eventName") in ("INSERT", "MODIFY") and is_alert(image, now_ms):
            identity = string_of(image, "user_id"), string_of(image, "event_id")
            if identity[0] and identity[1]:
                yield (identity[0], identity[1]), int_of(image, "position")


class AlertStream:
    """Reads from where the checkpoints say, at first from the oldest record there is. Raises Unreachable."""

    def __init__(self, client: Any, streams: Any, table: str, checkpoints: Checkpoints) -> None:
        self._client, self._streams, self._table = client, streams, table
        self._checkpoints = checkpoints
        self._shards: dict[str, _Shard] = {}
        self._looked_s = float("-inf")

    def pages(self) -> Iterator[Page]:
        """One page of each shard that may be read now; `commit` each before asking for more."""
        self._look()
        for shard in list(self._shards.values()):
            parent = self._shards.get(shard.parent or "")
            if not shard.done and (parent is None or parent.done):
                yield self._read(shard)

    def commit(self, page: Page, now_ms: int) -> None:
        """Everything on the page has been seen to; a page that is not committed is read again."""
        shard = self._shards[page.shard]
        shard.iterator = page.following
        if page.records:
            shard.sequence = page.records[-1]["dynamodb"]["SequenceNumber"]
            self._checkpoints.save_checkpoint(shard.name, shard.sequence, now_ms)
        if page.following is None:
            shard.done = True
            self._checkpoints.save_checkpoint(shard.name, "", now_ms)

    def _look(self) -> None:
        """Find the shards, now and then: closed ones are followed by new ones."""
        waiting = any(not shard.done for shard in self._shards.values())
        if waiting and time.monotonic() - self._looked_s < _SHARDS_EVERY_S:
            return
        table = dynamo.call(self._client.describe_table, TableName=self._table)["Table"]
        arn = table.get("LatestStreamArn")
        if not arn:
            raise Unreachable(f"table {self._table} has no stream")
        found: dict[str, _Shard] = {}
        for one in self._described(arn):
            name = f"{arn}/{one['ShardId']}"
            parent = f"{arn}/{one['ParentShardId']}" if one.get("ParentShardId") else None
            found[name] = self._shards.get(name) or self._opened(name, parent)
        self._shards = found
        self._looked_s = time.monotonic()

    def _described(self, arn: str) -> Iterator[Mapping[str, Any]]:
        arguments = {"StreamArn": arn}
        while True:
            answer = dynamo.call(self._streams.describe_stream, **arguments)["StreamDescription"]
            yield from answer["Shards"]
            if not (last := answer.get("LastEvaluatedShardId")):
                return
            arguments["ExclusiveStartShardId"] = last

    def _opened(self, name: str, parent: str | None) -> _Shard:
        known = self._checkpoints.checkpoint(name)
        return _Shard(name, parent, None, known or None, done=known == "")

    def _read(self, shard: _Shard) -> Page:
        if shard.iterator is None:
            shard.iterator = self._iterator(shard)
        try:
            answer = dynamo.call(self._streams.get_records, ShardIterator=shard.iterator, Limit=_MOST)
        except Unreachable:
            shard.iterator = None  # expired, perhaps: from the checkpoint again
            raise
        return Page(shard.name, answer["Records"], answer.get("NextShardIterator"))

    def _iterator(self, shard: _Shard) -> str:
        arn, _, shard_id = shard.name.rpartition("/")
        start = {"ShardIteratorType": "TRIM_HORIZON"}
        if shard.sequence:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": shard.sequence}
        act = self._streams.get_shard_iterator
        try:
            answer = dynamo.call(act, StreamArn=arn, ShardId=shard_id, **start)
        except Unreachable as error:
            if dynamo.error_code(error) != "TrimmedDataAccessException":
                raise
            oldest = {"ShardIteratorType": "TRIM_HORIZON"}
            answer = dynamo.call(act, StreamArn=arn, ShardId=shard_id, **oldest)
        return str(answer["ShardIterator"])


def records_of(event: Any) -> Iterable[Mapping[str, Any]]:
    """The stream records in a Lambda event: of the stream itself, of a pipe, or of an event bus."""
    if isinstance(event, Mapping) and "detail" in event:
        event = event["detail"]
    if isinstance(event, Mapping):
        event = event.get("Records", [event])
    return [record for record in event if isinstance(record, Mapping)]
