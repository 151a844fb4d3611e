from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fraudctl.commands.ingest import ingest
from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import Limit, Refusals, limit
from fraudctl.files.rows import Label, Reading, RefusedRow, Row
from fraudctl.home.stack import Stack
from fraudctl.traffic.accounting import Account
from fraudctl.traffic.ingest import ingest_live
from fraudctl.traffic.ingest_report import Order, Report
from fraudctl.traffic.past_data import history_name, load
from fraudctl.traffic.sending import moved, shifted
from pipeline.connections.kafka import librdkafka
from pipeline.records.events import Transaction
from tests.unit.fraudctl.files.as_read import file, rows_of
from tests.unit.fraudctl.kafka.producer_double import SilentBroker

NOON = "2026-01-01T12:00:00.000Z"
NOON_MS = 1_767_268_800_000


def test_a_shift_keeps_the_distances_between_events_and_to_their_labels(tmp_path: Path) -> None:
    text = "".join(
        f'{{"event_id":"e{n}","user_id":"u","event_time":{NOON_MS + n},"amount":1,"label":1,'
        f'"label_time":{NOON_MS + 5}}}\n'
        for n in (0, 3)
    )
    good = (row for row in rows_of(file(tmp_path, text, "x.jsonl")) if isinstance(row, Row))
    times = [(r.transaction.event_time_ms, r.label and r.label.time_ms) for r in moved(good, 1_000)]
    assert times == [(NOON_MS + 1_000, NOON_MS + 1_005), (NOON_MS + 1_003, NOON_MS + 1_005)]


def test_a_shift_leaves_a_label_to_whom_it_is_from() -> None:
    row = Row(1, Transaction("e", "u", NOON_MS, 1), Label(True, NOON_MS, "s", "ada"))
    assert shifted(row, 5).label == Label(True, NOON_MS + 5, "s", "ada")


@pytest.mark.parametrize(
    ("file", "name"), [("Cards_2017.jsonl.gz", "cards_2017"), ("a.b.csv", "a.b"), ("last-week", "last-week")]
)
def test_past_data_is_named_after_its_file(file: str, name: str) -> None:
    assert history_name(file) == name


def test_the_report_names_what_became_of_every_row() -> None:
    refused = Refusals()
    refused.add(RefusedRow(2, "c", "c: why"))
    report = Report("x.csv", "t", rows=3, accepted=2, labels=1, refused=refused)
    result = report.as_result()
    expected: dict[str, Any] = {
        "file": "x.csv",
        "topic": "t",
        "rows": 3,
        "accepted": 2,
        "labels": 1,
        "not_accepted": 0,
        "labels_not_accepted": 0,
        "refused": [{"line": 2, "code": "c", "reason": "c: why"}],
        "refused_rows": 1,
        "refused_by_reason": {"c": 1},
        "report_file": None,
        "out_of_order": 0,
        "notes": [],
        "history": None,
    }
    assert (result.data, result.exit_code) == (expected, 0)
    assert result.summary == "2 of 3 rows accepted into t, 1 refused, 1 labelled"
    assert [table.rows for table in result.tables] == [[(1, 2, "c: why")]]


@pytest.mark.parametrize(("most", "exit_code"), [(limit("33%"), 1), (limit("34%"), 0), (limit("0"), 1)])
def test_more_refused_rows_than_allowed_fail_the_command(most: Limit, exit_code: int) -> None:
    refused = Refusals()
    refused.add(RefusedRow(2, "c", "c: why"))
    result = Report("x.csv", "t", rows=3, accepted=2, refused=refused, max_refused=most).as_result()
    assert (result.exit_code, "more than --max-refused" in result.summary) == (exit_code, bool(exit_code))


def test_another_rule_set_is_for_past_data_only(tmp_path: Path) -> None:
    path = file(tmp_path, "", "x.jsonl")
    with pytest.raises(UsageError, match="--rules"):
        ingest(files=[path], rules=tmp_path / "rules.yaml")


def now_lines(count: int, label: bool = False) -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    end = ',"label":1}' if label else "}"
    rows = (f'"event_id":"e{n}","user_id":"u","event_time":"{now}","amount":1' for n in range(count))
    return "".join(f"{{{row}{end}\n" for row in rows) + "broken\n"


def brought_in(stack: Stack, text: str) -> Report:
    return ingest_live(stack, Order(file(stack.home, text, "x.jsonl"), ReadOptions()))


