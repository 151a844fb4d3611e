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

from collections.abc import Iterator, Mapping, Sequence

from pipeline.connections.secrets import Secret
from pipeline.records.clock import now_ms
from pipeline.records.decision_bytes import Glance, Parts, Undecodable, glance, take_apart
from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks import Entry, Held, Outcome, Refused, naming
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb import items
from pipeline.sinks.dynamodb.client import Invalid, Item, Unmet
from pipeline.sinks.dynamodb.memory import Partitions, Remembered
from pipeline.sinks.dynamodb.settings import Settings as Settings
from pipeline.sinks.dynamodb.store import Store, translated
from pipeline.sinks.erasing import erase_events
from pipeline.sinks.folding import fold

_KEYS_ONLY = {"ProjectionExpression": "user_id,event_id"}
_OLDER = "attribute_not_exists(#p) OR #p < :p"
_NOT_NEWER = "attribute_not_exists(#p) OR NOT attribute_type(#p, :n) OR #p <= :p"

Pair = tuple[Delivery, Glance]


def connect(address: str, secret: Secret, settings: Settings) -> DynamoSink:
    """A sink for the service at `address` (see `pipeline.sinks.dynamodb.client.client`)."""
    store = Store(address, secret, settings)
    return DynamoSink(store, settings.alert_ttl_ms, settings.mark_ttl_ms)


class DynamoSink:
    """See the module. The clock is this machine's: DynamoDB does not tell its own."""

    flagged_only = True
    fields = items.FIELDS

    def __init__(self, store: Store, ttl_ms: int, mark_ttl_ms: int) -> None:
        self._store = store
        self._ttl_ms = ttl_ms
        self._mark_ttl_ms = mark_ttl_ms
        self._partitions = Partitions(lambda: store.client, store.runs_table.name, mark_ttl_ms)
        self._remembered: Remembered | None = None

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        newest, others = fold(batch, lambda delivery: glance(delivery.value))
        with translated():
            if not self._partitions.see(batch):
                self._remembered = None
            flagged = [(d, g) for d, g in newest if g.flagged]
            approved = [(d, g) for d, g in newest if not g.flagged]
            puts, refused_now = self._alerts(flagged)
            puts += self._withdrawals(approved)
            # before they are put, since some may be although the batch fails
            self._recall().add((items.identity_of(item) for _, item in puts), now_ms())
            done = self._store.each(self._put, puts)
            self._partitions.save()
        written = len(newest) - len(puts) - len(refused_now)
        return sum(done, others + Outcome(written, refused=refused_now))

    def held(self, user_id: str, event_id: str) -> Held | None:
        with translated():
            found = self._store.items([(user_id, event_id)])
        if not found or not items.is_alert(found[0], now_ms()):
            return None
        item = found[0]
        with naming(f"{self._store.table.name}, item {user_id}/{event_id}"):
            hits = (item.get("reasons") or {}).get("L", [])
            return Held(
                dynamo.int_of(item, "position"),
                dynamo.int_of(item, "score"),
                item["decision"]["S"],
                tuple(hit["M"]["rule"]["S"] for hit in hits),
            )

    def expected(self, delivery: Delivery, parts: Parts) -> Entry | None:
        if parts.verdict["decision"] == "approve":
            return None
        item = items.alert_item(delivery, parts, self._ttl_ms)
        return items.entry_of(item)._replace(expires_ms=dynamo.int_of(item, "expires_at") * 1000)

    def entries(self) -> Iterator[Entry]:
        with translated():
            for item in self._store.scan():
                if _holds_something(item):
                    yield items.entry_of(item)

    def look_up(self, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
        with translated():
            found = [items.entry_of(i) for i in self._store.items(identities) if _holds_something(i)]
        return {entry.identity: entry for entry in found}

    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None:
        with translated():
            self._store.each(self._forget, doomed)

    def of_user(self, user_id: str) -> Iterator[Identity]:
        with translated():
            yield from map(items.identity_of, self._store.of_user(user_id, **_KEYS_ONLY))

    def erase(self, user_id: str) -> int:
        return erase_events(self, user_id)

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
                self._store.client.put_item,
                TableName=self._store.table.name,
                Item=item,
                ConditionExpression=_OLDER,
                ExpressionAttributeNames={"#p": "position"},
                ExpressionAttributeValues={":p": item["position"]},
            )
        except Unmet:
            return Outcome(superseded=1)
        except Invalid as error:
            return Outcome(refused=[Refused(delivery, str(error))])
        return Outcome(written=1)

    def _forget(self, doomed: tuple[Identity, int]) -> None:
        identity, upto = doomed
        try:
            dynamo.call(
                self._store.client.delete_item,
                TableName=self._store.table.name,
                Key=items.key_of(identity),
                ConditionExpression=_NOT_NEWER,
                ExpressionAttributeNames={"#p": "position"},
                ExpressionAttributeValues={":p": dynamo.number(upto), ":n": {"S": "N"}},
            )
        except Unmet:
            return


def _holds_something(item: Item) -> bool:
    """Whether an item is more than a tombstone."""
    return "decision" in item or "position" not in item
