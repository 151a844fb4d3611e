"""A run number is greater than every one before it, also where the counter was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fraudctl.errors import Failed
from fraudctl.home import run_counter
from fraudctl.home.stack import Stack
from fraudctl.home.typed_files import Damaged
from fraudctl.jobs import run_numbers
from fraudctl.kafka import admin
from fraudctl.kafka.sender import Sender
from pipeline.connections.kafka.description import Kafka
from tests.mock_kafka import MockKafka


@pytest.fixture
def broker() -> Iterator[str]:
    with MockKafka() as cluster:
        yield cluster.address


@pytest.fixture
def home_with(make_stack: Callable[..., Stack], tmp_path: Path) -> Callable[..., Stack]:
    """Makes the stack of a home that has run jobs."""

    def make(kafka: str = "127.0.0.1:1") -> Stack:
        (tmp_path / "jobs" / "runs").mkdir(parents=True)
        return make_stack(kafka=kafka)

    return make


def decided(broker: Kafka, topic: str, *runs: int) -> None:
    sender = Sender(broker)
    for partition, run in enumerate(runs):
        sender.send(topic, b"{}", b"ada", {"run": str(run).encode()}, partition=partition % 2)
    assert sender.flush() == sender.failed == 0


def test_a_new_home_begins_with_run_one_and_asks_no_log(home_with: Callable[..., Stack]) -> None:
    assert run_numbers.next_run(home_with()) == 1


@pytest.mark.parametrize(
    "trace",
    ["jobs/runs/7.json", "checkpoints/run-7/a/chk-1", "checkpoints/past-7/a", "savepoints/run-7/savepoint-1"],
)
def test_whatever_names_a_run_in_the_home_counts_more_than_a_counter_below_it(
    tmp_path: Path, home_with: Callable[..., Stack], trace: str
) -> None:
    stack = home_with()
    (tmp_path / "jobs" / "run").write_text("3\n")
    (tmp_path / trace).mkdir(parents=True)
    assert [run_numbers.next_run(stack), run_numbers.next_run(stack)] == [8, 9]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("jobs/keeper.json", '{"run": 7, "state": "running"}'),
        ("jobs/keeper.json", '{"run": 7, "sta'),
        ("jobs/fraudctl-past.config.json", '{"run": 7, "ruleset": {"rules": {"run": 99}}}'),
        ("rules/history.jsonl", '{"run": 2}\n[]\n{"run": 7, "job": "fraudctl-live"}\n{"ru'),
    ],
)
def test_whatever_tells_of_a_run_in_the_home_counts(
    tmp_path: Path, home_with: Callable[..., Stack], file: str, text: str
) -> None:
    stack = home_with()
    (tmp_path / "jobs" / "run").write_text("3\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / file).write_text(text)
    assert run_numbers.next_run(stack) == 8


@pytest.mark.parametrize("counter", [None, "", "three\n", "-4"])
def test_a_lost_counter_is_recovered_from_the_decisions_in_the_log(
    tmp_path: Path, home_with: Callable[..., Stack], broker: str, counter: str | None
) -> None:
    stack = home_with(broker)
    decided(Kafka(bootstrap=broker), stack.profile.topics.decisions, 4, 12, 9)
    (tmp_path / "checkpoints" / "run-5").mkdir(parents=True)
    if counter is not None:
        (tmp_path / "jobs" / "run").write_text(counter)
    assert [run_numbers.next_run(stack), run_numbers.next_run(stack)] == [13, 14]


def test_a_home_that_holds_decisions_and_no_other_trace_asks_its_log(
    tmp_path: Path, home_with: Callable[..., Stack], broker: str
) -> None:
    stack = home_with(broker)
    decided(Kafka(bootstrap=broker), stack.profile.topics.decisions, 12)
    segment = tmp_path / "data" / "kafka" / f"{stack.profile.topics.decisions}-0" / "00.log"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(b"x")
    assert run_numbers.next_run(stack) == 13


def test_without_counter_and_log_no_number_is_given(
    tmp_path: Path, home_with: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "ANSWER_S", 0.5)
    stack = home_with()
    (tmp_path / "checkpoints" / "run-5").mkdir(parents=True)
    with pytest.raises(Failed) as refused:
        run_numbers.next_run(stack)
    assert refused.value.code == "run_unknown"
    assert f"the run counter {tmp_path / 'jobs' / 'run'} is lost" in refused.value.message
    assert not (tmp_path / "jobs" / "run").exists()


def test_a_home_that_tells_of_no_run_tells_of_none(tmp_path: Path) -> None:
    assert run_counter.newest_seen(tmp_path) == 0
    assert run_counter.counted(tmp_path / "run") is None


def test_a_counter_that_is_no_number_is_named_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("three")
    with pytest.raises(Damaged) as refused:
        run_counter.counted(tmp_path / "run")
    assert refused.value.message == f"{tmp_path / 'run'} is damaged: 'three' is no run number"
    assert "the next run looks for the newest number" in refused.value.hint