def test_rows_that_kafka_says_nothing_of_are_not_accepted(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(librdkafka, "Producer", SilentBroker(takes=2, refuses=1))
    report = brought_in(make_stack(kafka="127.0.0.1:1"), now_lines(5))
    assert (report.rows, report.accepted, len(report.refused), report.not_accepted) == (6, 2, 1, 3)
    answer = report.as_result()
    assert answer.exit_code == 1
    assert "2 of 6 rows accepted" in answer.summary
    assert "3 not taken by Kafka (see: fraudctl status)" in answer.summary


def test_labels_that_kafka_does_not_take_fail_the_command_as_well(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(librdkafka, "Producer", SilentBroker(takes=3))
    report = brought_in(make_stack(kafka="127.0.0.1:1"), now_lines(2, label=True))
    counts = (report.accepted, report.not_accepted, report.labels, report.labels_not_accepted)
    assert (counts, report.as_result().exit_code) == ((2, 0, 1, 1), 1)
    assert "1 labels not taken by Kafka" in report.as_result().summary


def test_the_wait_for_the_last_reports_is_longer_than_the_sender_tries(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = SilentBroker(takes=5)
    monkeypatch.setattr(librdkafka, "Producer", broker)
    assert brought_in(make_stack(kafka="127.0.0.1:1"), now_lines(5)).not_accepted == 0
    assert [wait_s > broker.settings["message.timeout.ms"] / 1000 for wait_s in broker.waited_s] == [True]


def test_past_data_is_sent_in_the_order_of_its_times(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = SilentBroker(takes=100)
    monkeypatch.setattr(librdkafka, "Producer", broker)
    stack = make_stack(kafka="127.0.0.1:1")
    rows = (f"e{n},u{n % 3},2026-01-01T12:00:{at:02d}Z,1" for n, at in enumerate((5, 3, 9, 3, 7)))
    path = file(stack.home, "event_id,user_id,event_time,amount\n" + "\n".join([*rows, "bad,,,"]), "x.csv")
    order = Order(path, ReadOptions())
    report = load(stack, order, "history", Reading(path, order.options, 65_536), Account("history"))
    sent = [json.loads(value)["event_id"] for value in broker.values["history"] if value is not None]
    assert sent == ["e1", "e3", "e0", "e4", "e2"]
    assert (report.rows, report.accepted, len(report.refused), report.order.moved) == (6, 5, 1, 3)
    assert report.newest_ms == NOON_MS + 9_000
    assert "3 moved into the order of time" in report.as_result().summary


def test_live_rows_that_come_after_newer_ones_are_told_and_sent_as_they_stand(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = SilentBroker(takes=100)
    monkeypatch.setattr(librdkafka, "Producer", broker)
    stack = make_stack(kafka="127.0.0.1:1")
    rows = (f"e{n},u,2026-01-01T12:00:0{at}Z,1" for n, at in enumerate((1, 3, 2)))
    path = file(stack.home, "event_id,user_id,event_time,amount\n" + "\n".join(rows), "x.csv")
    report = ingest_live(stack, Order([path], ReadOptions(), shift_to_now=True))
    sent = [json.loads(value or b"")["event_id"] for value in broker.values[report.topic]]
    assert (sent, report.order.moved) == (["e0", "e1", "e2"], 1)
    assert "1 come after newer ones" in report.as_result().summary


def test_rows_at_a_pace_get_the_time_at_which_they_are_sent(
    tmp_path: Path, make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = SilentBroker(takes=2)
    monkeypatch.setattr(librdkafka, "Producer", broker)
    lines = "".join(
        f'{{"event_id":"e{n}","user_id":"u","event_time":{NOON_MS + n},"amount":1}}\n' for n in range(2)
    )
    order = Order(file(tmp_path, lines, "x.jsonl"), ReadOptions(), rate=1_000.0, shift_to_now=True)
    report = ingest_live(make_stack(kafka="127.0.0.1:1"), order)
    assert (report.rows, report.accepted, report.newest_ms) == (2, 2, NOON_MS + 1)


def test_a_row_from_the_future_moves_no_other_into_the_past(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = SilentBroker(takes=100)
    monkeypatch.setattr(librdkafka, "Producer", broker)
    stack = make_stack(kafka="127.0.0.1:1")
    began_ms = int(datetime.now(UTC).timestamp() * 1000)
    rows = "e0,u,2099-01-01T00:00:00Z,1\ne1,u,2026-01-01T12:00:01Z,1\n"
    path = file(stack.home, "event_id,user_id,event_time,amount\n" + rows, "x.csv")
    order = Order(path, ReadOptions(), shift_to_now=True, until_ms=began_ms)
    report = ingest_live(stack, order)
    (sent,) = (json.loads(value or b"") for value in broker.values[report.topic])
    assert sent["event_id"] == "e1"
    assert datetime.fromisoformat(sent["event_time"]).timestamp() * 1000 >= began_ms
    assert report.refused.reasons() == {"future_time": 1}


def test_the_end_of_past_data_is_not_that_of_a_row_from_the_future(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = SilentBroker(takes=100)
    monkeypatch.setattr(librdkafka, "Producer", broker)
    stack = make_stack(kafka="127.0.0.1:1")
    rows = "e0,u,2099-01-01T00:00:00Z,1\ne1,u,2026-01-01T12:00:00Z,1\n"
    path = file(stack.home, "event_id,user_id,event_time,amount\n" + rows, "x.csv")
    order = Order(path, ReadOptions(), until_ms=NOON_MS + 1)
    reading = Reading(path, order.options, 65_536, until_ms=order.until_ms)
    report = load(stack, order, "history", reading, Account("history"))
    assert (report.newest_ms, report.refused.reasons()) == (NOON_MS, {"future_time": 1})
