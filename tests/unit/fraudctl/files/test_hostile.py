"""Every command that reads files accounts for a hostile one, or refuses it in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from fraudctl.cli import main
from fraudctl.errors import FraudctlError
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import Refusals
from fraudctl.files.rows import Reading, Row
from fraudctl.home.stack import Stack
from fraudctl.settings import reading as profiles
from fraudctl.traffic import labels, past_data
from fraudctl.traffic.accounting import Account
from fraudctl.traffic.ingest import ingest_live
from fraudctl.traffic.ingest_report import Order
from tests.mock_kafka import MockKafka
from tests.unit.fraudctl.files.hostile import HOSTILE

MakeStack = Callable[..., Stack]
_T = TypeVar("_T")


@pytest.fixture(scope="module")
def broker() -> Iterator[MockKafka]:
    topics = profiles.load("default").topics
    with MockKafka(topics.transactions, topics.labels, topics.decisions) as mock:
        yield mock


@pytest.fixture(params=HOSTILE, ids=str)
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_bytes(HOSTILE[request.param])
    return path


@pytest.mark.parametrize("command", ["inspect", "backtest"])
def test_commands_without_a_stack(command: str, hostile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([command, str(hostile), "--json"])
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert code in (0, 1, 2)
    assert told["error"] is None or (told["error"]["code"] != "unexpected" and told["error"]["message"])
    assert "Traceback" not in said.err
    assert not any(mark in said.out + said.err for mark in "\x1b\x07\x9b")
    if command == "backtest" and told["error"] is None:
        data = told["data"]
        assert data["rows"] == data["events"] + data["duplicates"] + data["refused_rows"]


def test_labels_from_a_file(hostile: Path, make_stack: MakeStack, broker: MockKafka) -> None:
    stack = make_stack(kafka=broker.address)
    done = unless_refused(lambda: labels.write_file(stack, hostile, ReadOptions(), Refusals(None)))
    if done is not None:
        nobodys = [one for one in done.unmatched if one.user_id is None]
        assert done.labels == done.written + len(nobodys)


def test_rows_that_are_brought_in(hostile: Path, make_stack: MakeStack, broker: MockKafka) -> None:
    stack = make_stack(kafka=broker.address)
    report = unless_refused(lambda: ingest_live(stack, Order(hostile, ReadOptions(), shift_to_now=True)))
    if report is not None:
        assert (report.rows, report.not_accepted) == (report.accepted + len(report.refused), 0)


def test_rows_of_the_past(hostile: Path, make_stack: MakeStack, broker: MockKafka) -> None:
    stack = make_stack(kafka=broker.address)
    options = ReadOptions()
    reading = unless_refused(lambda: Reading(hostile, options, 65_536))
    if reading is None or not any(isinstance(row, Row) for row in reading):
        return  # of such a file no topic is filled
    order = Order(hostile, options, refused=stack.home / "refused.jsonl")
    report = past_data.load(stack, order, "history", reading, Account("history"))
    written = len(order.refused.read_text().splitlines()) if order.refused and report.refused else 0
    assert (report.rows, report.not_accepted) == (report.accepted + written, 0)
    assert written == len(report.refused)


def unless_refused(act: Callable[[], _T]) -> _T | None:
    """What it answers; None where it refuses the file as a whole, in words."""
    try:
        return act()
    except FraudctlError as error:
        refusal = error
    assert refusal.message
    assert refusal.exit_code in (1, 2)
    return None
