"""What the PostgreSQL sink says to its server. The schema lies beside it, a file for each version.

The columns of `risk_scores` stand here once, in the order in which rows travel; the staging table and the
merge are made from them. What is written by hand are statements about a few columns.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final, LiteralString

SCHEMA_VERSION: Final = 3

OPTIONAL: Final = ("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel")
"""the fields of a transaction that have a column and may be absent"""

KNOWN: Final = frozenset(("event_id", "user_id", "event_time", "amount", *OPTIONAL, "source"))
"""the fields of a transaction that have a column; the others are in `extra`"""

_KEY: Final[tuple[tuple[LiteralString, LiteralString], ...]] = (
    ("user_id", 'text COLLATE "C"'),
    ("event_id", 'text COLLATE "C"'),
)
_VALUES: Final[tuple[tuple[LiteralString, LiteralString], ...]] = (
    ("event_time", "timestamptz"),
    ("amount", "numeric"),
    *((name, "text") for name in OPTIONAL),
    ("extra", "jsonb"),
    ("score", "smallint"),
    ("decision", "text"),
    ("features", "jsonb"),
    ("ruleset_version", "text"),
    ("ruleset_hash", "text"),
    ("late", "boolean"),
    ("saturated", "boolean"),
    ("marks", "jsonb"),
    ("source_topic", "text"),
    ("source_partition", "integer"),
    ("source_offset", "bigint"),
    ("position", "bigint"),
    ("decided_at", "bigint"),  # travels as epoch milliseconds; the merge makes a time of it
)

_NAMES: Final[LiteralString] = ", ".join(name for name, _ in (*_KEY, *_VALUES))
_TYPED: Final[LiteralString] = ", ".join(f"{name} {kind}" for name, kind in (*_KEY, *_VALUES))
_TARGETS: Final[LiteralString] = ", ".join(f"{name} = excluded.{name}" for name, _ in _VALUES)

STAGING: Final[tuple[LiteralString, ...]] = (
    f"CREATE TEMP TABLE incoming ({_TYPED}) ON COMMIT DELETE ROWS",
    """CREATE TEMP TABLE incoming_hits (
        user_id text COLLATE "C", event_id text COLLATE "C", ordinal smallint, rule text,
        points smallint, text text, position bigint) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE won (
        user_id text COLLATE "C", event_id text COLLATE "C", position bigint, replaced boolean
        ) ON COMMIT DELETE ROWS""",
)

MERGE: Final[LiteralString] = f"""
    WITH merged AS (
        INSERT INTO risk_scores AS held ({_NAMES})
        SELECT {_NAMES.removesuffix("decided_at")}
               timestamptz 'epoch' + decided_at * interval '1 millisecond'
        FROM incoming ORDER BY user_id, event_id
        ON CONFLICT (user_id, event_id) DO UPDATE SET {_TARGETS}, written_at = now()
        WHERE excluded.position > held.position
        RETURNING held.user_id, held.event_id, held.position, held.xmax <> 0 AS replaced)
    INSERT INTO won SELECT * FROM merged"""
DROP_OLD_HITS: Final[LiteralString] = """
    DELETE FROM rule_triggers USING won WHERE won.replaced
    AND rule_triggers.user_id = won.user_id AND rule_triggers.event_id = won.event_id"""
ADD_HITS: Final[LiteralString] = """
    INSERT INTO rule_triggers (user_id, event_id, ordinal, rule, points, text, position)
    SELECT user_id, event_id, ordinal, rule, points, text, position
    FROM incoming_hits JOIN won USING (user_id, event_id, position)"""
EXPIRE: Final[LiteralString] = """
    WITH doomed AS (
        SELECT user_id, event_id FROM risk_scores
        WHERE event_time <= timestamptz 'epoch' + %s * interval '1 millisecond'
        ORDER BY event_time LIMIT %s FOR UPDATE SKIP LOCKED),
    hits AS (
        DELETE FROM rule_triggers USING doomed
        WHERE rule_triggers.user_id = doomed.user_id AND rule_triggers.event_id = doomed.event_id)
    DELETE FROM risk_scores USING doomed
    WHERE risk_scores.user_id = doomed.user_id AND risk_scores.event_id = doomed.event_id"""
NOTE_RUN: Final[LiteralString] = """
    INSERT INTO job_runs AS held
        (run, ruleset_version, ruleset_hash, first_position, first_seen_at)
    VALUES (%s, %s, %s, %s, timestamptz 'epoch' + %s * interval '1 millisecond')
    ON CONFLICT (run) DO UPDATE SET
        first_position = least(held.first_position, excluded.first_position),
        first_seen_at = least(held.first_seen_at, excluded.first_seen_at)"""


def schema(version: int) -> bytes:
    """What leads from the version before to this one: statements that take no parameters."""
    return files("pipeline.sinks.postgres").joinpath(f"schema_{version}.sql").read_bytes()
