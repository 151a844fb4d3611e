"""What PostgreSQL holds of a decision and what it should hold, as texts that are equal or not.

Everything is compared the way the database prints it: `jsonb` orders keys by length and bytes,
writes numbers without an exponent and keeps their digits. `expected` prints the same in Python, so
that reading back costs no parsing. Rule hits are one field: all of a row's hits with their position.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, LiteralString

from pipeline.records.decision_bytes import Literal, Parts, Reason, Sent, Undecodable, Verdict, marks
from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks import Entry
from pipeline.sinks.postgres.statements import KNOWN, OPTIONAL

if TYPE_CHECKING:
    import psycopg

FIELDS = (
    "event_time",
    "amount",
    *OPTIONAL,
    "extra",
    "score",
    "decision",
    "features",
    "ruleset_version",
    "ruleset_hash",
    "late",
    "saturated",
    "marks",
    "source_topic",
    "source_partition",
    "source_offset",
    "decided_at_ms",
    "reasons",
)

# The columns of an Entry; `held` are scores, `hit` the hits of an event in one value. A full join, so
# that hits without a score are seen as well.
_SELECT: LiteralString = """
    SELECT coalesce(held.user_id, hit.user_id), coalesce(held.event_id, hit.event_id),
           coalesce(held.position, hit.position), held.source_partition,
           to_char(held.event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           held.amount, held.currency, held.ip, held.device_id, held.card_id, held.merchant_id,
           held.country, held.channel, held.extra, held.score, held.decision, held.features,
           held.ruleset_version, held.ruleset_hash, held.late, held.saturated, held.marks, held.source_topic,
           held.source_partition, held.source_offset,
           trim_scale(extract(epoch FROM held.decided_at) * 1000), hit.hits"""
_HITS: LiteralString = """
    SELECT user_id, event_id, max(position) AS position,
           jsonb_agg(jsonb_build_array(ordinal, rule, points, text, position) ORDER BY ordinal) AS hits
    FROM rule_triggers"""
_ALL: LiteralString = f"""
    COPY ({_SELECT} FROM risk_scores AS held
    FULL JOIN ({_HITS} GROUP BY user_id, event_id) AS hit USING (user_id, event_id)) TO STDOUT"""
_ASKED: LiteralString = "(SELECT * FROM unnest(%(users)s::text[], %(events)s::text[]))"
_SOME: LiteralString = f"""
    COPY ({_SELECT}
    FROM (SELECT * FROM risk_scores WHERE (user_id, event_id) IN {_ASKED}) AS held
    FULL JOIN ({_HITS} WHERE (user_id, event_id) IN {_ASKED} GROUP BY user_id, event_id) AS hit
    USING (user_id, event_id)) TO STDOUT"""

_DOOMED: LiteralString = (
    "unnest(%(users)s::text[], %(events)s::text[], %(upto)s::bigint[]) AS doomed(user_id, event_id, upto)"
)
_SAME: LiteralString = "held.user_id = doomed.user_id AND held.event_id = doomed.event_id"
_FORGET: tuple[LiteralString, ...] = (
    # whoever writes a newer decision now waits for us, or we for him
    f"""SELECT 1 FROM risk_scores AS held JOIN {_DOOMED} ON {_SAME}
        ORDER BY held.user_id, held.event_id FOR UPDATE OF held""",
    f"""DELETE FROM rule_triggers AS hit USING {_DOOMED}
        WHERE hit.user_id = doomed.user_id AND hit.event_id = doomed.event_id
        AND NOT EXISTS (SELECT 1 FROM risk_scores AS held WHERE {_SAME} AND held.position > upto)""",
    f"DELETE FROM risk_scores AS held USING {_DOOMED} WHERE {_SAME} AND held.position <= upto",
)

_json = json.JSONEncoder(ensure_ascii=False).encode


def expected(delivery: Delivery, parts: Parts) -> Entry:
    """Raises Undecodable."""
    transaction, verdict = parts.transaction, parts.verdict
    get, source, position = transaction.get, transaction["source"], delivery.position
    try:
        fields = (
            f"{transaction['event_time'][:-1]}000Z",
            _number(str(transaction["amount"])),
            *[get(name) for name in OPTIONAL],
            _extra(transaction),
            str(verdict["score"]),
            verdict["decision"],
            _object(_decode(parts.features)),
            verdict["ruleset_version"],
            verdict["ruleset_hash"],
            "t" if verdict["late"] else "f",
            "t" if verdict["saturated"] else "f",
            _marks(verdict),
            source["topic"],
            str(source["partition"]),
            str(source["offset"]),
            str(delivery.append_ms),
            _hits(verdict["reasons"], position) if verdict["reasons"] else None,
        )
        user_id, event_id = parts.identity
        return Entry(user_id, event_id, position, fields, None, delivery.partition)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Undecodable(f"of another shape: {error}") from None


def entries(connection: psycopg.Connection[Any]) -> Iterator[Entry]:
    """All rows of one moment."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        with cursor.copy(_ALL) as copy:
            yield from map(_entry, copy.rows())


def look_up(connection: psycopg.Connection[Any], identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
    """The rows of these events as they are now."""
    asked = {"users": [user for user, _ in identities], "events": [event for _, event in identities]}
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(_SOME, asked) as copy:
        found = [_entry(row) for row in copy.rows()]
    return {entry.identity: entry for entry in found}


def forget(connection: psycopg.Connection[Any], doomed: Sequence[tuple[Identity, int]]) -> None:
    """Delete those rows, and their hits, that are not newer than said."""
    values = {
        "users": [user for (user, _), _ in doomed],
        "events": [event for (_, event), _ in doomed],
        "upto": [upto for _, upto in doomed],
    }
    with connection.transaction():
        for statement in _FORGET:
            connection.execute(statement, values)


def of_user(connection: psycopg.Connection[Any], user_id: str) -> list[Identity]:
    """The events of a user of which a score or a hit is held."""
    query: LiteralString = """
        SELECT event_id FROM risk_scores WHERE user_id = %(user)s
        UNION SELECT event_id FROM rule_triggers WHERE user_id = %(user)s"""
    with connection.transaction():
        return [(user_id, event_id) for (event_id,) in connection.execute(query, {"user": user_id})]


def _entry(row: tuple[Any, ...]) -> Entry:
    partition = row[3]
    return Entry(row[0], row[1], int(row[2]), row[4:], None, None if partition is None else int(partition))


def _number(text: str) -> str:
    """A JSON number as `numeric` prints it."""
    if "e" in text or "E" in text:
        text = format(Decimal(text), "f")
    if text.startswith("-") and not text.strip("-0."):
        return text[1:]
    return text


_decode = json.JSONDecoder(parse_float=lambda text: Literal(_number(text))).decode


def _extra(transaction: Sent) -> str | None:
    if len(transaction) <= len(KNOWN) and KNOWN.issuperset(transaction):
        return None
    rest = {name: value for name, value in transaction.items() if name not in KNOWN}
    return _object(
        {
            name: Literal(_number(value)) if isinstance(value, Literal) else value
            for name, value in rest.items()
        }
    )


def _marks(verdict: Verdict) -> str | None:
    said = marks(verdict)
    if said is None:
        return None
    inner = {name: _object(one) if isinstance(one, Mapping) else _json(one) for name, one in said.items()}
    return _object({name: Literal(text) for name, text in inner.items()})


def _object(values: Mapping[str, object]) -> str:
    """A flat object as `jsonb` prints it."""
    cells = []
    for name, head in _ordered(tuple(values)):
        value = values[name]
        if value.__class__ is not Literal:
            value = str(value) if value.__class__ is int else _json(value)
        cells.append(head + value)
    return "{" + ", ".join(cells) + "}"


@lru_cache(maxsize=4096)
def _ordered(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The names in the order of `jsonb`, each with what stands before its value."""
    order = sorted(names, key=lambda name: (len(name.encode()), name.encode()))
    return tuple((name, f"{_json(name)}: ") for name in order)


def _hits(reasons: Iterable[Reason], position: int) -> str:
    return _json(
        [[ordinal, hit["rule"], hit["points"], hit["text"], position] for ordinal, hit in enumerate(reasons)]
    )
