"""Which alert has been notified on which channel: a table of claims in DynamoDB.

One item per alert and channel, made once and for ever (its time to live apart): that is why a stream
that is replayed, or a decision published again, notifies nobody twice. Its state goes

    due ─► claimed ─► sent | refused | unknown | withdrawn
     ▲        │
     └────────┘ certainly not sent: try again

by conditional writes, so of several notifiers one wins. A claim that has no outcome in time becomes
`unknown`: its notifier may have died before or after sending, so it is listed and never sent again by
itself. Sparse index `open`: `STATE#CHANNEL` of what is due, claimed, unknown or refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pipeline.notify import Alert
from pipeline.records.clock import DAY_MS, MINUTE_MS
from pipeline.records.decision_record import Identity
from pipeline.records.masking import NONE, Masks
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.client import Item, Table, Unmet, int_of, number, string_of, text
from pipeline.sinks.dynamodb.items import is_alert, key_of, shown_with

TABLE = "fraud_notifications"
OPEN = ("due", "claimed", "unknown", "refused")
_KEYS = 100


@dataclass(frozen=True, slots=True)
class Claim:
    """One alert on one channel. `since_ms` is when it came into its state."""

    user_id: str
    event_id: str
    channel: str
    state: str
    position: int
    since_ms: int
    reason: str = ""

    @property
    def identity(self) -> Identity:
        return self.user_id, self.event_id


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things last, in milliseconds: a claim without outcome, and the memory of a claim."""

    unknown_after_ms: int = MINUTE_MS
    keep_ms: int = 30 * DAY_MS


