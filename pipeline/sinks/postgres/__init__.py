"""Writes decisions to PostgreSQL: scores, rule hits and runs, one batch a transaction.
Effectively once: a repeat is an upsert on (user_id, event_id) that only a greater position wins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, LiteralString, NamedTuple

from pipeline.records.decision_bytes import Literal, Parts, Undecodable, marks, take_apart
from pipeline.records.decision_record import Delivery, Identity
from pipeline.settings.reading import settings
from pipeline.sinks import Damaged, Entry, Held, Outcome, Pace, Refused, Site, Unavailable
from pipeline.sinks.folding import fold
from pipeline.sinks.postgres import readback
from pipeline.sinks.postgres import statements as sql
from pipeline.sinks.postgres.statements import SCHEMA_VERSION

if TYPE_CHECKING:
    import psycopg

USER: Final = "fraudctl"
DATABASE: Final = "fraudctl"

_LOCK = 0x66726175  # advisory lock key: whoever creates the schema first

_json = json.JSONEncoder(ensure_ascii=False).encode
_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def address(site: Site) -> str:
    """The server's own address if it is a URL, else our user's and database's on it."""
    return site.server if "://" in site.server else f"postgresql://{USER}@{site.server}/{DATABASE}"


def prepare(address: str, secret: str | None) -> None:
    """Create the tables. Raises Unavailable."""
    create_schema(address, secret)


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
        newest, others = fold(batch, _row)
        return others + self._write([row for _, row in newest])

    def held(self, user_id: str, event_id: str) -> Held | None:
        query: LiteralString = """
            SELECT position, score, decision, ARRAY(
                SELECT rule FROM rule_triggers AS hit
                WHERE hit.user_id = risk_scores.user_id AND hit.event_id = risk_scores.event_id
                ORDER BY ordinal)
            FROM risk_scores WHERE user_id = %s AND event_id = %s"""
        with self._translated(), self._connection().transaction():
            row = self._connection().execute(query, (user_id, event_id)).fetchone()
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
            kind = Damaged if _is_of_another_form(error) else Unavailable
            raise kind(_words(error)) from error

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
            won = cursor.execute(sql.MERGE).rowcount
            cursor.execute(sql.DROP_OLD_HITS)
            if hits:
                with cursor.copy("COPY incoming_hits FROM STDIN") as copy:
                    copy.write(hits)
                cursor.execute(sql.ADD_HITS)
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
            cursor.execute(sql.NOTE_RUN, (run, *row.rules, *at))
        return set(first)

    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._held is None or self._held.closed:
            connection = _open(self._dsn, self._password)
            try:
                _migrate(connection)
                for table in sql.STAGING:
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
    return _copy_line(
        [
            *parts.identity,
            transaction["event_time"],
            str(transaction["amount"]),
            *[get(name) for name in sql.OPTIONAL],
            _extra(transaction),
            str(verdict["score"]),
            verdict["decision"],
            features,
            verdict["ruleset_version"],
            verdict["ruleset_hash"],
            "t" if verdict["late"] else "f",
            "t" if verdict["saturated"] else "f",
            _json(said) if (said := marks(verdict)) else None,
            source["topic"],
            str(source["partition"]),
            str(source["offset"]),
            str(delivery.position),
            str(delivery.append_ms),
        ]
    )


def _hit_lines(delivery: Delivery, parts: Parts) -> str:
    user_id, event_id = parts.identity
    position = str(delivery.position)
    lines = [
        _copy_line([user_id, event_id, str(n), hit["rule"], str(hit["points"]), hit["text"], position])
        for n, hit in enumerate(parts.verdict["reasons"])
    ]
    return "".join(lines)


def _extra(transaction: Mapping[str, Any]) -> str | None:
    """The fields without a column of their own, as JSON text, numbers as they were written."""
    cells = [
        f"{_json(name)}:{value if isinstance(value, Literal) else _json(value)}"
        for name, value in transaction.items()
        if name not in sql.KNOWN
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
        dsn,
        autocommit=True,
        connect_timeout=5,
        tcp_user_timeout=10_000,
        application_name="fraudctl-sink",
        **extra,
    )
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
            for missing in range(version + 1, SCHEMA_VERSION + 1):
                connection.execute(sql.schema(missing))
            connection.execute("INSERT INTO risk_schema VALUES (%s)", (SCHEMA_VERSION,))


def _is_never(error: Exception) -> bool:
    """Whether the data is at fault: SQLSTATE classes 22 and 23, and rows beyond a limit."""
    import psycopg

    if isinstance(error, UnicodeEncodeError):
        return True
    state = getattr(error, "sqlstate", None) if isinstance(error, psycopg.Error) else None
    return state is not None and (state[:2] in ("22", "23") or state == "54000")


def _is_of_another_form(error: psycopg.Error) -> bool:
    """Whether the tables, or a value in them, are not what a sink makes: a table or column is missing or of
    another type, a value is beyond what can be read."""
    return error.sqlstate in ("42P01", "42703", "42804", "42883") or (error.sqlstate or "")[:2] == "22"


def _words(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    state = getattr(error, "sqlstate", None)
    return f"{lines[0] if lines else type(error).__name__}" + (f" ({state})" if state else "")
