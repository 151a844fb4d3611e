"""What groups have committed, asked of brokers that have no coordinator for them yet.

Asked by an admin client, each of these answers but the last would end this process.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from fraudctl.errors import Failed
from fraudctl.kafka import admin, commits
from tests.mock_kafka import MockKafka

ROOT = Path(__file__).resolve().parents[4]
OFFSET_FETCH = 9


@pytest.mark.parametrize(
    "answer",
    [
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    ],
)
def test_a_broker_that_is_no_coordinator_yet_is_asked_again(answer: int) -> None:
    with MockKafka("paid") as cluster:
        cluster.commit("reader", "paid", 2, 7)
        cluster.err(OFFSET_FETCH, answer, answer)
        found = commits.committed(cluster.kafka, "reader", [("paid", 1), ("paid", 2)], 10)
        assert found == {("paid", 2): 7}


def test_one_that_never_becomes_it_is_told_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "ANSWER_S", 0.5)
    with MockKafka("paid") as cluster:
        cluster.err(OFFSET_FETCH, *[KafkaError.NOT_COORDINATOR] * 1_000)
        with pytest.raises(Failed) as caught:
            admin.committed(cluster.kafka, "reader", "paid")
        assert "NOT_COORDINATOR" in caught.value.message


def test_a_refusal_is_told_at_once() -> None:
    with MockKafka("paid") as cluster:
        cluster.err(OFFSET_FETCH, KafkaError.GROUP_AUTHORIZATION_FAILED)
        with pytest.raises(Failed) as caught:
            commits.committed(cluster.kafka, "reader", [("paid", 2)], 3_600)
        assert "GROUP_AUTHORIZATION_FAILED" in caught.value.message


def test_no_admin_client_is_asked_what_groups_have_committed() -> None:
    deadly = "list_consumer_group_offsets"
    sources = [path for folder in ("fraudctl", "pipeline", "tests") for path in (ROOT / folder).rglob("*.py")]
    named = {path.name for path in sources if _is_named(deadly, path)}
    assert named == set()


def _is_named(word: str, path: Path) -> bool:
    """Only who has the word at all is parsed: a thousand files take a second."""
    text = path.read_text(encoding="utf-8")
    tree = ast.walk(ast.parse(text)) if word in text else ()
    return any(isinstance(node, ast.Attribute) and node.attr == word for node in tree)
