"""What the PostgreSQL sink does beyond what every sink must: rows, runs, the schema, and who reads it."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from fraudctl.decisions import alerts, finding
from fraudctl.errors import Unhealthy
from fraudctl.kafka.tail import Record
from pipeline import sinks
from pipeline.records.clock import now_ms
from pipeline.records.decisions import decode_decision
from pipeline.records.quantities import Number
from pipeline.sinks import Damaged, Sink, Unavailable
from pipeline.sinks.postgres.schema import create_schema
from pipeline.sinks.postgres.statements import SCHEMA_VERSION
from tests.contract.deliveries import IP_BURST, VELOCITY, delivery, expected, new_event


def query(server: Any, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.address) as connection:
        return connection.execute(sql.encode(), values).fetchall()


@pytest.fixture
def server(postgres_server: Any) -> Any:
    return postgres_server


@pytest.fixture
def sink(server: Any) -> Iterator[Sink]:
    sink = sinks.connect("postgres", server.address, None, {})
    yield sink
    sink.close()


def test_a_row_holds_the_whole_decision_numbers_as_written(sink: Sink, server: Any) -> None:
    event_id = new_event()
    one = delivery(
        event_id, IP_BURST, ip="203.0.113.9", currency="EUR", lat=Number("52.5200066000000001"), vip=True
    )
    sink.write([one])
    rows = query(
        server,
        """SELECT user_id, (event_time AT TIME ZONE 'UTC')::text, amount::text, currency, ip, device_id,
                  extra::text, score, decision, features::text, ruleset_version, ruleset_hash,
                  late, saturated, source_topic, source_partition, source_offset, position,
                  (extract(epoch FROM decided_at) * 1000)::bigint
           FROM risk_scores WHERE event_id = %s""",
        event_id,
    )
    assert rows == [
        (
            "ada",
            "2025-11-24 16:00:00.123",
            "12.5",
            "EUR",
            "203.0.113.9",
            None,
            '{"lat": 52.5200066000000001, "vip": true}',
            60,
            "review",
            '{"user_amount_mean": 12.300000000000001, "user_prev_country": "Türkiye"}',
            "v1",
            "abc",
            False,
            False,
            "risk.transactions",
            0,
            0,
            one.position,
            one.append_ms,
        )
    ]


def test_what_the_database_can_never_take_is_found_among_the_others(sink: Sink) -> None:
    unindexable = delivery("".join(random.Random(7).choices("0123456789abcdef", k=20_000)), IP_BURST)
    others = [delivery(new_event(), offset=n) for n in range(1, 20)]
    outcome = sink.write([*others[:11], unindexable, *others[11:]])
    assert outcome.written == 19
    assert [refused.delivery for refused in outcome.refused] == [unindexable]
    assert "54000" in outcome.refused[0].reason


def test_a_database_that_only_reads_is_not_now(server: Any) -> None:
    read_only = f"{server.address}?options=-c%20default_transaction_read_only%3Don"
    sink = sinks.connect("postgres", read_only, None, {})
    with pytest.raises(Unavailable):
        sink.write([delivery(new_event())])
    sink.close()


def test_each_run_is_noted_once_with_its_first_position(sink: Sink, server: Any) -> None:
    for offset in (4, 5, 6):
        sink.write([delivery(new_event(), offset=offset, run=77)])
    rows = query(server, "SELECT run, ruleset_version, first_position FROM job_runs WHERE run = 77")
    assert rows == [(77, "v1", 77 << 40 | 4)]


def test_the_schema_can_be_created_by_many_at_once(server: Any) -> None:
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE together")
    address = server.address.removesuffix("postgres") + "together"
    failures: list[BaseException] = []

    def create() -> None:
        try:
            create_schema(address)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT version FROM risk_schema").fetchall()
    assert rows == [(SCHEMA_VERSION,)]


def test_a_schema_of_an_earlier_version_is_brought_to_this_one(server: Any) -> None:
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE earlier")
    address = server.address.removesuffix("postgres") + "earlier"
    create_schema(address)
    one = delivery(new_event(), IP_BURST)
    sink = sinks.connect("postgres", address, None, {})
    sink.write([one])
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("ALTER TABLE risk_scores DROP COLUMN marks")
        connection.execute("UPDATE risk_schema SET version = 1")
    sink.close()
    event_id = json.loads(one.value)["event_id"]
    assert sink.held("ada", event_id) == expected(sink, one)
    sink.close()
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT event_id, marks FROM risk_scores").fetchall()
        versions = connection.execute("SELECT max(version) FROM risk_schema").fetchall()
    assert (rows, versions) == ([(event_id, None)], [(SCHEMA_VERSION,)])


def test_alerts_and_explanations_are_read_back_from_the_database(postgres_server: Any) -> None:
    event_id, since = new_event(), now_ms()
    sink = sinks.connect("postgres", postgres_server.address, None, {})
    ada = delivery(event_id, IP_BURST, VELOCITY, ip="203.0.113.9", lat=Number("1.50"), append_ms=since + 2)
    bob = delivery(event_id, IP_BURST, user_id="bob", offset=1, append_ms=since + 1)
    fine = delivery(new_event(), offset=2, append_ms=since + 3)
    again = delivery(event_id, user_id="bob", offset=3, append_ms=since, content_hash="0" * 16)
    sink.write([ada, bob, fine, again])
    sink.close()
    found = finding.stored(postgres_server.address, event_id, None)
    assert [one.decision for one in found] == [decode_decision(one.value) for one in (ada, bob, again)]
    assert [(one.position, one.decided_at_ms) for one in found] == [
        (1 << 40, since + 2),
        (1 << 40 | 1, since + 1),
        (1 << 40 | 3, since),
    ]
    stored = f"{event_id}#reused-{'0' * 16}"
    assert finding.stored(postgres_server.address, stored, None) == [found[2]]
    listed = alerts.latest(postgres_server.address, since, 10)
    assert [(alert.user_id, alert.decision) for alert in listed] == [("ada", "block"), ("bob", "review")]
    record = Record("t", 0, 0, since + 2, None, ada.value, {})
    assert listed[0] == alerts.read(record)
    assert alerts.latest(postgres_server.address, since, 10, "review") == listed[1:]
    assert alerts.latest(postgres_server.address, since, 1) == listed[:1]


def test_a_time_that_no_calendar_has_is_shown_and_hides_no_alert(postgres_server: Any) -> None:
    event_id, since = new_event(), now_ms()
    sink = sinks.connect("postgres", postgres_server.address, None, {})
    batch = [delivery(f"{event_id}-{n}", IP_BURST, offset=n, append_ms=since + n) for n in range(2)]
    sink.write(batch)
    sink.close()
    with psycopg.connect(postgres_server.address) as connection:
        harm = "UPDATE risk_scores SET event_time = 'infinity' WHERE event_id = %s"
        connection.execute(harm, (f"{event_id}-1",))
    listed = alerts.latest(postgres_server.address, since, 10)
    assert [(alert.event_id, alert.event_time) for alert in listed] == [
        (f"{event_id}-1", "infinity"),
        (f"{event_id}-0", "2025-11-24T16:00:00.123Z"),
    ]


def test_a_table_of_another_form_is_not_taken_for_a_server_that_is_away(postgres_server: Any) -> None:
    with psycopg.connect(postgres_server.address, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS strange")
        connection.execute("CREATE DATABASE strange")
    strange = postgres_server.address.removesuffix("postgres") + "strange"
    create_schema(strange)
    with psycopg.connect(strange) as connection:
        connection.execute("ALTER TABLE risk_scores DROP COLUMN score")
    sink = sinks.connect("postgres", strange, None, {})
    with pytest.raises(Damaged, match="score"):
        sink.held("ada", "e")
    sink.close()
    with pytest.raises(Unhealthy, match='PostgreSQL cannot tell: column "score" does not exist'):
        alerts.latest(strange, 0, 10)
