"""Writes flagged decisions to DynamoDB as alerts that live 24 hours from their append time.
Effectively once: a repeat finds its position already there and changes nothing; a greater one wins.

Every write is a PutItem on the condition that the item is absent or has a smaller position. A newer
decision that is not flagged replaces the alert by a tombstone (the position, no `decision`), so that an
older one cannot raise it again. The tombstone lives as long as an alert of its append time would: an
older decision was appended earlier, so by then its own time is over and it is not written at all.

An approved decision whose event has no item leaves nothing. It leaves a tombstone for `mark_ttl` only
while a decision of an *older run* may still follow: one was seen on the partition within that time, or
may have been when this table is first written to. Beyond that bound a late, older alert lives out its
time to live. What was seen is kept in the table NAME_runs, so a restart does not forget it.

Approved decisions are most, and hardly any has an item. Which events may have one is read by one scan and
then remembered; only those are looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

from pipeline.records.clock import DAY_MS, MINUTE_MS, now_ms
from pipeline.records.delivery import Delivery, Glance, Identity, Parts, Undecodable, glance, take_apart
from pipeline.settings.kinds import Duration, Truth, Whole
from pipeline.settings.reading import make, settings
from pipeline.sinks import Entry, Held, Outcome, Pace, Refused, Unavailable, naming
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb import items
from pipeline.sinks.dynamodb.client import Invalid, Item, Table, Unmet, Unreachable
from pipeline.sinks.dynamodb.memory import Partitions, Remembered

TABLE = "fraud_alerts"
_KEYS = 100  # in one BatchGetItem
_KEYS_ONLY = {"ProjectionExpression": "user_id,event_id"}
_OLDER = "attribute_not_exists(#p) OR #p < :p"
_NOT_NEWER = "attribute_not_exists(#p) OR NOT attribute_type(#p, :n) OR #p <= :p"

Pair = tuple[Delivery, Glance]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@settings({"alert_ttl_ms": "alert_ttl", "mark_ttl_ms": "mark_ttl"})
class Settings(Pace):
    """What the DynamoDB sink can be told."""

    alert_ttl_ms: Annotated[int, Duration(1, 3_650 * DAY_MS)] = DAY_MS
    """how long an alert lives, from the append time of its decision"""
    mark_ttl_ms: Annotated[int, Duration(1, 3_650 * DAY_MS)] = 10 * MINUTE_MS
    """how long after an older run was seen a late decision of it is still beaten"""
    table: Annotated[str, items.TABLE_NAME] = TABLE
    """the table's name; NAME_runs is beside it"""
    threads: Annotated[int, Whole(1, 256)] = 8
    """writes at the same time"""
    create: Annotated[bool, Truth()] = True
    """make missing tables; false where somebody else does"""


def connect(address: str, secret: str | None, settings: Settings) -> DynamoSink:
    """A sink for the service at `address` (see `pipeline.sinks.dynamodb.client.client`)."""
    store = _Store(address, secret, settings.table, settings.threads, settings.create)
    return DynamoSink(store, settings.alert_ttl_ms, settings.mark_ttl_ms)


