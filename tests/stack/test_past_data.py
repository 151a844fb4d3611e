"""Real card payments through `ingest --history`, the job and PostgreSQL: the counts of exact windows.

The files are not part of the project. They are looked for in FRAUDCTL_DATA, or beside the checkout in
shared/data; each has its table of counts in the README there, which is repeated here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fraudctl.home.stack import Stack
from fraudctl.kafka import admin, tail
from pipeline.records.clock import now_ms
from tests import variables
from tests.stack.cli import data_of
from tests.stack.flow import await_sinks

DATA = Path(variables.given("FRAUDCTL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")

RULES = {
    "version": "card-data",
    "features": {
        "user_5m": {"by": "user_id", "agg": "count", "window": "5m"},
        "user_1h": {"by": "user_id", "agg": "count", "window": "1h"},
        "user_merchants_1h": {"by": "user_id", "agg": "distinct", "of": "merchant_id", "window": "1h"},
        "user_cards_24h": {"by": "user_id", "agg": "distinct", "of": "card_id", "window": "24h"},
        "device_24h": {"by": "device_id", "agg": "count", "window": "24h"},
        "card_24h": {"by": "card_id", "agg": "count", "window": "24h"},
    },
    "rules": {"often": {"when": "user_5m >= 3", "points": 60, "reason": "{user_5m} payments in 5 minutes"}},
    "thresholds": {"review": 50, "block": 80},
}


@dataclass(frozen=True)
class Table:
    """One file; `counts` maps (feature, at least) to the events that meet it, and the frauds among them."""

    file: str
    events: int
    fraud: int
    counts: dict[tuple[str, int], tuple[int, int]]


SMALLEST = Table(
    "card_not_present_2019_11.jsonl.gz",
    1_956,
    176,
    {
        ("user_5m", 2): (38, 17),
        ("user_5m", 3): (7, 7),
        ("user_1h", 3): (22, 19),
        ("user_cards_24h", 2): (86, 53),
        ("user_cards_24h", 3): (25, 22),
        ("device_24h", 3): (38, 31),
    },
)
LARGE = (
    Table(
        "issuer_cards_2017.jsonl.gz",
        92_798,
        750,
        {
            ("user_5m", 2): (4_242, 260),
            ("user_5m", 3): (565, 150),
            ("user_5m", 5): (113, 52),
            ("user_1h", 5): (1_398, 240),
            ("user_merchants_1h", 3): (3_856, 289),
        },
    ),
    Table(
        "generated_cards_2023.jsonl.gz",
        129_585,
        1_399,
        {("user_5m", 3): (101, 7), ("user_1h", 5): (325, 49), ("card_24h", 10): (12_744, 73)},
    ),
)
"""These go through the kernel alone in `test_backtest.py`, and through a whole stack in tests/soak."""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "card-data.yaml"
    path.write_text(json.dumps(RULES), encoding="utf-8")
    return path


def test_every_count_of_exact_windows_comes_out_of_postgres(stack: Stack, rules: Path) -> None:
    assert_counted(stack, rules, SMALLEST)


def assert_counted(stack: Stack, rules: Path, table: Table) -> None:
    """Ingested as past data, decided by a job and stored; skipped where the file is not at hand."""
    file = DATA / table.file
    if not file.is_file():
        pytest.skip(f"{file} is not there; FRAUDCTL_DATA can name another folder")
    labels_from = admin.end_offsets(stack.kafka, stack.profile.topics.labels)
    name = f"card-data-{now_ms()}"
    data = data_of(stack, "ingest", str(file), "--history", "--rules", str(rules), "--name", name)
    wanted = {"rows": table.events, "accepted": table.events, "labels": table.events, "refused": []}
    assert wanted.items() <= data.items()
    history = data["history"]
    assert [history[name] for name in ("events", "decided", "undecided")] == [table.events, table.events, 0]
    await_sinks(stack)
    frauds = frauds_of(stack, labels_from)
    assert len(frauds) == table.fraud
    assert counted(stack, data["topic"], table, frauds) == table.counts
    user, event = frauds[0]
    explained = data_of(stack, "explain", event, "--user", user)
    assert explained["ruleset"]["version"] == "card-data"
    assert [rule["rule"] for rule in explained["rules"]] == ["often"]


def frauds_of(stack: Stack, start: dict[int, int]) -> list[tuple[str, str]]:
    """(user_id, event_id) of what the labels topic calls fraud from there on."""
    labels = (
        json.loads(record.value or b"{}")
        for record in tail.records(stack.kafka, stack.profile.topics.labels, start)
    )
    return [(one["user_id"], one["event_id"]) for one in labels if one["label"] == "fraud"]


@contextmanager
def database(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(
        stack.sink_address("postgres"), password=stack.secret("postgres"), connect_timeout=10
    ) as connection:
        yield connection


def counted(
    stack: Stack, topic: str, table: Table, frauds: list[tuple[str, str]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """The table's counts as SQL finds them in the stored decisions."""
    with database(stack) as connection:
        connection.execute("CREATE TEMP TABLE fraud (user_id text, event_id text)")
        with connection.cursor().copy("COPY fraud FROM STDIN") as copy:
            for identity in frauds:
                copy.write_row(identity)
        total = "SELECT count(*) FROM risk_scores WHERE source_topic = %s"
        assert connection.execute(total, (topic,)).fetchone() == (table.events,)
        query = """
            SELECT count(*), count(fraud.event_id)
            FROM risk_scores LEFT JOIN fraud USING (user_id, event_id)
            WHERE source_topic = %s AND (features ->> %s)::integer >= %s"""
        found = {}
        for feature, least in table.counts:
            row = connection.execute(query, (topic, feature, least)).fetchone()
            assert row is not None
            found[feature, least] = (int(row[0]), int(row[1]))
        return found


def test_a_field_declared_as_text_reaches_the_rules_as_text_though_all_of_its_cells_are_digits(
    stack: Stack, tmp_path: Path
) -> None:
    rules, file, user = tmp_path / "codes.yaml", tmp_path / "codes.csv", f"u{now_ms()}"
    grocer = {"when": "mcc == '5411'", "points": 60, "reason": "paid at {mcc}"}
    content = {"version": "codes", "fields": {"mcc": "text"}, "rules": {"grocer": grocer}}
    content["thresholds"] = RULES["thresholds"]
    rules.write_text(json.dumps(content), encoding="utf-8")
    row = f"e1,{user},2026-01-31T10:00:00Z,5.00,5411"
    file.write_text(f"event_id,user_id,event_time,amount,mcc\n{row}\n", encoding="utf-8")
    data_of(stack, "ingest", str(file), "--history", "--rules", str(rules), "--name", f"codes-{user}")
    await_sinks(stack)
    explained = data_of(stack, "explain", "e1", "--user", user)
    assert explained["transaction"]["mcc"] == "5411"
    assert [rule["rule"] for rule in explained["rules"]] == ["grocer"]
