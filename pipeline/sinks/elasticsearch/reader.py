"""What Elasticsearch holds, for people who search: decisions by words, names and times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.connections.secrets import Secret
from pipeline.records.identity import stored_id
from pipeline.sinks import Damaged, Unavailable, naming
from pipeline.sinks.elasticsearch import Settings
from pipeline.sinks.elasticsearch.index import ALIAS
from pipeline.sinks.elasticsearch.json_kinds import Json, Seen
from pipeline.sinks.elasticsearch.refusals import BadRequest, Failure
from pipeline.sinks.elasticsearch.server import Server

_NEEDED = ("user_id", "event_id", "amount", "score", "decision", "reasons")


class BadQuery(Exception):
    """The text of a query cannot be read; the words are the server's."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for; every part that is given must be met. `since_ms` is an append time."""

    query: str | None = None
    user: str | None = None
    ip: str | None = None
    since_ms: int | None = None
    decision: str | None = None
    rule: str | None = None
    limit: int = 20

    def body(self) -> Mapping[str, object]:
        """The request in Elasticsearch's query language."""
        filters: list[Mapping[str, object]] = [{"term": {name: value}} for name, value in self._terms()]
        if self.since_ms is not None:
            filters.append({"range": {"decided_at": {"gte": self.since_ms, "format": "epoch_millis"}}})
        wanted: dict[str, object] = {"filter": filters}
        if self.query:
            text = {"query": self.query, "default_operator": "AND", "lenient": True}
            wanted["must"] = {"query_string": text}
        return {
            "query": {"bool": wanted},
            "sort": [{"decided_at": "desc"}, {"position": "desc"}],
            "size": self.limit,
            "track_total_hits": True,
        }

    def _terms(self) -> list[tuple[str, str]]:
        place = "ip.range" if self.ip and "/" in self.ip else "ip"
        terms = (("user_id", self.user), (place, self.ip), ("decision", self.decision))
        return [(name, value) for name, value in (*terms, ("reasons.rule", self.rule)) if value is not None]


@dataclass(frozen=True, slots=True)
class Answer:
    """The newest decisions found, one for each event, and how many documents there are in all."""

    decisions: tuple[Seen, ...]
    total: int
    damaged: tuple[str, ...] = ()
    """the documents among them that are no decisions, named"""


def find(address: str, secret: Secret, settings: Settings, search: Search) -> Answer:
    """What the sink with these settings has stored there. Raises BadQuery, Unavailable."""
    server = Server(address, secret, settings)
    try:
        hits = ask(server, search.body(), settings.index)["hits"]
    except BadRequest as error:
        raise BadQuery(str(error)) from error
    except Failure as error:
        raise Unavailable(str(error), error.trouble) from error
    finally:
        server.close()
    decisions, damaged = read(hits["hits"])
    return Answer(tuple(decisions), hits["total"]["value"], tuple(damaged))


def ask(server: Server, body: Seen, alias: str = ALIAS) -> Json:
    """A search over everything behind the alias; nothing is found where there is no index yet.

    Raises BadRequest for a query the server cannot read, else Failure.
    """
    path = f"/{alias}/_search?ignore_unavailable=true&allow_no_indices=true"
    answer: Json = server.ask("POST", path, body)
    return answer


def read(hits: Iterable[Seen]) -> tuple[list[Seen], list[str]]:
    """The newest decision of each event among the server's hits, and what is none, named.

    An event has two where it was sent again, much later, with another month's time.
    """
    newest: dict[tuple[str, str], tuple[int, Seen]] = {}
    damaged = []
    for hit in hits:
        try:
            with naming(f"{hit['_index']}/{hit['_id']}"):
                position, document = int(hit["_source"]["position"]), _shown(hit["_source"])
                identity = document["user_id"], document["event_id"]
        except Damaged as error:
            damaged.append(str(error))
            continue
        if identity not in newest or position > newest[identity][0]:
            newest[identity] = position, document
    return [document for _, document in newest.values()], damaged


def _shown(document: Seen) -> Seen:
    """Raises KeyError, TypeError and others where it is no decision."""
    for name in _NEEDED:
        _ = document[name]
    for reason in document["reasons"]:
        _ = reason["text"]
    decided = datetime.fromtimestamp(document["decided_at"] / 1000, UTC)
    text = decided.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    stored = stored_id(document["event_id"], document.get("content_hash"))
    shown = {name: value for name, value in document.items() if name != "extra_terms"}
    return shown | {"event_id": stored, "decided_at": text}
