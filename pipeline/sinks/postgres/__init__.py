"""Writes decisions to PostgreSQL: scores, rule hits and runs, one batch a transaction.
Effectively once: a repeat is an upsert on (user_id, event_id) that only a greater position wins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from pipeline.records.delivery import Delivery, Identity, Literal, Parts, Undecodable, marks, take_apart
from pipeline.settings.reading import settings
from pipeline.sinks import Entry, Held, Outcome, Pace, Refused, Unavailable
from pipeline.sinks.postgres import readback

if TYPE_CHECKING:
    import psycopg

SCHEMA_VERSION = 2

_LOCK = 0x66726175  # advisory lock key: whoever creates the schema first

_FIELDS = ("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel")
_KNOWN = frozenset(("event_id", "user_id", "event_time", "amount", *_FIELDS, "source"))

_SCHEMAS: tuple[tuple[LiteralString, ...], ...] = ((
    """CREATE TABLE risk_scores (
        user_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
        event_time timestamptz NOT NULL, amount numeric NOT NULL,
        currency text, ip text, device_id text, card_id text, merchant_id text, country text,
        channel text, extra jsonb,
        score smallint NOT NULL, decision text NOT NULL, features jsonb NOT NULL,
        ruleset_version text NOT NULL, ruleset_hash text NOT NULL,
        late boolean NOT NULL, saturated boolean NOT NULL,
        source_topic text NOT NULL, source_partition integer NOT NULL,
        source_offset bigint NOT NULL, position bigint NOT NULL,
        decided_at timestamptz NOT NULL, written_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, event_id))""",
    "CREATE INDEX risk_scores_event_time ON risk_scores (event_time)",
    "CREATE INDEX risk_scores_flagged ON risk_scores (decided_at) WHERE decision <> 'approve'",
    "CREATE INDEX risk_scores_event_id ON risk_scores USING hash (event_id)",
    """CREATE TABLE rule_triggers (
        user_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
        ordinal smallint NOT NULL, rule text NOT NULL, points smallint NOT NULL,
        text text NOT NULL, position bigint NOT NULL,
        PRIMARY KEY (user_id, event_id, ordinal))""",
    """CREATE TABLE job_runs (
        run bigint PRIMARY KEY, kind text, ruleset_version text NOT NULL,
        ruleset_hash text NOT NULL, first_position bigint NOT NULL,
        first_seen_at timestamptz NOT NULL)""",
), (
    # what a decision says only when there is reason to: warming features, failed plug-ins
    "ALTER TABLE risk_scores ADD COLUMN marks jsonb",
))  # fmt: skip
"""what leads from each version of the schema to the next"""

_COLUMNS: LiteralString = (
    "user_id, event_id, event_time, amount, currency, ip, device_id, card_id, merchant_id, country,"
    " channel, extra, score, decision, features, ruleset_version, ruleset_hash, late, saturated,"
    " marks, source_topic, source_partition, source_offset, position, decided_at"
)
_TARGETS: LiteralString = (
    "event_time = excluded.event_time, amount = excluded.amount, currency = excluded.currency,"
    " ip = excluded.ip, device_id = excluded.device_id, card_id = excluded.card_id,"
    " merchant_id = excluded.merchant_id, country = excluded.country, channel = excluded.channel,"
    " extra = excluded.extra, score = excluded.score, decision = excluded.decision,"
    " features = excluded.features, ruleset_version = excluded.ruleset_version,"
    " ruleset_hash = excluded.ruleset_hash, late = excluded.late, saturated = excluded.saturated,"
    " marks = excluded.marks, source_topic = excluded.source_topic,"
    " source_partition = excluded.source_partition, source_offset = excluded.source_offset,"
    " position = excluded.position,"
    " decided_at = excluded.decided_at, written_at = now()"
)

_STAGING: tuple[LiteralString, ...] = (
    # decided_at travels as epoch milliseconds; the merge makes a time of it
    """CREATE TEMP TABLE incoming (
        user_id text COLLATE "C", event_id text COLLATE "C", event_time timestamptz,
        amount numeric, currency text, ip text, device_id text, card_id text, merchant_id text,
        country text, channel text, extra jsonb, score smallint, decision text, features jsonb,
        ruleset_version text, ruleset_hash text, late boolean, saturated boolean,
        marks jsonb, source_topic text, source_partition integer, source_offset bigint, position bigint,
        decided_at bigint) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE incoming_hits (
        user_id text COLLATE "C", event_id text COLLATE "C", ordinal smallint, rule text,
        points smallint, text text, position bigint) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE won (
        user_id text COLLATE "C", event_id text COLLATE "C", position bigint, replaced boolean
        ) ON COMMIT DELETE ROWS""",
)

_MERGE: LiteralString = f"""
    WITH merged AS (
        INSERT INTO risk_scores AS held ({_COLUMNS})
        SELECT {_COLUMNS.removesuffix("decided_at")}
               timestamptz 'epoch' + decided_at * interval '1 millisecond'
        FROM incoming ORDER BY user_id, event_id
        ON CONFLICT (user_id, event_id) DO UPDATE SET {_TARGETS}
        WHERE excluded.position > held.position
        RETURNING held.user_id, held.event_id, held.position, held.xmax <> 0 AS replaced)
    INSERT INTO won SELECT * FROM merged"""
_DROP_OLD_HITS: LiteralString = """
    DELETE FROM rule_triggers USING won WHERE won.replaced
    AND rule_triggers.user_id = won.user_id AND rule_triggers.event_id = won.event_id"""
_ADD_HITS: LiteralString = """
    INSERT INTO rule_triggers (user_id, event_id, ordinal, rule, points, text, position)
    SELECT user_id, event_id, ordinal, rule, points, text, position
    FROM incoming_hits JOIN won USING (user_id, event_id, position)"""
_NOTE_RUN: LiteralString = """
    INSERT INTO job_runs AS held
        (run, ruleset_version, ruleset_hash, first_position, first_seen_at)
    VALUES (%s, %s, %s, %s, timestamptz 'epoch' + %s * interval '1 millisecond')
    ON CONFLICT (run) DO UPDATE SET
        first_position = least(held.first_position, excluded.first_position),
        first_seen_at = least(held.first_seen_at, excluded.first_seen_at)"""

_json = json.JSONEncoder(ensure_ascii=False).encode
_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def create_schema(dsn: str, password: str | None = None) -> None:
    """Create the tables when they are not there; safe to repeat and to run twice at once.

    Raises Unavailable when the server cannot be reached or a newer version made the tables.
    """
    import psycopg

    try:
        with _open(dsn, password) as connection:
            _migrate(connection)
    except psycopg.Error as error:
        raise Unavailable(_words(error)) from error


@settings()
class Settings(Pace):
    """What the PostgreSQL sink can be told."""


def connect(address: str, secret: str | None, settings: Settings) -> PostgresSink:
    """A sink for the database at `address` (a DSN without password)."""
    return PostgresSink(address, secret)


class PostgresSink:
    """See the module. Connects, and creates the schema, at the first write."""

    flagged_only = False
    fields = readback.FIELDS

    def __init__(self, dsn: str, password: str | None) -> None:
        self._dsn = dsn
        self._password = password
        self._held: psycopg.Connection[tuple[Any, ...]] | None = None
        self._runs: set[int] = set()

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        newest, refused = _fold(batch)
        outcome = Outcome(0, len(batch) - len(newest) - len(refused), refused)
        return outcome + self._write(list(newest.values()))

    def held(self, user_id: str, event_id: str) -> Held | None:
        import psycopg

        query: LiteralString = """
            SELECT position, score, decision, ARRAY(
                SELECT rule FROM rule_triggers AS hit
                WHERE hit.user_id = risk_scores.user_id AND hit.event_id = risk_scores.event_id
                ORDER BY ordinal)
            FROM risk_scores WHERE user_id = %s AND event_id = %s"""
        try:
            with self._connection().transaction():
                row = self._connection().execute(query, (user_id, event_id)).fetchone()
        except psycopg.Error as error:
            self.close()
            raise Unavailable(_words(error)) from error
        return None if row is None else Held(row[0], row[1], row[2], tuple(row[3]))

    def expected(self, delivery: Delivery, parts: Parts) -> Entry:
        return readback.expected(delivery, parts)

    def entries(self) -> Iterator[Entry]:
        with self._translated():
            yield from readback.entries(self._connection())

    def look_up(self, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
        with self._translated():
            return readback.look_up(self._connection(), identities)

    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None:
        with self._translated():
            readback.forget(self._connection(), doomed)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            self.close()
            raise Unavailable(_words(error)) from error

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _write(self, rows: list[_Row]) -> Outcome:
        """One transaction; when the data is at fault, each half on its own."""
        import psycopg

        if not rows:
            return Outcome()
        try:
            won = self._merge(rows)
        except (psycopg.Error, UnicodeEncodeError) as error:
            if not _is_never(error):
                self.close()
                raise Unavailable(_words(error)) from error
            if len(rows) == 1:
                return Outcome(refused=[Refused(rows[0].delivery, _words(error))])
            middle = len(rows) // 2
            return self._write(rows[:middle]) + self._write(rows[middle:])
        return Outcome(won, len(rows) - won)

    def _merge(self, rows: list[_Row]) -> int:
        """Returns how many rows won. Each is of another event."""
        lines = "".join([row.line for row in rows])
        hits = "".join([row.hits for row in rows])
        connection = self._connection()
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy("COPY incoming FROM STDIN") as copy:
                copy.write(lines)
            won = cursor.execute(_MERGE).rowcount
            cursor.execute(_DROP_OLD_HITS)
            if hits:
                with cursor.copy("COPY incoming_hits FROM STDIN") as copy:
                    copy.write(hits)
                cursor.execute(_ADD_HITS)
            unseen = self._note_runs(cursor, rows)
        self._runs |= unseen
        return won

    def _note_runs(self, cursor: psycopg.Cursor[Any], rows: list[_Row]) -> set[int]:
        first: dict[int, _Row] = {}
        for row in rows:
            if row.delivery.run not in self._runs:
                first.setdefault(row.delivery.run, row)
        for run, row in first.items():
            at = row.delivery.position, row.delivery.append_ms
            cursor.execute(_NOTE_RUN, (run, *row.rules, *at))
        return set(first)

    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._held is None or self._held.closed:
            connection = _open(self._dsn, self._password)
            try:
                _migrate(connection)
                for table in _STAGING:
                    connection.execute(table)
            except BaseException:
                connection.close()
                raise
            self._held = connection
        return self._held


class _Row(NamedTuple):
    """One decision, and its lines in COPY's text form."""

    delivery: Delivery
    identity: Identity
    rules: tuple[str, str]
    line: str
    hits: str


