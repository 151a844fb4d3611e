"""DynamoDB and its streams as moto has them, kept on disk: `python -m fraudctl.servers._moto`.

moto answers as the service does, out of memory, with a thread for each connection and no deletion by time to
live. What is added here: one request at a time, so that a condition and its write are one step; a journal of
every write, out of which the next start makes the same tables and streams; and the deletion of what is over,
told in the stream as the service tells it. Everything that is no request to DynamoDB is refused.

Told a file with an access key, it answers only requests that are signed with that key. Only the id of the key
is looked at, so it is as secret as a password. Without, whoever reaches the port may do anything.
"""

from __future__ import annotations

import argparse
import hmac
import json
import logging
import re
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client

from fraudctl.home.private_files import make_folder, open_private
from pipeline.process import logs

SWEEP_S: Final = 5.0
_SERVICES: Final[Mapping[str, Literal["dynamodb", "dynamodbstreams"]]] = {
    "DynamoDB_": "dynamodb",
    "DynamoDBStreams_": "dynamodbstreams",
}
"""By how the targets of their requests begin."""
_READS: Final = ("BatchGetItem", "Describe", "Get", "List", "Query", "Scan", "TransactGetItems")
_MOST_ITERATORS: Final = 1_000
_KEY_ID: Final = re.compile(r"Credential=([^/\s,]+)/")
_STRANGER: Final = json.dumps(
    {
        "__type": "com.amazon.coral.service#UnrecognizedClientException",
        "message": "The security token included in the request is invalid.",
    }
).encode()
_EXPIRED_BY: Final = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}

log = logging.getLogger("dynamodb")

Environ = dict[str, Any]
Start = Callable[..., Any]


class Journal:
    """Every write since the first start, a line each. It outlives a kill, not a power cut."""

    def __init__(self, file: Path) -> None:
        self._file = file
        make_folder(file.parent)
        self._lines = open_private(file, "ab")

    def append(self, entry: Mapping[str, Any]) -> None:
        self._lines.write(json.dumps(entry).encode() + b"\n")
        self._lines.flush()

    def close(self) -> None:
        self._lines.close()

    def entries(self) -> Iterator[dict[str, Any]]:
        """What was written before. A last line without an end was not answered, and is cut off."""
        whole = 0
        with self._file.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                yield json.loads(line)
        self._lines.truncate(whole)


class Kept:
    """moto's DynamoDB as a WSGI application, with its journal, for those who know the key in the file."""

    def __init__(self, journal: Journal, credentials: Path | None = None) -> None:
        # by target; moto's own dispatcher looks into its folder of modules for every request
        self._apps = {target: create_backend_app(service) for target, service in _SERVICES.items()}
        self._journal, self._turn, self._credentials = journal, threading.Lock(), credentials

    def replay(self) -> int:
        """Do again what the journal has; how many writes that were."""
        client, done = Client(self._app), 0
        for entry in self._journal.entries():
            if "expired" in entry:
                _expire(*entry["expired"])
            else:
                client.post("/", data=entry["body"].encode(), headers=entry["headers"])
            done += 1
        return done

    def _app(self, environ: Environ, start: Start) -> Iterable[bytes]:
        target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
        app = next(app for prefix, app in self._apps.items() if target.startswith(prefix))
        answer: Iterable[bytes] = app(environ, start)
        return answer

    def sweep(self, now_s: float) -> None:
        """Delete the items whose time is over."""
        with self._turn:
            for place, item in list(_over(now_s)):
                self._journal.append({"expired": [*place, item]})
                _expire(*place, item)

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
        if not target.startswith(tuple(_SERVICES)):
            start("404 Not Found", [("Content-Length", "0")])
            return []
        if not self._knows(str(environ.get("HTTP_AUTHORIZATION", ""))):
            start("400 Bad Request", [("Content-Type", "application/x-amz-json-1.0")])
            return [_STRANGER]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        with self._turn:
            return self._answer(environ, start, target, body)

    def _knows(self, signature: str) -> bool:
        """The file is read for each request, so that another key counts at once."""
        if self._credentials is None:
            return True
        shown = _KEY_ID.search(signature)
        wanted = self._credentials.read_text(encoding="utf-8").strip().partition(":")[0]
        return shown is not None and hmac.compare_digest(shown[1].encode(), wanted.encode())

    def _answer(self, environ: Environ, start: Start, target: str, body: bytes) -> Iterable[bytes]:
        said: list[str] = []

        def started(status: str, *others: Any) -> Any:
            said.append(status)
            return start(status, *others)

        answer = list(self._app(environ, started))
        if said[0].startswith("200") and not target.partition(".")[2].startswith(_READS):
            self._journal.append({"headers": _headers(environ), "body": body.decode()})
        _forget_iterators()
        return answer


def _headers(environ: Environ) -> dict[str, str]:
    """What moto needs of a request to do it again: what is asked, in which region; not with which key."""
    names = {"X-Amz-Target": "HTTP_X_AMZ_TARGET", "Authorization": "HTTP_AUTHORIZATION"}
    given = {name: str(environ[key]) for name, key in names.items() if key in environ}
    given = {name: _KEY_ID.sub("Credential=journal/", value) for name, value in given.items()}
    return {**given, "Content-Type": "application/x-amz-json-1.0"}


def _tables() -> Iterator[tuple[tuple[str, str, str], Any]]:
    """Every table, by account, region and name."""
    for account, regions in dynamodb_backends.items():
        for region, backend in regions.items():
            for name, table in backend.tables.items():
                yield (account, region, name), table


def _over(now_s: float) -> Iterator[tuple[tuple[str, str, str], list[Any]]]:
    """The keys of the items whose time is over: a number of seconds in their table's attribute says so."""
    for place, table in _tables():
        if table.ttl["TimeToLiveStatus"] != "ENABLED":
            continue
        for item in table.all_items():
            end = item.attrs.get(table.ttl["AttributeName"])
            if end is not None and end.type == "N" and float(end.value) < now_s:
                yield place, [key and key.to_json() for key in (item.hash_key, item.range_key)]


def _expire(account: str, region: str, name: str, key: list[Any]) -> None:
    """Delete one item as the service does."""
    table = dynamodb_backends[account][region].tables[name]
    table.delete_item(*(part and DynamoType(part) for part in key))
    if table.stream_shard is not None and table.stream_shard.items:
        table.stream_shard.items[-1].record["userIdentity"] = _EXPIRED_BY


def _forget_iterators() -> None:
    """moto keeps the iterator of each question to a stream for good."""
    for regions in dynamodbstreams_backends.values():
        for backend in regions.values():
            known = backend.shard_iterators
            while len(known) > _MOST_ITERATORS:
                del known[next(iter(known))]


class _Quiet(WSGIRequestHandler):
    """Keeps connections, and writes no line a request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None:
        """Nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="fraudctl.servers._moto", description="DynamoDB as moto has it.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--credentials", type=Path, help="the file with the access key, id:secret")
    told = parser.parse_args()
    logs.begin(logging.WARNING)
    log.setLevel(logging.INFO)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    kept = Kept(Journal(told.data / "journal.jsonl"), told.credentials)
    log.info("%d writes are done again", kept.replay())
    server = make_server(told.host, told.port, kept, threaded=True, request_handler=_Quiet)
    threading.Thread(target=_sweep, args=(kept,), name="sweep", daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        log.info("ends")


def _sweep(kept: Kept) -> None:
    while True:
        time.sleep(SWEEP_S)
        kept.sweep(time.time())


if __name__ == "__main__":
    main()
