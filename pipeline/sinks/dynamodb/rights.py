"""What DynamoDB must let the sink and the notifier do (see `pipeline.sinks.rights`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pipeline.connections.proxies import proxy_url
from pipeline.connections.secrets import Secret
from pipeline.connections.tls import TlsFiles
from pipeline.connections.way import Finding, Place
from pipeline.sinks.dynamodb import Settings, items, notifier_rights
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb.store import runs_name, translated
from pipeline.sinks.rights import Asked, Rights, missing

CLAIMS: Final = "fraud_notifications"
"""The notifier's own table; its other rights are on the alerts and their stream."""

_ALERTS: Final = ("BatchGetItem", "DeleteItem", "DescribeTable", "PutItem", "Query", "Scan")
_RUNS: Final = ("BatchGetItem", "DescribeTable", "PutItem")
_CLAIMS: Final = (
    "BatchGetItem",
    "DeleteItem",
    "DescribeTable",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
)
_STREAM: Final = ("DescribeStream", "GetRecords", "GetShardIterator")
_MAKING: Final = ("CreateTable", "DescribeTimeToLive", "UpdateTimeToLive")


def needed(asked: Asked) -> Rights:
    """A policy of IAM. With `create: false` there is nothing in it that makes a table."""
    settings: Settings = asked.settings
    making = _MAKING if settings.create else ()
    statements = [
        _statement("Alerts", (*_ALERTS, *making), _arn(asked, settings.table)),
        _statement("Runs", (*_RUNS, *making[:1]), _arn(asked, runs_name(settings.table))),
    ]
    if asked.notifies:
        claims = _arn(asked, CLAIMS)
        statements.append(_statement("Claims", (*_CLAIMS, *making), claims, f"{claims}/index/open"))
        statements.append(_statement("Stream", _STREAM, f"{_arn(asked, settings.table)}/stream/*"))
    if settings.role is not None:
        role = {"Sid": "Role", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [settings.role]}
        statements.append(role)
    policy = {"Version": "2012-10-17", "Statement": statements}
    return Rights(json.dumps(policy, indent=2), policy)


def places(address: str, settings: Settings) -> Sequence[Place]:
    """The endpoint, as the client has it. Raises Unavailable."""
    with translated():
        client = dynamo.client(address, settings.access(None), region=settings.region)
    parts = urlsplit(client.meta.endpoint_url)
    tls = TlsFiles(settings.ca_file) if parts.scheme == "https" else None
    at, port = parts.hostname or "", parts.port or (443 if tls else 80)
    return [Place(at, port, tls, is_proxied=proxy_url(client.meta.endpoint_url) is not None)]


def ask(address: str, secret: Secret, settings: Settings) -> Iterator[Finding]:
    """Writes are asked for on conditions that no item can meet. Raises Unavailable."""
    with translated():
        client = dynamo.client(address, settings.access(secret), region=settings.region)
        table, runs = settings.table, runs_name(settings.table)
        there = [name for name in (table, runs) if dynamo.describe(client, name) is not None]
    yield Finding("login", f"as {'role ' + settings.role if settings.role else 'the keys say'}")
    for absent in {table, runs} - set(there):
        mend = "" if settings.create else "have it made, or set sinks.dynamodb.create: true"
        said = "the writer makes it" if settings.create else "nobody makes it"
        yield Finding("tables", f"{absent} is not there yet: {said}", mend, not settings.create)
    tried = [(f"{name} on {table}", act) for name, act in _on_alerts(client, table) if table in there]
    tried += [(f"{name} on {runs}", act) for name, act in _on_runs(client, runs) if runs in there]
    yield missing("tables", [name for name, act in tried if not dynamo.may(act)], "dynamodb")


def ask_for_notifier(address: str, secret: Secret, settings: Settings) -> Iterator[Finding]:
    """What the process needs beside that by which people are told of alerts. Raises Unavailable."""
    with translated():
        client, streams = (
            dynamo.client(address, settings.access(secret), service, region=settings.region)
            for service in ("dynamodb", "dynamodbstreams")
        )
        yield from notifier_rights.ask(client, streams, CLAIMS, settings.table)


def _on_alerts(client: Any, table: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    key = items.key_of(("doctor", "doctor"))
    nobody = {"ConditionExpression": "attribute_exists(user_id) AND attribute_not_exists(user_id)"}
    by_user = {"KeyConditionExpression": "user_id = :u", "ExpressionAttributeValues": {":u": {"S": "doctor"}}}
    yield "BatchGetItem", lambda: dynamo.batch_get(client, table, [key])
    yield "Query", lambda: dynamo.call(client.query, TableName=table, Limit=1, **by_user)
    yield "Scan", lambda: dynamo.call(client.scan, TableName=table, Limit=1)
    yield "PutItem", lambda: dynamo.call(client.put_item, TableName=table, Item=key, **nobody)
    yield "DeleteItem", lambda: dynamo.call(client.delete_item, TableName=table, Key=key, **nobody)


def _on_runs(client: Any, table: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    key = {"partition": {"N": "-1"}}
    nobody = {
        "ConditionExpression": "attribute_exists(#p) AND attribute_not_exists(#p)",
        "ExpressionAttributeNames": {"#p": "partition"},
    }
    yield "BatchGetItem", lambda: dynamo.batch_get(client, table, [key])
    yield "PutItem", lambda: dynamo.call(client.put_item, TableName=table, Item=key, **nobody)


def _statement(sid: str, actions: Sequence[str], *resources: str) -> Mapping[str, object]:
    named = sorted(f"dynamodb:{action}" for action in actions)
    return {"Sid": sid, "Effect": "Allow", "Action": named, "Resource": list(resources)}


def _arn(asked: Asked, table: str) -> str:
    """Of any account; the policy is its own's."""
    named = asked.address.removeprefix("aws://") if asked.address.startswith("aws://") else "*"
    return f"arn:aws:dynamodb:{asked.settings.region or named}:*:table/{table}"
