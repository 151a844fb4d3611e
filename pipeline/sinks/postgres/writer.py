"""The sink: batches merged into the tables, read-back and repair."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import psycopg

from pipeline.connections.secrets import Secret
from pipeline.records.decision_bytes import Parts
from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks import Damaged, Entry, Held, Outcome, Refused
from pipeline.sinks.ageing import Dropped, time_ms
from pipeline.sinks.erasing import erase_events
from pipeline.sinks.folding import fold
from pipeline.sinks.postgres import Settings, readback
from pipeline.sinks.postgres import statements as sql
from pipeline.sinks.postgres.client import unavailable, words
from pipeline.sinks.postgres.connection import Connection, is_never, is_of_another_form, open_
from pipeline.sinks.postgres.rows import Row, row_of
from pipeline.sinks.postgres.schema import migrate

_EXPIRE_S: Final = 5.0
_EXPIRED_AT_ONCE: Final = 5_000


class PostgresSink:
    """See `pipeline.sinks.postgres`. Connects, and creates the schema, at the first write."""

    flagged_only = False
    fields = readback.FIELDS

    def __init__(self, dsn: str, secret: Secret, settings: Settings) -> None:
        self._dsn = dsn
        self._secret = secret
        self._settings = settings
        self._held: Connection | None = None
        self._runs: set[int] = set()

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        newest, others = fold(batch, row_of)
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
        entry = readback.expected(delivery, parts)
        if self._settings.retention_ms is None:
            return entry
        over_ms = time_ms(parts.transaction["event_time"]) + self._settings.retention_ms
        return entry._replace(expires_ms=over_ms)

    def expire(self, now_ms: int) -> Dropped:
        """Some thousand rows a transaction; rows that somebody holds now are left for the next look."""
        if self._settings.retention_ms is None:
            return Dropped()
        upto_ms, number, began = now_ms - self._settings.retention_ms, 0, time.monotonic()
        with self._translated():
            while time.monotonic() - began < _EXPIRE_S:
                some = self._connection().execute(sql.EXPIRE, (upto_ms, _EXPIRED_AT_ONCE)).rowcount
                number += some
                if some < _EXPIRED_AT_ONCE:
                    return Dropped(number)
        return Dropped(number, is_more=True)

    def entries(self) -> Iterator[Entry]:
        with self._translated():
            yield from readback.entries(self._connection())

    def look_up(self, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
        with self._translated():
            return readback.look_up(self._connection(), identities)

    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None:
        with self._translated():
            readback.forget(self._connection(), doomed)

    def of_user(self, user_id: str) -> Iterator[Identity]:
        with self._translated():
            yield from readback.of_user(self._connection(), user_id)

    def erase(self, user_id: str) -> int:
        return erase_events(self, user_id)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            self.close()
            if is_of_another_form(error):
                raise Damaged(words(error)) from error
            raise unavailable(error) from error

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _write(self, rows: list[Row]) -> Outcome:
        """One transaction; when the data is at fault, each half on its own."""
        if not rows:
            return Outcome()
        try:
            won = self._merge(rows)
        except (psycopg.Error, UnicodeEncodeError) as error:
            if not is_never(error):
                self.close()
                raise unavailable(error) from error
            if len(rows) == 1:
                return Outcome(refused=[Refused(rows[0].delivery, words(error))])
            middle = len(rows) // 2
            return self._write(rows[:middle]) + self._write(rows[middle:])
        return Outcome(won, len(rows) - won)

    def _merge(self, rows: list[Row]) -> int:
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

    def _note_runs(self, cursor: psycopg.Cursor[Any], rows: list[Row]) -> set[int]:
        first: dict[int, Row] = {}
        for row in rows:
            if row.delivery.run not in self._runs:
                first.setdefault(row.delivery.run, row)
        for run, row in first.items():
            at = row.delivery.position, row.delivery.append_ms
            cursor.execute(sql.NOTE_RUN, (run, *row.rules, *at))
        return set(first)

    def _connection(self) -> Connection:
        if self._held is None or self._held.closed:
            connection = open_(self._dsn, self._secret, self._settings)
            try:
                migrate(connection, self._settings.create)
                for table in sql.STAGING:
                    connection.execute(table)
            except BaseException:
                connection.close()
                raise
            self._held = connection
        return self._held
