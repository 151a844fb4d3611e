"""One Elasticsearch cluster, asked in JSON: single requests, bulk, and every document behind an alias.

Answers with documents in them stay bytes: `pipeline.sinks.elasticsearch.index` cuts them out, since numbers
must stay as they were written. What stands around them is parsed, wherever a server puts it: 19 ms for a
page of 2,000 documents (1.7 MB), of which reading what they mean takes 50. orjson would take 13, but
refuses half a character in a text, which others may have stored. Everything is read by a scroll: points in
time, which Elastic recommends instead, belong to what its open-source jars lack. Works with servers from
7.17 on. This module knows nothing of decisions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

from pipeline.connections.peek import context
from pipeline.connections.secrets import Secret, text_of
from pipeline.connections.tls import BadFile, TlsFiles
from pipeline.settings.kinds import File
from pipeline.settings.reading import settings
from pipeline.sinks import Secured
from pipeline.sinks.elasticsearch.refusals import (
    BadRequest,
    Failure,
    Missing,
    is_of_the_server,
    refusal,
    stranger,
)

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_PAGE = 2_000
_KEEP = "2m"  # how long a reader of everything may take for one page


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
            raise Failure(_first_line(error)) from error
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

    def bulk(self, body: str) -> list[dict[str, dict[str, Any]]]:
        """The answers to the actions in a body. Raises Failure."""
        wanted = (
            "items.*.status,items.*.result,items.*.error.type,items.*.error.reason,items.*.error.caused_by"
        )
        answer = self.ask("POST", f"/_bulk?timeout=5s&filter_path={wanted}", body.encode())
        items: list[dict[str, dict[str, Any]]] = answer["items"]
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

    def pages(self, alias: str, query: Mapping[str, Any] | None = None) -> Iterator[bytes]:
        """Every document (that a query finds) that was searchable when this began, as answers to a search.
        Raises Failure."""
        if not self.indices(alias):
            return
        body: dict[str, Any] = {"size": _PAGE, "sort": ["_doc"], "version": True}
        body |= {"query": query} if query else {}
        answer = self.raw("POST", f"/{alias}/_search?scroll={_KEEP}&allow_partial_search_results=false", body)
        about = _parsed(answer)
        scroll = about["_scroll_id"]
        try:
            while _hits(about):
                yield answer
                answer = self.raw("POST", "/_search/scroll", {"scroll": _KEEP, "scroll_id": scroll})
                about = _parsed(answer)
                scroll = about["_scroll_id"]
        finally:
            self.ask("DELETE", "/_search/scroll", {"scroll_id": scroll}, missing_ok=True)

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
    options: dict[str, Any] = {}
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


def _hits(about: Mapping[str, Any]) -> bool:
    """Whether a page has documents. Raises Failure where parts of the index did not take part in it."""
    if about["_shards"]["failed"]:
        raise Failure("a part of the index could not be read")
    return bool(about["hits"]["hits"])


def _headers(body: object) -> Mapping[str, str]:
    """The client makes each kind that of its own version, which servers of the next one take as well."""
    kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
    return {"accept": "application/json"} | ({} if body is None else {"content-type": kind})


def _first_line(error: Exception) -> str:
    """What went wrong on the way says as a text only that it did."""
    lines = f"{getattr(error, 'message', '') or error}".strip().splitlines()
    return lines[0] if lines else type(error).__name__