def _row(delivery: Delivery) -> _Row:
    """Raises Undecodable."""
    try:
        parts = take_apart(delivery.value)
        verdict = parts.verdict
        rules = verdict["ruleset_version"], verdict["ruleset_hash"]
        hits = _hit_lines(delivery, parts) if verdict["reasons"] else ""
        return _Row(delivery, parts.identity, rules, _score_line(delivery, parts), hits)
    except (TypeError, KeyError, AttributeError) as error:
        raise Undecodable(f"of another shape: {error}") from None


def _score_line(delivery: Delivery, parts: Parts) -> str:
    transaction, features, verdict = parts
    source = transaction["source"]
    get = transaction.get
    return _copy_line([
        transaction["user_id"], transaction["event_id"], transaction["event_time"],
        str(transaction["amount"]), *[get(name) for name in _FIELDS], _extra(transaction),
        str(verdict["score"]), verdict["decision"], features,
        verdict["ruleset_version"], verdict["ruleset_hash"],
        "t" if verdict["late"] else "f", "t" if verdict["saturated"] else "f",
        _json(said) if (said := marks(verdict)) else None,
        source["topic"], str(source["partition"]), str(source["offset"]),
        str(delivery.position), str(delivery.append_ms),
    ])  # fmt: skip


def _hit_lines(delivery: Delivery, parts: Parts) -> str:
    user_id, event_id = parts.identity
    position = str(delivery.position)
    lines = [
        _copy_line([user_id, event_id, str(n), hit["rule"], str(hit["points"]), hit["text"], position])
        for n, hit in enumerate(parts.verdict["reasons"])
    ]
    return "".join(lines)