class DynamoSink:
    """See the module. The clock is this machine's: DynamoDB does not tell its own."""

    flagged_only = True
    fields = items.FIELDS

    def __init__(self, store: _Store, ttl_ms: int, mark_ttl_ms: int) -> None:
        self._store = store
        self._ttl_ms = ttl_ms
        self._mark_ttl_ms = mark_ttl_ms
        self._partitions = Partitions(lambda: store.client, store.runs_table.name, mark_ttl_ms)
        self._remembered: Remembered | None = None

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        newest, refused = _fold(batch)
        outcome = Outcome(0, len(batch) - len(newest) - len(refused), refused)
        with _translated():
            if not self._partitions.see(batch):
                self._remembered = None
            flagged = [(d, g) for d, g in newest.values() if g.flagged]
            approved = [(d, g) for d, g in newest.values() if not g.flagged]
            puts, refused_now = self._alerts(flagged)
            puts += self._withdrawals(approved)
            # before they are put, since some may be although the batch fails
            self._recall().add((items.identity_of(item) for _, item in puts), now_ms())
            done = self._store.each(self._put, puts)
            self._partitions.save()
        outcome += Outcome(written=len(newest) - len(puts) - len(refused_now))
        return sum(done, outcome + Outcome(refused=refused_now))

    def held(self, user_id: str, event_id: str) -> Held | None:
        with _translated():
            found = self._store.items([(user_id, event_id)])
        if not found or not items.is_alert(found[0], now_ms()):
            return None
        item = found[0]
        with naming(f"{self._store.table.name}, item {user_id}/{event_id}"):
            hits = (item.get("reasons") or {}).get("L", [])
            return Held(
                dynamo.int_of(item, "position"), dynamo.int_of(item, "score"), item["decision"]["S"],
                tuple(hit["M"]["rule"]["S"] for hit in hits),
            )  # fmt: skip

    def expected(self, delivery: Delivery, parts: Parts) -> Entry | None:
        if parts.verdict["decision"] == "approve":
            return None
        item = items.alert_item(delivery, parts, self._ttl_ms)
        return items.entry_of(item)._replace(expires_ms=dynamo.int_of(item, "expires_at") * 1000)

    def entries(self) -> Iterator[Entry]:
        with _translated():
            for item in self._store.scan():
                if _holds_something(item):
                    yield items.entry_of(item)

    def look_up(self, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
        with _translated():
            found = [items.entry_of(i) for i in self._store.items(identities) if _holds_something(i)]
        return {entry.identity: entry for entry in found}

    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None:
        with _translated():
            self._store.each(self._forget, doomed)

    def close(self) -> None:
        self._store.close()

    def _alerts(self, flagged: Sequence[Pair]) -> tuple[list[tuple[Delivery, Item]], list[Refused]]:
        """The items to put; an alert whose time is over already is left out."""
        puts: list[tuple[Delivery, Item]] = []
        refused: list[Refused] = []
        for delivery, seen in flagged:
            try:
                if problem := items.key_problem(seen.identity):
                    raise Undecodable(problem)
                item = items.alert_item(delivery, take_apart(delivery.value), self._ttl_ms)
            except Undecodable as error:
                refused.append(Refused(delivery, f"undecodable: {error}"))
                continue
            if dynamo.int_of(item, "expires_at") * 1000 > now_ms():
                puts.append((delivery, item))
        return puts, refused

    def _withdrawals(self, approved: Sequence[Pair]) -> list[tuple[Delivery, Item]]:
        """Tombstones for events that have an item, and for those that an older run may still flag."""
        able = [(d, g) for d, g in approved if items.key_problem(g.identity) is None]
        remembered = self._recall()
        unsure = [g.identity for _, g in able if remembered.may_have(g.identity)]
        known = set(map(items.identity_of, self._store.items(unsure, **_KEYS_ONLY)))
        found = []
        for delivery, seen in able:
            held = seen.identity in known
            if held or self._partitions.may_be_beaten(delivery):
                item = items.tombstone(delivery, seen.identity, self._ttl_ms if held else self._mark_ttl_ms)
                if held or dynamo.int_of(item, "expires_at") * 1000 > now_ms():
                    found.append((delivery, item))
        return found

    def _recall(self) -> Remembered:
        if self._remembered is None:
            lives_ms = max(self._ttl_ms, self._mark_ttl_ms)
            found = map(items.identity_of, self._store.scan(**_KEYS_ONLY))
            self._remembered = Remembered(found, lives_ms, now_ms())
        return self._remembered

    def _put(self, put: tuple[Delivery, Item]) -> Outcome:
        delivery, item = put
        try:
            dynamo.call(
                self._store.client.put_item, TableName=self._store.table.name, Item=item,
                ConditionExpression=_OLDER, ExpressionAttributeNames={"#p": "position"},
                ExpressionAttributeValues={":p": item["position"]},
            )  # fmt: skip
        except Unmet:
            return Outcome(superseded=1)
        except Invalid as error:
            return Outcome(refused=[Refused(delivery, str(error))])
        return Outcome(written=1)

    def _forget(self, doomed: tuple[Identity, int]) -> None:
        identity, upto = doomed
        try:
            dynamo.call(
                self._store.client.delete_item, TableName=self._store.table.name, Key=items.key_of(identity),
                ConditionExpression=_NOT_NEWER, ExpressionAttributeNames={"#p": "position"},
                ExpressionAttributeValues={":p": dynamo.number(upto), ":n": {"S": "N"}},
            )  # fmt: skip
        except Unmet:
            return


def alerts(
    address: str, secret: str | None, settings: Mapping[str, Any], at_ms: int, user_id: str | None = None
) -> Iterator[Mapping[str, str | None]]:
    """The alerts that live at a time, of one user or of all, in no order; each a mapping of what it says.

    Raises Unavailable.
    """
    store = _Store(address, secret, make(Settings, settings, "dynamodb").table, 1, False)
    with _translated():
        for item in store.of_user(user_id) if user_id is not None else store.scan():
            if items.is_alert(item, at_ms):
                entry = items.entry_of(item)
                named = dict(zip(items.FIELDS, entry.fields, strict=True))
                yield {"user_id": entry.user_id, "event_id": entry.event_id, **named}


class _Store:
    """The tables, and several requests at once."""

    def __init__(self, address: str, secret: str | None, table: str, threads: int, create: bool) -> None:
        self.table = items.alerts_table(table)
        self.runs_table = Table(f"{table}_runs", (("partition", "N"),), ttl=None)
        self._address, self._secret, self._threads, self._create = address, secret, threads, create
        self._client: Any = None
        self._pool: ThreadPoolExecutor | None = None

    @property
    def client(self) -> Any:
        if self._client is None:
            client = dynamo.client(self._address, self._secret, threads=self._threads + 2)
            for table in (self.table, self.runs_table):
                dynamo.ensure(client, table, create=self._create)
            self._client = client
        return self._client

    def each(self, act: Callable[[_In], _Out], on: Sequence[_In]) -> list[_Out]:
        """Do the same to all of them, some at a time; the first failure is raised."""
        if len(on) < 2:
            return [act(one) for one in on]
        _ = self.client  # tables first, in this thread
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "dynamodb")
        futures = [self._pool.submit(act, one) for one in on]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def items(self, identities: Sequence[Identity], **options: Any) -> list[Item]:
        """What is held under these identities, read consistently."""
        chunks = [identities[i : i + _KEYS] for i in range(0, len(identities), _KEYS)]
        client, name = self.client, self.table.name

        def read(chunk: Sequence[Identity]) -> list[Item]:
            try:
                return dynamo.batch_get(client, name, [items.key_of(one) for one in chunk], **options)
            except Invalid:
                if len(chunk) == 1:
                    return []  # no such key can exist
                half = len(chunk) // 2
                return read(chunk[:half]) + read(chunk[half:])

        return [item for found in self.each(read, chunks) for item in found]

    def scan(self, **options: Any) -> Iterator[Item]:
        return dynamo.pages(self.client.scan, TableName=self.table.name, ConsistentRead=True, **options)

    def of_user(self, user_id: str) -> Iterator[Item]:
        return dynamo.pages(
            self.client.query, TableName=self.table.name, ConsistentRead=True,
            KeyConditionExpression="user_id = :u", ExpressionAttributeValues={":u": dynamo.text(user_id)},
        )  # fmt: skip

    def close(self) -> None:
        self._client = None
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _fold(batch: Sequence[Delivery]) -> tuple[dict[Identity, Pair], list[Refused]]:
    """The newest decision of each event, and what is none."""
    newest: dict[Identity, Pair] = {}
    refused: list[Refused] = []
    for delivery in batch:
        try:
            seen = glance(delivery.value)
        except Undecodable as error:
            refused.append(Refused(delivery, f"undecodable: {error}"))
            continue
        other = newest.get(seen.identity)
        if other is None or delivery.position > other[0].position:
            newest[seen.identity] = delivery, seen
    return newest, refused


def _holds_something(item: Item) -> bool:
    """Whether an item is more than a tombstone."""
    return "decision" in item or "position" not in item


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (Unreachable, Invalid) as error:
        raise Unavailable(str(error)) from error