class Outbox:
    """The claims of one notifier, which signs as `owner`. Safe for many threads; all raise Unreachable."""

    def __init__(
        self,
        client: Any,
        owner: str,
        terms: Terms,
        table: str = TABLE,
        alerts: str = "fraud_alerts",
        masks: Masks = NONE,
    ) -> None:
        self._client = client
        self._owner = owner
        self._terms = terms
        self._table = claims_table(table)
        self._alerts = alerts
        self._masks = masks
        self._pool = ThreadPoolExecutor(8, "outbox")

    def ensure(self, *, create: bool = True) -> None:
        """Make the table if it is not there."""
        dynamo.ensure(self._client, self._table, create=create)

    def offer(self, alerts: Iterable[tuple[Identity, int]], channels: Sequence[str], now_ms: int) -> None:
        """Make alerts at their positions due on every channel, unless they ever were.

        One that was withdrawn before it was sent becomes due again with a greater position.
        """
        offers = [(alert, channel) for alert in alerts for channel in channels]
        list(self._pool.map(lambda one: self._offer(one[0], one[1], now_ms), offers))

    def due(self, channel: str, most: int) -> list[Claim]:
        """What is to be sent, the longest waiting first; perhaps a little behind."""
        return sorted(self._in_state("due", channel, most), key=lambda claim: claim.since_ms)

    def still_due(self, identities: Sequence[Identity], channel: str) -> list[Claim]:
        """Those of the given alerts that are due on a channel, read consistently."""
        items: list[Item] = []
        for at in range(0, len(identities), _KEYS):
            keys = [_key(identity, channel) for identity in identities[at : at + _KEYS]]
            items += dynamo.batch_get(self._client, self._table.name, keys)
        return [claim for claim in map(_claim, items) if claim.state == "due"]

    def claim(self, wanted: Sequence[Claim], now_ms: int) -> list[Claim]:
        """Those that are now ours to send; the others were taken or settled by somebody else."""
        won = self._pool.map(lambda one: self._move(one, ("due",), "claimed", now_ms), wanted)
        return [claim for claim, ours in zip(wanted, won, strict=True) if ours]

    def settle(self, claims: Sequence[Claim], state: str, now_ms: int, reason: str = "") -> None:
        """Give claims of ours their outcome, or make them due again."""
        origin = ("claimed", "unknown") if state != "due" else ("claimed",)
        list(self._pool.map(lambda one: self._move(one, origin, state, now_ms, reason), claims))

    def give_up(self, channel: str, now_ms: int) -> None:
        """Make unknown what anybody claimed too long ago."""
        for claim in self._in_state("claimed", channel, 10_000):
            if self._is_stale(claim, now_ms):
                self._move(claim, ("claimed",), "unknown", now_ms, "no outcome in time", anybodys=True)

    def alive(self, claims: Sequence[Claim], now_ms: int) -> dict[Identity, Alert]:
        """What the alerts say now; those withdrawn, deleted or over are left out."""
        found: dict[Identity, Alert] = {}
        identities = list(dict.fromkeys(claim.identity for claim in claims))
        for at in range(0, len(identities), _KEYS):
            keys = [key_of(identity) for identity in identities[at : at + _KEYS]]
            for item in dynamo.batch_get(self._client, self._alerts, keys):
                if is_alert(item, now_ms):
                    alert = _alert(item)
                    found[alert.user_id, alert.event_id] = alert.masked(self._masks, shown_with(item))
        return found

    def listed(self, now_ms: int, channels: Sequence[str], most: int = 1_000) -> list[Claim]:
        """What is due, claimed, unknown or refused; a claim without outcome in time shows as unknown."""
        found = [c for name in channels for state in OPEN for c in self._in_state(state, name, most)]
        return [_as_unknown(claim) if self._is_stale(claim, now_ms) else claim for claim in found]

    def checkpoint(self, shard: str) -> str | None:
        """The sequence number a shard was read to, empty when it is finished, None when never read."""
        return string_of(self._get("stream", shard), "sequence")

    def save_checkpoint(self, shard: str, sequence: str, now_ms: int) -> None:
        """Remember it for two days, longer than a stream keeps its records."""
        self._put("stream", shard, {"sequence": text(sequence)}, now_ms + 2 * DAY_MS)

    def paused_until(self, channel: str) -> int:
        """Before when a channel asked not to be used, epoch ms."""
        return int_of(self._get("pause", channel), "until_ms")

    def pause(self, channel: str, until_ms: int) -> None:
        """Let nobody use a channel before then."""
        self._put("pause", channel, {"until_ms": number(until_ms)}, until_ms + DAY_MS)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _offer(self, alert: tuple[Identity, int], channel: str, now_ms: int) -> None:
        identity, position = alert
        item = (
            key_of(identity)
            | _key(identity, channel)
            | {
                "state": text("due"),
                "open": text(f"due#{channel}"),
                "position": number(position),
                "since_ms": number(now_ms),
                "expires_at": number((now_ms + self._terms.keep_ms) // 1000),
            }
        )
        try:
            dynamo.call(
                self._client.put_item,
                TableName=self._table.name,
                Item=item,
                ConditionExpression="attribute_not_exists(claim) OR (#s = :w AND #p < :p)",
                ExpressionAttributeNames={"#s": "state", "#p": "position"},
                ExpressionAttributeValues={":w": text("withdrawn"), ":p": number(position)},
            )
        except Unmet:
            return

    def _get(self, claim: str, channel: str) -> Item:
        key = {"claim": text(claim), "channel": text(channel)}
        found = dynamo.call(self._client.get_item, TableName=self._table.name, Key=key, ConsistentRead=True)
        return found.get("Item") or {}

    def _put(self, claim: str, channel: str, item: Item, until_ms: int) -> None:
        key = {"claim": text(claim), "channel": text(channel), "expires_at": number(until_ms // 1000 + 1)}
        dynamo.call(self._client.put_item, TableName=self._table.name, Item=key | item)

    def _in_state(self, state: str, channel: str, most: int) -> list[Claim]:
        found: list[Claim] = []
        rows = dynamo.pages(
            self._client.query,
            TableName=self._table.name,
            IndexName="open",
            KeyConditionExpression="#o = :o",
            ExpressionAttributeNames={"#o": "open"},
            ExpressionAttributeValues={":o": text(f"{state}#{channel}")},
        )
        for item in rows:
            found.append(_claim(item))
            if len(found) == most:
                break
        return found

    def _is_stale(self, claim: Claim, now_ms: int) -> bool:
        return claim.state == "claimed" and claim.since_ms + self._terms.unknown_after_ms <= now_ms

    def _move(
        self,
        claim: Claim,
        origin: Sequence[str],
        state: str,
        now_ms: int,
        reason: str = "",
        anybodys: bool = False,
    ) -> bool:
        """From one of the states of origin to another; whether it was in one, and ours if claimed."""
        values = {f":o{n}": text(one) for n, one in enumerate(origin)}
        condition = f"#s IN ({', '.join(values)})"
        if state != "claimed" and not anybodys:
            condition += " AND #w = :w"
        values |= {":s": text(state), ":t": number(now_ms), ":w": text(self._owner), ":r": text(reason)}
        change = "SET #s = :s, since_ms = :t, #w = :w, reason = :r"
        if state in OPEN:
            change += ", #o = :o"
            values[":o"] = text(f"{state}#{claim.channel}")
        else:
            change += " REMOVE #o"
        try:
            dynamo.call(
                self._client.update_item,
                TableName=self._table.name,
                Key=_key(claim.identity, claim.channel),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ExpressionAttributeNames={"#s": "state", "#o": "open", "#w": "owner"},
            )
        except Unmet:
            return False
        return True


def _key(identity: Identity, channel: str) -> Item:
    """Of the claim: its first part is one string, so the user's length tells where the event begins."""
    user_id, event_id = identity
    return {"claim": text(f"{len(user_id)}:{user_id}:{event_id}"), "channel": text(channel)}


def claims_table(name: str) -> Table:
    """The table of claims; its stream positions and pauses lie in it as well."""
    return Table(name, (("claim", "S"), ("channel", "S")), index="open")


def _as_unknown(claim: Claim) -> Claim:
    return Claim(
        claim.user_id,
        claim.event_id,
        claim.channel,
        "unknown",
        claim.position,
        claim.since_ms,
        "no outcome in time",
    )


def _claim(item: Item) -> Claim:
    return Claim(
        string_of(item, "user_id") or "",
        string_of(item, "event_id") or "",
        string_of(item, "channel") or "",
        string_of(item, "state") or "",
        int_of(item, "position"),
        int_of(item, "since_ms"),
        string_of(item, "reason") or "",
    )


def _alert(item: Item) -> Alert:
    def said(name: str) -> str:
        return string_of(item, name) or ""

    hits: Sequence[Mapping[str, Any]] = (item.get("reasons") or {}).get("L", [])
    reasons = tuple(str(hit["M"]["text"]["S"]) for hit in hits)
    return Alert(
        said("user_id"),
        said("event_id"),
        int_of(item, "score"),
        said("decision"),
        said("amount"),
        string_of(item, "currency"),
        said("event_time"),
        reasons,
    )
