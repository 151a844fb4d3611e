"""Whether the notifier may keep its claims and follow the alerts, tried without a trace.

What it needs of them says `pipeline.sinks.dynamodb.rights`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pipeline.connections.way import Finding
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.client import Unreachable, text
from pipeline.sinks.rights import missing

Act = Callable[[], Any]

_KEY: Final = {"claim": text("doctor"), "channel": text("doctor")}
_NOBODY: Final = {"ConditionExpression": "attribute_exists(claim) AND attribute_not_exists(claim)"}
"""a condition that no item meets"""


def ask(client: Any, streams: Any, claims: str, alerts: str) -> Iterator[Finding]:
    """As far as both tables are there; of the claims it is said where they are not. Raises Unreachable."""
    tried: list[tuple[str, Act]] = []
    if dynamo.describe(client, claims) is not None:
        tried += [(f"{name} on {claims}", act) for name, act in _on_claims(client, claims)]
    else:
        yield Finding("claims", f"{claims} is not there yet: the notifier makes it")
    if (there := dynamo.describe(client, alerts)) is not None and (arn := there.get("LatestStreamArn")):
        tried += [(f"{name} on the stream of {alerts}", act) for name, act in _on_stream(streams, arn)]
    elif there is not None:
        said = f"table {alerts} has no stream: nobody would be told"
        yield Finding("stream", said, "turn its stream on, with new images", is_broken=True)
    yield missing("claims and stream", [name for name, act in tried if not dynamo.may(act)], "dynamodb")


def _on_claims(client: Any, table: str) -> Iterator[tuple[str, Act]]:
    of_index = {
        "IndexName": "open",
        "KeyConditionExpression": "#o = :o",
        "ExpressionAttributeNames": {"#o": "open"},
        "ExpressionAttributeValues": {":o": text("doctor")},
        "Limit": 1,
    }
    change = {"UpdateExpression": "SET reason = :r", "ExpressionAttributeValues": {":r": text("")}}
    yield "BatchGetItem", lambda: dynamo.batch_get(client, table, [_KEY])
    yield "GetItem", lambda: dynamo.call(client.get_item, TableName=table, Key=_KEY)
    yield "Query", lambda: dynamo.call(client.query, TableName=table, **of_index)
    yield "Scan", lambda: dynamo.call(client.scan, TableName=table, Limit=1)
    yield "PutItem", lambda: dynamo.call(client.put_item, TableName=table, Item=_KEY, **_NOBODY)
    yield (
        "UpdateItem",
        lambda: dynamo.call(client.update_item, TableName=table, Key=_KEY, **change, **_NOBODY),
    )
    yield "DeleteItem", lambda: dynamo.call(client.delete_item, TableName=table, Key=_KEY, **_NOBODY)


def _on_stream(streams: Any, arn: str) -> Iterator[tuple[str, Act]]:
    """The later ones are asked with what the earlier ones answer, so only where these are allowed."""
    yield "DescribeStream", lambda: dynamo.call(streams.describe_stream, StreamArn=arn, Limit=1)
    try:
        found = dynamo.call(streams.describe_stream, StreamArn=arn, Limit=1)["StreamDescription"]["Shards"]
    except Unreachable:
        return
    if not found:
        return
    at = {"StreamArn": arn, "ShardId": found[0]["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    yield "GetShardIterator", lambda: dynamo.call(streams.get_shard_iterator, **at)
    try:
        place = dynamo.call(streams.get_shard_iterator, **at)["ShardIterator"]
    except Unreachable:
        return
    yield "GetRecords", lambda: dynamo.call(streams.get_records, ShardIterator=place, Limit=1)