def _fold(batch: Sequence[Delivery]) -> tuple[dict[Identity, _Row], list[Refused]]:
    """The newest row of each event, and what is no decision at all."""
    newest: dict[Identity, _Row] = {}
    refused: list[Refused] = []
    for delivery in batch:
        try:
            row = _row(delivery)
        except Undecodable as error:
            refused.append(Refused(delivery, f"undecodable: {error}"))
            continue
        other = newest.get(row.identity)
        if other is None or delivery.position > other.delivery.position:
            newest[row.identity] = row
    return newest, refused


def _extra(transaction: Mapping[str, Any]) -> str | None:
    """The fields without a column of their own, as JSON text, numbers as they were written."""
    cells = [
        f"{_json(name)}:{value if isinstance(value, Literal) else _json(value)}"
        for name, value in transaction.items()
        if name not in _KNOWN
    ]
    return "{" + ",".join(cells) + "}" if cells else None


def _copy_line(cells: Sequence[str | None]) -> str:
    line = "\t".join(["\\N" if cell is None else cell for cell in cells])
    escapes = line.count("\\") - cells.count(None)
    if escapes or line.count("\t") != len(cells) - 1 or "\n" in line or "\r" in line:
        line = "\t".join(["\\N" if cell is None else cell.translate(_SPECIAL) for cell in cells])
    return line + "\n"


