"""How DynamoDB is reached: addresses, tables, and which errors mean "not now" and which "never".

Knows nothing of what is stored. Every call goes through `call`, so that what the client library raises is
translated in one place.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.connections import aws
from pipeline.connections.aws import Access
from pipeline.connections.trouble import Trouble

NOBODY = Access()
Attribute = dict[str, Any]
"""a value as DynamoDB has it, below the letter of its kind"""
Answer = dict[str, Any]
"""what the service is asked and answers, in its own shapes: botocore checks what it is asked"""
Item = dict[str, Attribute]
"""An item in DynamoDB's own form: attribute name to {type: value}."""

_READY_S = 30.0
_PAGE = 1_000
_NEVER = ("ValidationException",)


class Unreachable(Exception):
    """Not now: no connection, throttled, no such table yet, not allowed; `trouble` where it is known why."""

    def __init__(self, message: str, trouble: Trouble | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble


class Invalid(Exception):
    """Never: what was sent will not be taken however often it is tried."""


class Unmet(Exception):
    """The condition of a write did not hold."""


@dataclass(frozen=True)
class Table:
    """One table of ours. `key` is (partition, sort) attribute names with their types, S or N.

    `index` is the partition attribute of a sparse index over everything, named after it.
    """

    name: str
    key: tuple[tuple[str, str], ...]
    streams: bool = False
    index: str | None = None
    ttl: str | None = "expires_at"


@functools.lru_cache(maxsize=8)
def client(
    address: str,
    access: Access = NOBODY,
    service: str = "dynamodb",
    threads: int = 10,
    region: str | None = None,
    attempts: int = 1,
) -> Any:
    """A client, safe for many threads. `address` is one of

    - `host:port`: a stack's own server; without a secret, any credentials
    - `aws` or `aws://REGION`: the real service; credentials are found as AWS tools find them
    - a URL: that endpoint, with credentials found the same way

    What `access` says goes before what would be found, as `region` does. With more `attempts` than one a
    request that is throttled, or not answered in time, is made again after growing pauses. Raises
    Unreachable, for an unknown region or a file that cannot be read.
    """
    # Profiles are read by what a sink can be told, and that shall not cost botocore's tenth of a second.
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    options: Answer = {}
    if address.startswith("aws"):
        options["region_name"] = address.removeprefix("aws").removeprefix("://") or None
    elif "://" in address:
        options["endpoint_url"] = address
    else:
        options = {"endpoint_url": f"http://{address}", "region_name": "us-east-1"}
        access = replace(access, secret=access.secret or "local:local")
    if region is not None:
        options["region_name"] = region
    settings = Config(
        connect_timeout=3,
        read_timeout=10,
        max_pool_connections=threads,
        tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": attempts},
        parameter_validation=False,
    )
    try:
        return aws.client(service, settings, access, **options)
    except (BotoCoreError, OSError, ValueError) as error:
        raise Unreachable(str(error), aws.trouble_of(error)) from error


def call(act: Callable[..., Any], **arguments: Any) -> Answer:
    """One request. Raises Unreachable, Invalid or Unmet."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # as in `client`

    try:
        answer: Answer = act(**arguments)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ConditionalCheckFailedException":
            raise Unmet from error
        if code in _NEVER:
            raise Invalid(str(error)) from error
        raise Unreachable(str(error), aws.trouble_of(error)) from error
    except (BotoCoreError, HTTPClientError, OSError, ValueError) as error:
        raise Unreachable(str(error) or type(error).__name__, aws.trouble_of(error)) from error
    return answer


def error_code(error: BaseException) -> str:
    """The service's own code of what `call` raised, empty where there is none."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def ensure(connection: Any, table: Table, *, create: bool = True) -> None:
    """Return when the table is there and as we need it, creating it where that is allowed.

    Raises Unreachable, also for a table of that name with another key.
    """
    until = time.monotonic() + _READY_S
    while (found := describe(connection, table.name)) is None or found["TableStatus"] != "ACTIVE":
        if found is None and create:
            _create(connection, table)
        elif found is None or time.monotonic() > until:
            raise Unreachable(f"table {table.name}: {'missing' if found is None else found['TableStatus']}")
        else:
            time.sleep(0.1)
    _check(found, table)
    if table.ttl and create:
        _expire(connection, table)


def pages(act: Callable[..., Any], **arguments: Any) -> Iterator[Item]:
    """Every item of a query or scan, page by page."""
    # without a limit DynamoDB Local takes the whole table into its memory for every page
    arguments.setdefault("Limit", _PAGE)
    while True:
        answer = call(act, **arguments)
        yield from answer.get("Items", ())
        if not (last := answer.get("LastEvaluatedKey")):
            return
        arguments["ExclusiveStartKey"] = last


def batch_get(connection: Any, table: str, keys: Sequence[Item], **options: Any) -> list[Item]:
    """The items under up to 100 keys, read consistently; missing ones are left out."""
    found: list[Item] = []
    while keys:
        wanted = {table: {"Keys": keys, "ConsistentRead": True, **options}}
        answer = call(connection.batch_get_item, RequestItems=wanted)
        found += answer["Responses"].get(table, ())
        left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if len(left) == len(keys):
            raise Unreachable("throttled: no key of a batch was processed")
        keys = left
    return found


def may(act: Callable[[], Any]) -> bool:
    """Whether what is asked of a table is not refused for want of a right."""
    try:
        act()
    except Unmet:
        return True
    except Unreachable as error:
        return error.trouble is not Trouble.PERMISSION
    return True


def text(value: object) -> Attribute:
    """An attribute of type S."""
    return {"S": str(value)}


def number(value: object) -> Attribute:
    """An attribute of type N; what is given must read as a number."""
    return {"N": str(value)}


def string_of(item: Mapping[str, Attribute], name: str) -> str | None:
    """The text of an S or N attribute; None where it is absent or of another type."""
    value = item.get(name) or {}
    found = value.get("S", value.get("N"))
    return found if isinstance(found, str) else None


def int_of(item: Mapping[str, Attribute], name: str, default: int = 0) -> int:
    """The whole number in an attribute, else the default."""
    try:
        return int(string_of(item, name) or default)
    except ValueError:
        return default


def describe(connection: Any, table: str) -> Answer | None:
    """What is said of the table of that name; None where there is none. Raises Unreachable."""
    try:
        found: Answer = call(connection.describe_table, TableName=table)["Table"]
    except Unreachable as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise
    return found


def _create(connection: Any, table: Table) -> None:
    kinds = ("HASH", "RANGE")
    names = dict(table.key) | ({table.index: "S"} if table.index else {})
    options: Answer = {}
    if table.streams:
        options["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    if table.index:
        options["GlobalSecondaryIndexes"] = [
            {
                "IndexName": table.index,
                "KeySchema": [{"AttributeName": table.index, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ]
    try:
        call(
            connection.create_table,
            TableName=table.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in names.items()],
            KeySchema=[
                {"AttributeName": n, "KeyType": k} for (n, _), k in zip(table.key, kinds, strict=False)
            ],
            **options,
        )
    except Unreachable as error:
        if error_code(error) != "ResourceInUseException":  # another process was quicker
            raise


def _check(found: Answer, table: Table) -> None:
    types = {one["AttributeName"]: one["AttributeType"] for one in found["AttributeDefinitions"]}
    key = tuple((one["AttributeName"], types[one["AttributeName"]]) for one in found["KeySchema"])
    if key != table.key:
        raise Unreachable(f"table {table.name} has the key {key}, not {table.key}")
    if table.streams and not (found.get("StreamSpecification") or {}).get("StreamEnabled"):
        raise Unreachable(f"table {table.name} has no stream")


def _expire(connection: Any, table: Table) -> None:
    known = call(connection.describe_time_to_live, TableName=table.name)["TimeToLiveDescription"]
    if known.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"):
        return
    try:
        call(
            connection.update_time_to_live,
            TableName=table.name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl},
        )
    except Invalid:  # another process was quicker
        known = call(connection.describe_time_to_live, TableName=table.name)["TimeToLiveDescription"]
        if known.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
            raise
