"""One Elasticsearch cluster, asked in JSON: single requests, bulk, and every document behind an alias.

Answers with documents in them stay bytes: `pipeline.sinks.elasticsearch.index` cuts them out, since numbers
must stay as they were written. What stands around them is parsed, wherever a server puts it: 19 ms for a
page of 2,000 documents (1.7 MB), of which reading what they mean takes 50. orjson would take 13, but
refuses half a character in a text, which others may have stored. Everything is read from a point in time,
each page by the last document of the one before, so that a page of which no answer came is asked for again:
a scroll would go on with the next. Works with servers from 7.17 on. This module knows nothing of decisions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

from pipeline.connections.peek import context
from pipeline.connections.secrets import Secret, text_of
from pipeline.connections.tls import BadFile, TlsFiles
from pipeline.settings.kinds import File
from pipeline.settings.reading import settings
from pipeline.sinks import Secured
from pipeline.sinks.elasticsearch.json_kinds import Json, Seen
from pipeline.sinks.elasticsearch.refusals import (
    BadRequest,
    Failure,
    Missing,
    Unanswered,
    is_of_the_server,
    refusal,
    stranger,
)

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_PAGE = 2_000
_KEEP = "5m"  # how long a reader of everything may take for one page, asking again included
_PAUSES_S = (0.5, 1.0, 2.0)  # before a reader of everything asks again
_SEARCH = "/_search?allow_partial_search_results=false"


@settings()
class Connection(Secured):
    """How a cluster is reached; TLS is said by its address."""

    api_key_file: Annotated[Path, File()] | None = None
    """an API key in the form that goes into requests (`encoded`), instead of user and password"""
    ca_certs: Annotated[Path, File()] | None = None
    """what `ca_file` was called at first"""

    @property
    def tls_files(self) -> TlsFiles:
        """The files of TLS alone."""
        ca_file = self.ca_file or self.ca_certs
        return TlsFiles(ca_file, self.cert_file, self.key_file, self.key_password_file)


class Server:
    """One Elasticsearch cluster, asked in JSON. Not safe for use by two threads."""

    def __init__(self, address: str, secret: Secret, settings: Connection | None = None) -> None:
        self._address = address if "://" in address else f"http://{address}"
        self._secret = secret
        self._settings = settings or Connection()
        self._client: Elasticsearch | None = None

    def raw(self, method: str, path: str, body: object = None) -> bytes:
        """The answer as it came. Raises Failure."""
        import elasticsearch  # half a second, and profiles are read by what a sink can be told

        try:
            client = self._connection()
            answer: Any = client.perform_request(method, path, headers=_headers(body), body=body)
        except elasticsearch.ApiError as error:
            failure = refusal(error)
            if not isinstance(failure, BadRequest | Missing):
                self.close()
            raise failure from error
        except elasticsearch.TransportError as error:
            self.close()
            raise Unanswered(_first_line(error)) from error
        except (OSError, BadFile) as error:
            raise Failure(str(error)) from error
        if not is_of_the_server(answer.meta) or not isinstance(answer.body, bytes):
            self.close()
            raise stranger(answer.meta, answer.body)
        return answer.body

    def ask(self, method: str, path: str, body: object = None, *, missing_ok: bool = False) -> Any:
        """The answer parsed; {} where what is asked about is not there and need not be."""
        try:
            return _parsed(self.raw(method, path, body))
        except Missing:
            if missing_ok:
                return {}
            raise

    def bulk(self, body: str) -> list[dict[str, Json]]:
        """The answers to the actions in a body. Raises Failure."""
        wanted = (
            "items.*.status,items.*.result,items.*.error.type,items.*.error.reason,items.*.error.caused_by"
        )
        answer = self.ask("POST", f"/_bulk?timeout=5s&filter_path={wanted}", body.encode())
        items: list[dict[str, Json]] = answer["items"]
        return items

    def create(self, index: str) -> None:
        """An index by the template that fits its name, unless it is there."""
        try:
            self.ask("PUT", f"/{index}")
        except BadRequest as error:
            if error.kind != "resource_already_exists_exception":
                raise

    def indices(self, alias: str) -> list[str]:
        """The indices behind an alias, none if there is no such alias."""
        return sorted(self.ask("GET", f"/_alias/{alias}", missing_ok=True))

    def pages(self, alias: str, query: Seen | None = None) -> Iterator[bytes]:
        """Every document (that a query finds) that was held when this began, as answers to a search.

        A server that is not there is told at once; what is not answered later is asked again.
        Raises Failure.
        """
        indices = self.indices(alias)
        for index in indices:
            self._patiently("POST", f"/{index}/_refresh")
        if not indices:
            return
        body: Json = {"size": _PAGE, "sort": ["_shard_doc"], "version": True}
        body |= {"track_total_hits": False} | ({"query": query} if query else {})
        with self._point_in_time(alias) as point:
            while True:
                answer = self._patiently("POST", _SEARCH, body | {"pit": point})
                about = _parsed(answer)
                if not (hits := _hits(about)):
                    return
                yield answer
                point["id"], body["search_after"] = about["pit_id"], hits[-1]["sort"]

    @contextmanager
    def _point_in_time(self, alias: str) -> Iterator[dict[str, str]]:
        """What lies behind the alias now, whatever is written meanwhile."""
        opened = _parsed(self._patiently("POST", f"/{alias}/_pit?keep_alive={_KEEP}"))
        point = {"id": opened["id"], "keep_alive": _KEEP}
        try:
            yield point
        finally:
            with suppress(Failure):  # the server gives it up by itself, later
                self.ask("DELETE", "/_pit", {"id": point["id"]})

    def _patiently(self, method: str, path: str, body: object = None) -> bytes:
        """The answer to what changes nothing, asked a few times until one comes. Raises Failure."""
        for pause_s in _PAUSES_S:
            try:
                return self.raw(method, path, body)
            except Unanswered:
                time.sleep(pause_s)
        return self.raw(method, path, body)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connection(self) -> Elasticsearch:
        if self._client is None:
            self._client = _open(self._address, self._secret, self._settings)
        return self._client


def _open(address: str, secret: Secret, settings: Connection) -> Elasticsearch:
    """Raises OSError for files that cannot be read."""
    from elastic_transport import JsonSerializer
    from elasticsearch import Elasticsearch

    class Untouched(JsonSerializer):
        """Answers stay bytes: documents are cut out of them, which is cheaper and exact."""

        def loads(self, data: bytes) -> Any:
            return data

    parts = urlsplit(address)
    options: Json = {}
    if parts.scheme == "https":
        options["ssl_context"] = context(settings.tls_files)
    if (text := text_of(secret)) is not None and parts.username and settings.api_key_file is None:
        options["basic_auth"] = (unquote(parts.username), text)
    elif text is not None:
        options["api_key"] = text
    port = parts.port or (443 if parts.scheme == "https" else 9200)
    return Elasticsearch(
        f"{parts.scheme}://{parts.hostname}:{port}{parts.path}",
        request_timeout=30,
        max_retries=0,
        retry_on_timeout=False,
        serializer=Untouched(),
        **options,
    )


def _parsed(answer: bytes) -> Any:
    """Raises Failure for what is nested so deeply that nobody reads it."""
    try:
        return json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise Failure(f"an answer cannot be read: {error}") from error


def _hits(about: Seen) -> list[Json]:
    """The documents of a page. Raises Failure where parts of the index did not take part in it."""
    if about["_shards"]["failed"]:
        raise Failure("a part of the index could not be read")
    hits: list[Json] = about["hits"]["hits"]
    return hits


def _headers(body: object) -> Mapping[str, str]:
    """The client makes each kind that of its own version, which servers of the next one take as well."""
    kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
    return {"accept": "application/json"} | ({} if body is None else {"content-type": kind})


def _first_line(error: Exception) -> str:
    """What went wrong on the way says as a text only that it did."""
    lines = f"{getattr(error, 'message', '') or error}".strip().splitlines()
    return lines[0] if lines else type(error).__name__
