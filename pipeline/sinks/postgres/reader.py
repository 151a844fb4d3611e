"""What PostgreSQL holds, for people who ask: the decisions on one event, and the latest alerts.

Every call connects for itself and raises Unavailable when the server cannot be asked, Damaged when its tables
are not as the sink leaves them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from pipeline.records.decisions import Decision, Hit, Source
from pipeline.records.events import Transaction
from pipeline.records.flagged import Flagged
from pipeline.records.identity import REUSED, sent_id
from pipeline.records.quantities import Number, parse_amount
from pipeline.records.wire import Scalar
from pipeline.sinks import OPEN, Damaged, Way, settings_of
from pipeline.sinks.postgres.client import connect, unavailable, words

if TYPE_CHECKING:
    import psycopg

_NO_PRIVILEGE = "42501"
_FIELDS = ("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel")
_OF_EVENT: LiteralString = """
    SELECT user_id, event_id, trim_scale(amount)::text AS amount, currency, ip, device_id, card_id,
           merchant_id, country, channel, extra::text, features::text, score, decision,
           ruleset_version, ruleset_hash, late, saturated, marks, source_topic, source_partition,
           source_offset, position, (extract(epoch FROM event_time) * 1000)::bigint AS event_time_ms,
           (extract(epoch FROM decided_at) * 1000)::bigint AS decided_at_ms,
           ARRAY(SELECT json_build_array(rule, points, text)::text FROM rule_triggers AS hit
                 WHERE hit.user_id = held.user_id AND hit.event_id = held.event_id
                 ORDER BY ordinal) AS hits
    FROM (SELECT * FROM risk_scores WHERE event_id = %(id)s UNION ALL
          SELECT * FROM risk_scores WHERE marks ? 'content_hash'
          AND event_id >= %(from)s AND event_id < %(to)s) AS held
    WHERE %(user)s::text IS NULL OR user_id = %(user)s ORDER BY user_id, position"""
_FORM: LiteralString = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""
# A time that no calendar has, such as infinity, is shown as PostgreSQL calls it.
_LATEST: LiteralString = f"""
    SELECT coalesce(to_char(decided_at AT TIME ZONE 'UTC', {_FORM}), decided_at::text),
           coalesce(to_char(event_time AT TIME ZONE 'UTC', {_FORM}), event_time::text), user_id,
           event_id, trim_scale(amount)::text AS amount, currency, ip, score, decision, coalesce((
               SELECT json_agg(json_build_object('rule', rule, 'points', points, 'text', text)
                               ORDER BY ordinal)
               FROM rule_triggers AS hit
               WHERE hit.user_id = held.user_id AND hit.event_id = held.event_id), '[]')::text AS reasons
    FROM risk_scores AS held
    WHERE decision <> 'approve' AND decision = ANY (%s)
      AND decided_at >= timestamptz 'epoch' + %s * interval '1 millisecond'
    ORDER BY decided_at DESC, position DESC LIMIT %s"""


class Stored(NamedTuple):
    """The decision that stands for an event, its packed position and when it was decided."""

    decision: Decision
    position: int
    decided_at_ms: int


Row = Mapping[str, Any]
"""what a query gives, by the names of its columns, each of the type that the schema says"""


def of_event(dsn: str, event_id: str, user_id: str | None, way: Way = OPEN) -> list[Stored]:
    """The decisions of each user who has that event id, or of this user alone, by user.

    Of a user there are several where the id was used again.
    """
    from psycopg.rows import dict_row

    # from `#reused-` to the character after its last: in the order of bytes, all that begin so
    start, end = event_id + REUSED, event_id + REUSED[:-1] + chr(ord(REUSED[-1]) + 1)
    asked = {"id": event_id, "from": start, "to": end, "user": user_id}
    with _connected(dsn, way) as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_OF_EVENT, asked).fetchall()
    return [_stored(row) for row in rows]


def latest(dsn: str, since_ms: int, limit: int, decisions: Sequence[str], way: Way = OPEN) -> list[Flagged]:
    """The newest alerts of these decisions, decided at or after `since_ms`, newest first."""
    with _connected(dsn, way) as connection:
        rows = connection.execute(_LATEST, (list(decisions), since_ms, limit)).fetchall()
    return [Flagged(*(*row[:-1], tuple(json.loads(row[-1])))) for row in rows]


@contextmanager
def _connected(dsn: str, way: Way) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    import psycopg  # `alerts --follow` and `explain` without PostgreSQL read the log alone

    try:
        with connect(dsn, way.secret, settings_of("postgres", way.settings)) as connection:
            yield connection
    except (psycopg.Error, UnicodeEncodeError) as error:
        state = str(getattr(error, "sqlstate", None) or "")
        if state[:2] in ("22", "42") and state != _NO_PRIVILEGE:
            raise Damaged(words(error)) from error
        raise unavailable(error) from error


def _stored(row: Row) -> Stored:
    said: Row = row["marks"] or {}
    decision = Decision(
        transaction=_transaction(row),
        score=row["score"],
        decision=row["decision"],
        source=Source(row["source_topic"], row["source_partition"], row["source_offset"]),
        reasons=tuple(Hit(*json.loads(hit)) for hit in row["hits"]),
        features=_scalars(row["features"]),
        ruleset_version=row["ruleset_version"],
        ruleset_hash=row["ruleset_hash"],
        late=row["late"],
        saturated=row["saturated"],
        warming=tuple(said.get("warming", ())),
        plugin_errors=said.get("plugin_errors", {}),
        content_hash=said.get("content_hash"),
    )
    return Stored(decision, row["position"], row["decided_at_ms"])


def _transaction(row: Row) -> Transaction:
    fields = {name: row[name] for name in _FIELDS if row[name] is not None} | _scalars(row["extra"] or "{}")
    amount = parse_amount(row["amount"])
    event_id = sent_id(row["event_id"])
    return Transaction(event_id, row["user_id"], row["event_time_ms"], amount, fields)


def _scalars(text: str) -> dict[str, Scalar]:
    """A JSON object whose numbers stay as they were written."""
    members: dict[str, Scalar] = json.loads(text, parse_float=Number, parse_int=Number)
    return members
