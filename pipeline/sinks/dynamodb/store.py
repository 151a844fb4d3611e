"""The tables of the sink at one address, and several requests to them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from pipeline.connections.secrets import Secret
from pipeline.records.decision_record import Identity
from pipeline.sinks import Unavailable
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb import items
from pipeline.sinks.dynamodb.client import Invalid, Item, Table, Unreachable
from pipeline.sinks.dynamodb.settings import Settings

_KEYS = 100  # in one BatchGetItem
# A page of a table that is read whole: to begin anew costs all that was read, and reading much is throttled.
_ATTEMPTS = 5

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Store:
    """The tables, and several requests at once."""

    def __init__(self, address: str, secret: Secret, settings: Settings, *, is_reader: bool = False) -> None:
        self.table = items.alerts_table(settings.table)
        self.runs_table = Table(runs_name(settings.table), (("partition", "N"),), ttl=None)
        self._address, self._access, self._region = address, settings.access(secret), settings.region
        self._threads = 1 if is_reader else settings.threads
        self._create = settings.create and not is_reader
        self._client: Any = None
        self._patient: Any = None
        self._pool: ThreadPoolExecutor | None = None

    @property
    def client(self) -> Any:
        if self._client is None:
            client = self._connect(attempts=1)
            for table in (self.table, self.runs_table):
                dynamo.ensure(client, table, create=self._create)
            self._client = client
        return self._client

    @property
    def patient(self) -> Any:
        """A client that asks again, for what is read page by page; who writes tries again by itself."""
        _ = self.client  # tables first
        self._patient = self._patient or self._connect(attempts=_ATTEMPTS)
        return self._patient

    def _connect(self, attempts: int) -> Any:
        return dynamo.client(
            self._address, self._access, threads=self._threads + 2, region=self._region, attempts=attempts
        )

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
        return dynamo.pages(self.patient.scan, TableName=self.table.name, ConsistentRead=True, **options)

    def of_user(self, user_id: str, **options: Any) -> Iterator[Item]:
        return dynamo.pages(
            self.patient.query,
            TableName=self.table.name,
            ConsistentRead=True,
            KeyConditionExpression="user_id = :u",
            ExpressionAttributeValues={":u": dynamo.text(user_id)},
            **options,
        )

    def close(self) -> None:
        self._client = self._patient = None
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def runs_name(table: str) -> str:
    """The table beside the alerts that says which runs each partition carried."""
    return f"{table}_runs"


@contextmanager
def translated() -> Iterator[None]:
    """Raises Unavailable for what the service refuses outside of a single decision."""
    try:
        yield
    except (Unreachable, Invalid) as error:
        raise Unavailable(str(error), getattr(error, "trouble", None)) from error