def _open(dsn: str, password: str | None) -> psycopg.Connection[tuple[Any, ...]]:
    import psycopg

    extra: dict[str, Any] = {} if password is None else {"password": password}
    connection = psycopg.connect(
        dsn, autocommit=True, connect_timeout=5, tcp_user_timeout=10_000,
        application_name="fraudctl-sink", **extra,
    )  # fmt: skip
    try:
        connection.execute("SET statement_timeout = '60s'")
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute("SET LOCAL client_min_messages = warning")
        connection.execute("CREATE TABLE IF NOT EXISTS risk_schema (version integer NOT NULL)")
        row = connection.execute("SELECT max(version) FROM risk_schema").fetchone()
        version = row[0] if row and row[0] is not None else 0
        if version > SCHEMA_VERSION:
            raise Unavailable(f"the tables are of schema {version}, newer than {SCHEMA_VERSION}")
        if version < SCHEMA_VERSION:
            for statement in chain.from_iterable(_SCHEMAS[version:]):
                connection.execute(statement)
            connection.execute("INSERT INTO risk_schema VALUES (%s)", (SCHEMA_VERSION,))


def _is_never(error: Exception) -> bool:
    """Whether the data is at fault: SQLSTATE classes 22 and 23, and rows beyond a limit."""
    import psycopg

    if isinstance(error, UnicodeEncodeError):
        return True
    state = getattr(error, "sqlstate", None) if isinstance(error, psycopg.Error) else None
    return state is not None and (state[:2] in ("22", "23") or state == "54000")


def _words(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    state = getattr(error, "sqlstate", None)
    return f"{lines[0] if lines else type(error).__name__}" + (f" ({state})" if state else "")
