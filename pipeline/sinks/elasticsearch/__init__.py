"""Writes decisions to Elasticsearch for audit search, into one index for each month of event time.
A repeat finds its document by `_id` and loses or is written again, for the version is the position.

Holds every decision, or flagged ones only (`flagged_only`). A first attempt writes only over lower
versions. What conflicts is then written once more over lower *or equal* ones: only an equal version that
the server acknowledges anew is known to be durable, and if both attempts lose, a newer one is held.

Bounds, see docs/sinks/elasticsearch.md. With `flagged_only`, a newer decision that is approved deletes the
document, and the server remembers the deleted version for `GC_DELETES`; an *older run's* decision that
comes later than that could raise a flag again. An event sent again after the dedup window with the time of
another month has a document in each of both; whoever reads takes the one with the greatest position.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from pipeline.connections.secrets import Secret
from pipeline.connections.trouble import Trouble
from pipeline.records.decision_bytes import Parts, Undecodable, take_apart
from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks import Entry, Held, Outcome, Refused, Unavailable, naming
from pipeline.sinks.ageing import Dropped
from pipeline.sinks.elasticsearch import index as audit_index
from pipeline.sinks.elasticsearch.index import Found, Unread, document_id
from pipeline.sinks.elasticsearch.json_kinds import Seen
from pipeline.sinks.elasticsearch.months import NO_ROOM, Months, month_end_ms
from pipeline.sinks.elasticsearch.refusals import Failure, trouble, words
from pipeline.sinks.elasticsearch.server import Server
from pipeline.sinks.elasticsearch.settings import Settings as Settings
from pipeline.sinks.erasing import erase_events
from pipeline.sinks.folding import fold

_BODY_CHARS = 8 << 20  # the most one request carries, unless a single document is longer
_PAGE = 2_000
_FORGET_S = 10.0
# Refusals of a request's content; with these reasons it is the index that is at fault, and only for now.
_NOT_THE_DOCUMENT = ("index_closed_exception", NO_ROOM, "index_not_found_exception")


def connect(address: str, secret: Secret, settings: Settings) -> ElasticsearchSink:
    """A sink for the server at `address` (a URL, or host:port).

    `secret` is the password of the user in the URL, or an API key where it names none.
    """
    return ElasticsearchSink(Server(address, secret, settings), settings)


class ElasticsearchSink:
    """See the module. Connects, and puts the index template, at the first write."""

    fields = audit_index.COMPARED

    def __init__(self, server: Server, settings: Settings) -> None:
        self.flagged_only = settings.flagged_only
        self._server = server
        self._alias = settings.index
        self._months = Months(server, settings.index)
        self._retention_ms = settings.retention_ms

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        newest, outcome = fold(batch, self._action)
        with _not_now():
            actions = self._needed([action for _, action in newest])
            outcome += Outcome(written=len(newest) - len(actions))
            homeless = self._months.prepare((one.place, one.append_ms) for one in actions)
            refused = [
                Refused(one.delivery, homeless[one.place])
                for one in actions
                if one.delivery and one.place in homeless
            ]
            actions = [one for one in actions if one.place not in homeless]
            first = self._attempt(actions, "external")
            second = self._attempt(first.lost, "external_gte")
        known = second.written - second.created + len(second.lost)
        written = first.written + second.created
        return outcome + Outcome(written, known, refused + first.refused + second.refused)

    def held(self, user_id: str, event_id: str) -> Held | None:
        newest: Held | None = None
        with _not_now():
            for found in self._get([document_id((user_id, event_id))]):
                with naming(f"{found.place}/{found.id}"):
                    document = json.loads(found.text)
                    if newest is None or document["position"] > newest.position:
                        rules = tuple(hit["rule"] for hit in document["reasons"])
                        newest = Held(document["position"], document["score"], document["decision"], rules)
        return newest

    def close(self) -> None:
        self._months.clear()
        self._server.close()

    def expected(self, delivery: Delivery, parts: Parts) -> Entry | None:
        if self.flagged_only and parts.verdict["decision"] == "approve":
            return None
        entry = _entry(audit_index.expected(delivery, parts))
        if self._retention_ms is None:
            return entry
        month = audit_index.month(parts.transaction["event_time"])
        return entry._replace(expires_ms=month_end_ms(month) + self._retention_ms)

    def expire(self, now_ms: int) -> Dropped:
        if self._retention_ms is None:
            return Dropped()
        with _not_now():
            return Dropped(self._months.drop(now_ms - self._retention_ms))

    def entries(self) -> Iterator[Entry]:
        with _not_now():
            for page in self._server.pages(self._alias):
                yield from (self._read(found) for found in audit_index.documents(page))

    def look_up(self, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
        newest: dict[Identity, Entry] = {}
        with _not_now():
            for entry in map(self._read, self._get([document_id(one) for one in identities])):
                if entry.identity not in newest or entry.position > newest[entry.identity].position:
                    newest[entry.identity] = entry
        return newest

    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None:
        """Deletes by the version that was read, so that what is written meanwhile stays.

        A deleted document's version would beat the position that is to be put back where someone else
        has raised it; so the servers are made to forget the versions of all that is not held.
        """
        limits = {document_id(identity): upto for identity, upto in doomed}
        deletions, kept = [], set()
        with _not_now():
            for found in self._get(list(limits)):
                if self._read(found).position <= limits[found.id]:
                    deletions.append(_Action(None, found.place, found.id, found.version, None))
                else:
                    kept.add((found.place, found.id))
            kept |= {(one.place, one.id) for one in self._attempt(deletions, "external_gte").lost}
            for index in self._server.indices(self._alias):
                self._forget_versions(index, [one for one in limits if (index, one) not in kept])

    def of_user(self, user_id: str) -> Iterator[Identity]:
        with _not_now():
            for page in self._server.pages(self._alias, {"term": {"user_id": user_id}}):
                yield from (self._read(found).identity for found in audit_index.documents(page))

    def erase(self, user_id: str) -> int:
        return erase_events(self, user_id)

    def _read(self, found: Found) -> Entry:
        return _entry(audit_index.read(found, self._alias))

    def _forget_versions(self, index: str, ids: list[str]) -> None:
        """Until a deletion of version 0 no longer conflicts with the memory of a deleted document."""
        settings = f"/{index}/_settings"
        self._server.ask("PUT", settings, {"index.gc_deletes": "0s"})
        try:
            until = time.monotonic() + _FORGET_S
            actions = [_Action(None, index, one, 0, None) for one in ids]
            while actions:
                self._server.ask("POST", f"/{index}/_refresh")
                actions = self._attempt(actions, "external_gte").lost
                if actions and time.monotonic() > until:
                    raise Unavailable(f"{index} still remembers {len(actions)} deleted versions")
                if actions:
                    time.sleep(0.05)  # the server's own clock ticks every 200 ms
        finally:
            self._server.ask("PUT", settings, {"index.gc_deletes": audit_index.GC_DELETES})

    def _action(self, delivery: Delivery) -> _Action:
        parts = take_apart(delivery.value)
        try:
            identity = parts.identity
            index = f"{self._alias}-{audit_index.month(parts.transaction['event_time'])}"
            approved = parts.verdict["decision"] == "approve"
            document = None if approved and self.flagged_only else audit_index.document(delivery, parts)
            name = document_id(identity)
            return _Action(delivery, index, name, delivery.position, document, identity)
        except (TypeError, AttributeError) as error:
            raise Undecodable(f"of another shape: {error}") from None

    def _needed(self, actions: list[_Action]) -> list[_Action]:
        """Without the deletions of what is not there and cannot come: older runs alone could raise it."""
        unsure = [one for one in actions if one.document is None and one.run <= 1]
        if not unsure:
            return actions
        there = {found.id for found in self._get([one.id for one in unsure])}
        return [one for one in actions if one.document is not None or one.run > 1 or one.id in there]

    def _get(self, ids: Sequence[str]) -> Iterator[Found]:
        """What the server holds under these identifiers now, searchable or not, in every month."""
        for index in self._server.indices(self._alias):
            for start in range(0, len(ids), _PAGE):
                page = {"ids": list(ids[start : start + _PAGE])}
                yield from audit_index.documents(self._server.raw("POST", f"/{index}/_mget", page))

    def _attempt(self, actions: Sequence[_Action], version_type: str) -> _Attempt:
        """Send actions in requests of a bounded size. Raises Unavailable, also if a few were done."""
        attempt = _Attempt()
        lines: list[str] = []
        first, size = 0, 0
        for number, action in enumerate(actions):
            line = action.lines(version_type)
            if lines and size + len(line) > _BODY_CHARS:
                self._send(actions[first:number], lines, attempt)
                lines, first, size = [], number, 0
            lines.append(line)
            size += len(line)
        if lines:
            self._send(actions[first:], lines, attempt)
        return attempt

    def _send(self, actions: Sequence[_Action], lines: list[str], attempt: _Attempt) -> None:
        for action, item in zip(actions, self._server.bulk("".join(lines)), strict=True):
            (answer,) = item.values()
            attempt.note(action, answer)
        if attempt.not_now:
            raise Unavailable(attempt.not_now, attempt.trouble)


class _Action(NamedTuple):
    """A document to be written into an index (its place), or deleted where it is None, at a version."""

    delivery: Delivery | None
    place: str
    id: str
    version: int
    document: str | None
    identity: Identity = ("", "")

    @property
    def run(self) -> int:
        return self.delivery.run if self.delivery else 0

    @property
    def append_ms(self) -> int:
        return self.delivery.append_ms if self.delivery else 0

    def lines(self, version_type: str) -> str:
        kind = "delete" if self.document is None else "index"
        about = (
            f'{{"{kind}":{{"_index":"{self.place}","_id":{_json(self.id)},'
            f'"version":{self.version},"version_type":"{version_type}"}}}}\n'
        )
        return about if self.document is None else f"{about}{self.document}\n"


class _Attempt:
    """What became of actions: done, lost to a version that is held, refused for good, or not now."""

    def __init__(self) -> None:
        self.written = 0
        self.created = 0
        self.refused: list[Refused] = []
        self.lost: list[_Action] = []
        self.not_now = ""
        self.trouble: Trouble | None = None

    def note(self, action: _Action, answer: Seen) -> None:
        status, error = answer["status"], answer.get("error")
        if status == 409:
            self.lost.append(action)
        elif error is None:
            self.written += 1
            self.created += answer.get("result") == "created"
        elif status == 400 and error.get("type") not in _NOT_THE_DOCUMENT and action.delivery:
            self.refused.append(Refused(action.delivery, words(error)))
        else:
            self.not_now = words(error)
            self.trouble = trouble(status, error.get("type", ""))


def _entry(one: audit_index.Comparable) -> Entry:
    return Entry(*one.identity, one.position, one.fields, None, one.partition)


@contextmanager
def _not_now() -> Iterator[None]:
    """What the server fails to do is tried again later."""
    try:
        yield
    except (Failure, Unread) as error:
        raise Unavailable(str(error), getattr(error, "trouble", None)) from error


_json = json.JSONEncoder(ensure_ascii=False).encode
